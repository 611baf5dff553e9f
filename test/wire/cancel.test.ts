/** Cancel requests. Numbers: the list of edge cases. */

import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { int32, letters, query, RawClient, startup } from "./raw-client.ts";
import { type Fixture, listen, until } from "./support.ts";

let fixture: Fixture;
beforeEach(async () => {
  fixture = await listen();
});
afterEach(() => fixture.listener.stop(0));

const SSL_REQUEST = Buffer.from("0000000804d2162f", "hex");

describe("cancel requests", () => {
  const cancel = (key: Buffer) =>
    Buffer.concat([int32(8 + key.length), Buffer.from("04d2162e", "hex"), key]);

  async function keyOf(client: RawClient, version: number): Promise<Buffer> {
    client.send(startup({ user: "a" }, version));
    const messages = await client.until("Z");
    return messages.find(({ type }) => type === "K")?.body ?? Buffer.alloc(0);
  }

  for (const version of [0x0003_0000, 0x0003_0002]) {
    test(`the right key ends the statement with 57014, without an answer (13), protocol ${version & 0xffff}`, async () => {
      const client = await RawClient.open(fixture.port);
      const key = await keyOf(client, version);
      client.send(query("wait"));
      await until(() => fixture.host.last.calls.includes("query wait"));
      const other = await RawClient.open(fixture.port);
      other.send(SSL_REQUEST); // psycopg and libpq 17 ask here, too (14)
      expect(await other.byte()).toBe("N");
      other.send(cancel(key));
      expect(await other.rest()).toBe("");
      expect(other.unread.length).toBe(0);
      expect(letters(await client.until("Z"))).toBe("E(57014) Z(I)");
    });
  }

  test("a wrong key does nothing (13)", async () => {
    const client = await RawClient.open(fixture.port);
    const key = await keyOf(client, 0x0003_0000);
    client.send(query("finish"));
    await until(() => fixture.host.last.calls.includes("query finish"));
    const wrong = Buffer.from(key);
    wrong[7] = (wrong[7] as number) ^ 1;
    for (const bytes of [
      wrong,
      key.subarray(0, 6),
      Buffer.concat([int32(9999), key.subarray(4)]),
    ]) {
      const other = await RawClient.open(fixture.port);
      other.send(cancel(bytes));
      await other.rest();
    }
    fixture.host.last.releaseFinish();
    expect(letters(await client.until("Z"))).toBe("C(FINISH) Z(I)");
    expect(fixture.host.last.cancels).toBe(0);
  });

  test("a request that comes while the connection is idle does not touch the next statement (13)", async () => {
    const client = await RawClient.open(fixture.port);
    const key = await keyOf(client, 0x0003_0000);
    const other = await RawClient.open(fixture.port);
    other.send(cancel(key));
    await other.rest();
    client.send(query("rows 1"));
    expect(letters(await client.until("Z"))).toBe("T D C(SELECT 1) Z(I)");
    expect(fixture.host.last.cancels).toBe(0);
  });

  test("process ids are positive, and different while they live (15)", async () => {
    const ids = new Set<number>();
    for (let index = 0; index < 20; index += 1) {
      const key = await keyOf(await RawClient.open(fixture.port), 0x0003_0000);
      ids.add(key.readInt32BE(0));
    }
    expect(ids.size).toBe(20);
    expect(Math.min(...ids)).toBeGreaterThan(0);
  });
});
