/**
 * The simple and the extended protocol over a scripted session. Numbers: the design's list of edge
 * cases.
 */

import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  bind,
  close,
  describe as describing,
  errorFields,
  execute,
  flush,
  frame,
  int16,
  int32,
  letters,
  parse,
  query,
  RawClient,
  sync,
  terminate,
  text,
} from "./raw-client.ts";
import { type Fixture, listen, until } from "./support.ts";

let fixture: Fixture;
let client: RawClient;
beforeEach(async () => {
  fixture = await listen({ limits: { messageBytesMax: 1_000_000 } });
  client = await RawClient.ready(fixture.port);
});
afterEach(() => fixture.listener.stop(0));

/** Sends, and gives everything up to ReadyForQuery in letters. */
async function answer(...parts: readonly Uint8Array[]): Promise<string> {
  client.send(...parts);
  return letters(await client.until("Z"));
}

describe("simple protocol", () => {
  test("an empty query is answered by EmptyQueryResponse (17)", async () => {
    expect(await answer(query(""))).toBe("I Z(I)");
  });

  test("several statements are answered in order, up to the first error (18, 19)", async () => {
    expect(await answer(query("rows 2;begin;rows 1"))).toBe(
      "T D D C(SELECT 2) C(BEGIN) T D C(SELECT 1) Z(T)",
    );
    expect(await answer(query("rows 1;fail;rows 1"))).toBe("T D C(SELECT 1) E(22012) Z(E)");
    expect(await answer(query("end"))).toBe("C(COMMIT) Z(I)");
  });

  test("a RowDescription comes also for no rows, a notice before its command (29, 55)", async () => {
    expect(await answer(query("rows 0"))).toBe("T C(SELECT 0) Z(I)");
    expect(await answer(query("other"))).toBe("N(00000) C(OTHER) Z(I)");
  });

  test("an error carries S, V, C, M always, and position and hint when known (87)", async () => {
    client.send(query("fail"));
    const [message] = await client.until("Z");
    expect(errorFields(message?.body ?? Buffer.alloc(0))).toEqual({
      S: "ERROR",
      V: "ERROR",
      C: "22012",
      M: "division by zero",
      H: "Do not.",
      P: "8",
    });
  });

  test("a query without its zero byte is 08P01 and the connection lives (26)", async () => {
    expect(await answer(frame("Q", Buffer.from("rows 1")))).toBe("E(08P01) Z(I)");
    expect(await answer(frame("Q", text("rows 1"), text("x")))).toBe("E(08P01) Z(I)");
    expect(await answer(query("rows 1"))).toBe("T D C(SELECT 1) Z(I)");
  });

  test("a query that is not UTF-8 is 22021 before anybody sees it (27)", async () => {
    expect(await answer(frame("Q", Buffer.from([0x66, 0xc3, 0x28, 0])))).toBe("E(22021) Z(I)");
    expect(fixture.host.last.calls.some((call) => call.startsWith("query"))).toBe(false);
  });

  test("a changed setting is reported just before ReadyForQuery, once (33)", async () => {
    expect(await answer(query("set TimeZone UTC;rows 0"))).toBe(
      "C(SET) T C(SELECT 0) S(TimeZone=UTC) Z(I)",
    );
    expect(await answer(query("rows 0"))).toBe("T C(SELECT 0) Z(I)");
  });

  test("a bug of ours is XX000 without its message, and the connection goes on", async () => {
    client.send(query("bug"));
    const messages = await client.until("Z");
    expect(letters(messages)).toBe("E(XX000) Z(I)");
    expect(messages[0]?.body.toString()).not.toContain("secret");
    expect(await answer(query("rows 0"))).toBe("T C(SELECT 0) Z(I)");
  });

  test("a fatal error of the session ends the connection (90)", async () => {
    client.send(query("fatal"));
    expect(await client.rest()).toBe("E(FATAL 57P01)");
    await until(() => fixture.host.last.isClosed);
  });

  test("the function call protocol is refused, and does not desynchronise (73)", async () => {
    const call = frame("F", int32(1), int16(0), int16(0), int16(0));
    expect(await answer(call)).toBe("E(0A000) Z(I)");
  });
});

