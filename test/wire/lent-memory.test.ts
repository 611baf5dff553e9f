/** Memory that is lent to a connection is written again only when its bytes have gone. */

import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { expect, test } from "vitest";
import { SocketOutput } from "../../src/wire/rows.ts";

const OVERWRITTEN = 0xff;
const COUNT = 64;

test("a client that reads late gets every byte, though memory is written again at once", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" ? (address?.port ?? 0) : 0;
  const accepted = once(server, "connection") as Promise<[Socket]>;
  const client = connect(port, "127.0.0.1");
  const [socket] = await accepted;
  const output = new SocketOutput(socket, new AbortController().signal);

  const sizes = Array.from({ length: COUNT }, (_, i) => (i % 3 === 0 ? 100 : i * 5000 + 1));
  let given = 0;
  const sending = (async () => {
    for (const [i, size] of sizes.entries()) {
      const memory = Buffer.alloc(size, i);
      output.lend(memory, () => {
        memory.fill(OVERWRITTEN);
        given += 1;
      });
      output.add(Buffer.of(i));
      if (i % 4 !== 0) await output.flush();
    }
    await output.flush();
    output.end();
  })();
  // The kernel's buffers are full long before the client begins to read.
  for (let turn = 0; turn < 100; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  const chunks: Buffer[] = [];
  for await (const chunk of client) chunks.push(chunk as Buffer);
  await sending;

  const expected = sizes.map((size, i) => Buffer.alloc(size + 1, i));
  expect(Buffer.compare(Buffer.concat(chunks), Buffer.concat(expected))).toBe(0);
  expect(given).toBe(COUNT);
  server.close();
});
