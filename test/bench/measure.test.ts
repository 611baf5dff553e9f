/** The benchmark's own arithmetic, and its client, which must count right to be believed. */

import { createServer, type Socket } from "node:net";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { inTurn, isMet, median } from "./measure.ts";
import { RawClient } from "./raw-client.ts";

describe("measurements", () => {
  test("the median is the middle, or the mean of the two in the middle", () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 2, 3])).toBe(2.5);
  });

  test("sides take turns in starting, and warm-ups do not count", async () => {
    const calls: string[] = [];
    const side = (name: string, ms: number[]) => async () => {
      calls.push(name);
      return ms.shift() ?? 0;
    };
    const pair = await inTurn(2, side("ours", [100, 1, 3]), side("theirs", [100, 5, 7]));
    expect(pair).toEqual({ ours: 2, theirs: 6 });
    expect(calls).toEqual(["theirs", "ours", "ours", "theirs", "theirs", "ours"]);
  });

  test("a side that fails leaves the other its figure and says why", async () => {
    const failing = () => Promise.reject(new Error("no server"));
    const pair = await inTurn(2, failing, async () => 5);
    expect(pair).toEqual({ ours: undefined, theirs: 5, note: "ours failed: no server" });
  });

  test("a goal is met on its own side of the ratio", () => {
    const one = { name: "", unit: "ms", against: "", ours: 12, theirs: 10 } as const;
    expect(isMet({ ...one, goal: { atMost: 1.25 } })).toBe(true);
    expect(isMet({ ...one, goal: { atLeast: 1.25 } })).toBe(false);
    expect(isMet(one)).toBe(undefined);
    expect(isMet({ ...one, ours: undefined, goal: { atMost: 2 } })).toBe(undefined);
  });
});

describe("the raw client", () => {
  const message = (type: string, body: Buffer) => {
    const header = Buffer.alloc(5);
    header.write(type);
    header.writeInt32BE(body.length + 4, 1);
    return Buffer.concat([header, body]);
  };
  const READY = message("Z", Buffer.from("I"));
  const START = Buffer.concat([message("R", Buffer.alloc(4)), READY]);

  /** A server whose answer to the first statement is `answer`, cut where `cuts` says. */
  async function ask(answer: Buffer, cuts: readonly number[]) {
    const server = createServer((socket: Socket) => {
      socket.setNoDelay(true);
      socket.once("data", () => {
        socket.write(START);
        socket.once("data", async () => {
          let from = 0;
          for (const cut of [...cuts, answer.length]) {
            await new Promise((resolve) => socket.write(answer.subarray(from, cut), resolve));
            await new Promise((resolve) => setImmediate(resolve));
            from = cut;
          }
        });
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as { readonly port: number };
    const client = await RawClient.connect(port);
    try {
      return await client.query("SELECT");
    } finally {
      client.close();
      server.close();
    }
  }

  test("any cutting of the bytes into packets gives the same counts", async () => {
    const rows = fc.array(fc.nat({ max: 40 }), { maxLength: 20 });
    const cut = fc.array(fc.nat({ max: 400 }), { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(rows, cut, async (sizes, places) => {
        const data = Buffer.concat(sizes.map((size) => message("D", Buffer.alloc(size, "Z"))));
        const answer = Buffer.concat([
          message("T", Buffer.alloc(2)),
          data,
          message("C", Buffer.from(`SELECT ${sizes.length}\0`)),
          READY,
        ]);
        const cuts = [...new Set(places)].filter((at) => at < answer.length).sort((a, b) => a - b);
        expect(await ask(answer, cuts)).toMatchObject({
          rows: sizes.length,
          bytes: data.length,
          tag: `SELECT ${sizes.length}`,
        });
      }),
      { numRuns: 60 },
    );
  });

  test("an error is an error, with the server's words", async () => {
    const answer = Buffer.concat([message("E", Buffer.from("SERROR\0Mno such table\0\0")), READY]);
    await expect(ask(answer, [3])).rejects.toThrow("no such table");
  });
});