describe("extended protocol", () => {
  test("an empty statement through every step (38)", async () => {
    const steps = [parse(""), describing("S"), bind(), describing("P"), execute(), sync];
    expect(await answer(...steps)).toBe("1 t n 2 n I Z(I)");
  });

  test("a statement with rows, described twice; formats are those of Bind (54)", async () => {
    client.send(parse("rows 1"), describing("S"), bind({ resultFormats: [1] }));
    client.send(describing("P"), execute(), sync);
    const messages = await client.until("Z");
    expect(letters(messages)).toBe("1 t T 2 T D C(SELECT 1) Z(I)");
    const formats = messages
      .filter(({ type }) => type === "T")
      .map(({ body }) => body.readInt16BE(body.length - 2));
    expect(formats).toEqual([0, 1]);
    // DataRow in binary: one column of four bytes, zero
    expect(messages[5]?.body.toString("hex")).toBe("00010000000400000000");
  });

  test("RowDescription is the manual's, byte for byte", async () => {
    client.send(query("rows 0"));
    const [message] = await client.until("Z");
    expect(message?.body.toString("hex")).toBe(
      ["0001", "6e00", "00000000", "0000", "00000017", "0004", "ffffffff", "0000"].join(""),
    );
  });

  test("after an error everything up to Sync is dropped, also a Query; one ReadyForQuery (40)", async () => {
    const steps = [parse("fail parse"), bind(), execute(), query("rows 1"), flush, sync];
    expect(await answer(...steps)).toBe("E(42601) Z(I)");
    expect(fixture.host.last.calls).toEqual(["parse  fail parse ", "fail", "sync"]);
    expect(await answer(query("rows 0"))).toBe("T C(SELECT 0) Z(I)");
  });

  for (const [name, step, code] of [
    ["Bind", bind({ statement: "none" }), "26000"],
    ["Describe of a statement", describing("S", "none"), "26000"],
    ["Describe of a portal", describing("P", "none"), "34000"],
    ["Execute", execute(0, "none"), "34000"],
    ["a malformed Describe", frame("D", Buffer.from("Y"), text("")), "08P01"],
    ["a malformed Close", frame("C", Buffer.from("Y"), text("")), "08P01"],
    ["a Parse that ends early", frame("P", text("x")), "08P01"],
    [
      "a Parse with more parameters than bytes",
      frame("P", text(""), text(""), int16(65535)),
      "08P01",
    ],
    ["bytes after the end of Execute", frame("E", text(""), int32(0), int32(0)), "08P01"],
    ["a name that is not UTF-8", frame("E", Buffer.from([0xff, 0]), int32(0)), "22021"],
  ] as const) {
    test(`an error of ${name} arms the skip, too (41, 53, 58)`, async () => {
      expect(await answer(step, parse("rows 1"), sync)).toBe(`E(${code}) Z(I)`);
    });
  }

  test("Flush sends all that is owed, without ReadyForQuery (42)", async () => {
    client.send(parse("rows 1", "s"), describing("S", "s"), flush);
    expect(letters([...(await client.until("T"))])).toBe("1 t T");
    client.send(bind({ statement: "s" }), execute(), flush);
    expect(letters(await client.until("C"))).toBe("2 D C(SELECT 1)");
    expect(await answer(sync)).toBe("Z(I)");
  });

  test("an error is sent without waiting for Sync", async () => {
    client.send(parse("fail parse"), flush);
    expect(letters(await client.until("E"))).toBe("E(42601)");
    expect(await answer(sync)).toBe("Z(I)");
  });

  test("pages of a portal: rows, then PortalSuspended, never with CommandComplete (47, 48)", async () => {
    client.send(parse("begin"), bind(), execute(), sync);
    await client.until("Z");
    const first = [parse("rows 4"), bind({ portal: "p" }), execute(2, "p"), sync];
    expect(await answer(...first)).toBe("1 2 D D s Z(T)");
    expect(await answer(execute(2, "p"), sync)).toBe("D D s Z(T)");
    expect(await answer(execute(2, "p"), sync)).toBe("C(SELECT 0) Z(T)");
  });

  test("a negative row limit means no limit", async () => {
    expect(await answer(parse("rows 3"), bind(), execute(-1), sync)).toBe(
      "1 2 D D D C(SELECT 3) Z(I)",
    );
  });

  test("Close is answered for any name (52)", async () => {
    expect(await answer(close("S", "none"), close("P", "none"), sync)).toBe("3 3 Z(I)");
  });

  test("parameters arrive as they were sent: NULL, empty, bytes (58)", async () => {
    for (const value of [null, Buffer.alloc(0), Buffer.from([0, 1, 255])]) {
      client.send(parse("echo $1"), bind({ parameters: [value] }), execute(), sync);
      const messages = await client.until("Z");
      const row = messages.find(({ type }) => type === "D");
      const length = row?.body.readInt32BE(2);
      expect(length).toBe(value === null ? -1 : value.length);
      expect(row?.body.subarray(6)).toEqual(value ?? Buffer.alloc(0));
    }
  });

  for (const [name, tail] of [
    ["a length of -2", int32(-2)],
    ["a length beyond the end", int32(100)],
  ] as const) {
    test(`a parameter with ${name} is 08P01 (58)`, async () => {
      const message = frame("B", text(""), text(""), int16(0), int16(1), tail, int16(0));
      expect(await answer(parse("rows 1"), message, sync)).toBe("1 E(08P01) Z(I)");
    });
  }

  test("an unknown format code is 22023 (57)", async () => {
    expect(await answer(parse("rows 1"), bind({ resultFormats: [7] }), sync)).toBe(
      "1 E(22023) Z(I)",
    );
  });

  test("65,535 parameter types are accepted (62)", async () => {
    const many = frame("P", text(""), text("rows 1"), int16(65535), Buffer.alloc(4 * 65535));
    expect(await answer(many, sync)).toBe("1 Z(I)");
  });

  test("an error at Sync itself is reported, and ReadyForQuery follows", async () => {
    expect(await answer(parse("fail sync"), bind(), execute(), sync)).toBe(
      "1 2 C(FAIL) E(40001) Z(I)",
    );
    expect(await answer(sync)).toBe("Z(I)");
  });

  test("notices of Parse come before ParseComplete", async () => {
    expect(await answer(parse("notice"), sync)).toBe("N(00000) 1 Z(I)");
  });

  test("COPY messages outside of a COPY are ignored (81)", async () => {
    const strays = [frame("d", Buffer.from("x")), frame("c"), frame("f", text("no"))];
    expect(await answer(...strays, query("rows 0"))).toBe("T C(SELECT 0) Z(I)");
  });

  test("many pipelined statements are answered in order", async () => {
    const count = 2000;
    const batch = [parse("rows 1", "s")];
    for (let index = 0; index < count; index += 1) batch.push(bind({ statement: "s" }), execute());
    client.send(...batch, sync);
    const messages = await client.until("Z");
    expect(messages.filter(({ type }) => type === "D").length).toBe(count);
    expect(messages.length).toBe(1 + 3 * count + 1);
  });
});

