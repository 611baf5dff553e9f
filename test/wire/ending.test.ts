/** How connections end, by client or server. Numbers: the list of edge cases. */

import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { errorFields, query, RawClient, terminate } from "./raw-client.ts";
import { type Fixture, listen, until } from "./support.ts";

let fixture: Fixture;
beforeEach(async () => {
  fixture = await listen();
});
afterEach(() => fixture.listener.stop(0));

describe("the end", () => {
  test("Terminate closes without an answer and closes the session (16)", async () => {
    const client = await RawClient.ready(fixture.port);
    client.send(terminate);
    expect(await client.rest()).toBe("");
    await until(() => fixture.host.last.isClosed);
  });

  test("a client that vanishes in mid-statement has it cancelled and its session closed (16)", async () => {
    const client = await RawClient.ready(fixture.port);
    client.send(query("wait"));
    await until(() => fixture.host.last.calls.includes("query wait"));
    client.end();
    await until(() => fixture.host.last.isClosed);
    expect(fixture.host.last.cancels).toBeGreaterThan(0);
  });

  test("a stop sends idle clients away with 57P01 at once (90)", async () => {
    const client = await RawClient.ready(fixture.port);
    const stopped = fixture.listener.stop(60_000);
    const [message] = await client.until("none");
    expect(errorFields(message?.body ?? Buffer.alloc(0))).toMatchObject({
      S: "FATAL",
      V: "FATAL",
      C: "57P01",
      M: "terminating connection due to administrator command",
    });
    await stopped;
    await expect(RawClient.open(fixture.port)).rejects.toThrow();
  });

  test("a stop lets a running statement end first, then says 57P01", async () => {
    const client = await RawClient.ready(fixture.port);
    client.send(query("finish"));
    await until(() => fixture.host.last.calls.includes("query finish"));
    const stopped = fixture.listener.stop(60_000);
    fixture.host.last.releaseFinish();
    expect(await client.rest()).toBe("C(FINISH) Z(I) E(FATAL 57P01)");
    await stopped;
  });

  test("a stop without patience cancels what runs", async () => {
    const client = await RawClient.ready(fixture.port);
    client.send(query("wait"));
    await until(() => fixture.host.last.calls.includes("query wait"));
    await fixture.listener.stop(0);
    expect(await client.rest()).toBe("E(57014) Z(I) E(FATAL 57P01)");
  });

  test("a stop drops clients that never said who they are", async () => {
    const client = await RawClient.open(fixture.port);
    client.send(Buffer.from([0, 0]));
    const rest = client.rest();
    await fixture.listener.stop(60_000);
    expect(await rest).toBe("");
  });
});