describe("frames", () => {
  for (const [name, bytes] of [
    ["an unknown type (74)", Buffer.from("?\0\0\0\x04")],
    ["a Query one byte above the limit", Buffer.concat([Buffer.from("Q"), int32(1_000_005)])],
  ] as const) {
    test(`${name} ends the connection with 08P01 before memory is taken`, async () => {
      client.send(bytes);
      expect(await client.rest()).toBe("E(FATAL 08P01)");
    });
  }

  for (const [name, bytes] of [
    ["a length of 3 (74)", Buffer.from("Q\0\0\0\x03")],
    ["a negative length", Buffer.from("Qÿÿÿÿ", "latin1")],
    ["a Query of 2 GiB (32)", Buffer.concat([Buffer.from("Q"), int32(2 ** 31 - 1)])],
    ["a Describe of 20 kB", Buffer.concat([Buffer.from("D"), int32(20_000)])],
  ] as const) {
    test(`${name} ends the connection without a word, as in PostgreSQL`, async () => {
      client.send(bytes);
      expect(await client.rest()).toBe("");
    });
  }

  test("a message of exactly the limit is read", async () => {
    const long = `rows 0${" ".repeat(1_000_000 - 7)}`;
    expect(await answer(query(long))).toBe("T C(SELECT 0) Z(I)");
  });

  test("any split of a conversation is understood alike", async () => {
    const conversation = Buffer.concat([
      query("rows 2"),
      parse("echo $1"),
      bind({ parameters: [Buffer.from("é")] }),
      describing("P"),
      execute(),
      sync,
      terminate,
    ]);
    const expected = "T D D C(SELECT 2) Z(I) 1 2 T D C(SELECT 1) Z(I)";
    for (const size of [1, 2, 3, 5, 7, 64]) {
      const other = await RawClient.ready(fixture.port);
      other.socket.setNoDelay(true);
      for (let at = 0; at < conversation.length; at += size) {
        other.send(conversation.subarray(at, at + size));
        await new Promise((resolve) => setImmediate(resolve));
      }
      expect(await other.rest()).toBe(expected);
    }
  });
});
