/** COPY with FORMAT arrow, in and out, of clients and on the server. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  Dictionary,
  Float64,
  Int16,
  Int32,
  makeVector,
  Table,
  TimestampMicrosecond,
  TimestampMillisecond,
  TimestampNanosecond,
  tableFromIPC,
  tableToIPC,
  Utf8,
  type Vector,
  vectorFromArray,
} from "apache-arrow";
import type pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { copyIn, copyOut } from "../support/copy-client.ts";
import { type LocalServer, startLocalServer } from "../support/local-server.ts";

let server: LocalServer;

beforeAll(async () => {
  server = await startLocalServer();
  await server.rows(
    "CREATE TSTABLE m (ts timestamptz NOT NULL, dev text, kwh float8) TIME COLUMN ts",
  );
  await server.rows("CREATE TABLE o (id serial, a bigint DEFAULT 7, b text NOT NULL)");
});
afterAll(async () => await server.stop());

const HOUR = 3_600_000_000n;

function micros(values: readonly bigint[]): Vector {
  return makeVector({
    type: new TimestampMicrosecond("UTC"),
    data: BigInt64Array.from(values),
  } as never) as Vector;
}

function stream(columns: Record<string, Vector>, format: "stream" | "file" = "stream"): Buffer {
  const bytes = Buffer.from(tableToIPC(new Table(columns as never), "stream"));
  if (format === "stream") return bytes;
  // A file is a stream between marks, with a footer that nobody needs who reads from its beginning.
  const parts = [Buffer.from("ARROW1\0\0"), bytes, Buffer.from("footer"), Buffer.from("ARROW1")];
  return Buffer.concat(parts);
}

/** `COPY 3` and the notices, or the error. */
async function send(sql: string, chunks: readonly Uint8Array[]): Promise<string> {
  try {
    const { tag, notices } = await copyIn(server.client, sql, chunks);
    return [tag, ...notices].join("\n");
  } catch (cause) {
    const { code, message, detail = "", where = "" } = cause as pg.DatabaseError;
    return [`${code}: ${message}`, detail, where].filter((text) => text !== "").join("\n");
  }
}

async function copied(name: string): Promise<Buffer> {
  const { messages } = await copyOut(server.client, `COPY ${name} TO STDOUT (FORMAT arrow)`);
  return Buffer.concat(messages);
}

const intoM = "COPY m FROM STDIN (FORMAT arrow)";

function rowsOfM(rows = 3, start = 0n) {
  return {
    ts: micros(Array.from({ length: rows }, (_, i) => (start + BigInt(i)) * HOUR)),
    dev: vectorFromArray(
      Array.from({ length: rows }, (_, i) => (i % 2 === 0 ? "a" : null)),
      new Utf8(),
    ),
    kwh: vectorFromArray(
      Array.from({ length: rows }, (_, i) => i + 0.5),
      new Float64(),
    ),
  };
}

describe("COPY FROM with FORMAT arrow", () => {
  test.each(["stream", "file"] as const)("takes a %s, wherever it is split", async (format) => {
    const bytes = stream(rowsOfM(), format);
    for (const size of [bytes.length, 7, 1]) {
      await server.rows("TRUNCATE m");
      const chunks = [];
      for (let at = 0; at < bytes.length; at += size) chunks.push(bytes.subarray(at, at + size));
      expect(await send(intoM, chunks)).toBe("COPY 3");
      expect(await server.rows("SELECT * FROM m ORDER BY ts")).toEqual([
        ["1970-01-01 00:00:00+00", "a", "0.5"],
        ["1970-01-01 01:00:00+00", null, "1.5"],
        ["1970-01-01 02:00:00+00", "a", "2.5"],
      ]);
    }
  });

  test("finds columns by their names and gives others their defaults", async () => {
    const bytes = stream({ b: vectorFromArray(["x", "y"], new Utf8()) });
    expect(await send("COPY o FROM STDIN (FORMAT arrow)", [bytes])).toBe("COPY 2");
    expect(await server.rows("SELECT * FROM o ORDER BY id")).toEqual([
      ["1", "7", "x"],
      ["2", "7", "y"],
    ]);
  });

  test("leaves nothing of a stream that is cut off anywhere", async () => {
    await server.rows("TRUNCATE m");
    for (const format of ["stream", "file"] as const) {
      const bytes = stream(rowsOfM(), format);
      for (let length = 0; length < bytes.length; length += 13) {
        expect(await send(intoM, [bytes.subarray(0, length)])).toMatch(/^22P04: /);
      }
      expect(await send(intoM, [bytes.subarray(0, -1)])).toMatch(/^22P04: /);
    }
    const bytes = stream(rowsOfM());
    expect(await send(intoM, [bytes, bytes])).toMatch(/^22P04: invalid arrow data/);
    expect(await send(intoM, [Buffer.from("ts,dev,kwh\n1970-01-01,a,1\n")])).toMatch(/^22P04: /);
    expect(await server.rows("SELECT count(*) FROM m")).toEqual([["0"]]);
  });

  test.each<[string, string, Record<string, () => Vector>, string]>([
    [
      "an extra column",
      "m",
      { ts: () => micros([0n]), x: () => vectorFromArray(["x"], new Utf8()) },
      '42703: column "x" of relation "m" does not exist',
    ],
    [
      "another type",
      "m",
      { ts: () => micros([0n]), kwh: () => vectorFromArray(["x"], new Utf8()) },
      '42804: column "kwh" is of type double precision but the arrow data have Utf8',
    ],
    [
      "a wider type",
      "o",
      { a: () => makeVector(BigUint64Array.of(1n)) },
      '42804: column "a" is of type bigint but the arrow data have Uint64',
    ],
    [
      "times without a zone",
      "m",
      {
        ts: () =>
          makeVector({
            type: new TimestampMillisecond(null),
            data: BigInt64Array.of(0n),
          } as never) as Vector,
      },
      '42804: column "ts" is of type timestamp with time zone',
    ],
    [
      "parts of a microsecond",
      "m",
      {
        ts: () =>
          makeVector({
            type: new TimestampNanosecond("UTC"),
            data: BigInt64Array.of(1000n, 1n),
          } as never) as Vector,
      },
      "22008: a value has fractions of a microsecond\nCOPY m, row 2, column ts",
    ],
    [
      "no value for what takes no NULL",
      "o",
      { a: () => makeVector(BigInt64Array.of(1n)) },
      '23502: null value in column "b" of relation "o" violates not-null constraint',
    ],
  ])("%s is refused", async (_, table, columns, message) => {
    const made = Object.fromEntries(Object.entries(columns).map(([name, make]) => [name, make()]));
    expect(await send(`COPY ${table} FROM STDIN (FORMAT arrow)`, [stream(made)])).toContain(
      message,
    );
  });

  test("widens integers, reads dictionaries and nanoseconds, and keeps to a list and WHERE", async () => {
    await server.rows("TRUNCATE o RESTART IDENTITY");
    const columns = {
      a: vectorFromArray([1, 2, 3], new Int16()),
      b: vectorFromArray(["x", "y", "x"], new Dictionary(new Utf8(), new Int32())),
    };
    const sql = "COPY o (a, b) FROM STDIN (FORMAT arrow) WHERE a <> 2";
    expect(await send(sql, [stream(columns)])).toBe("COPY 2");
    expect(await server.rows("SELECT a, b FROM o ORDER BY a")).toEqual([
      ["1", "x"],
      ["3", "x"],
    ]);
    expect(await send("COPY o (a) FROM STDIN (FORMAT arrow)", [stream(columns)])).toContain(
      '42P10: column "b" not referenced by COPY',
    );
    await server.rows("TRUNCATE m");
    const ts = makeVector({
      type: new TimestampNanosecond("Europe/Berlin"),
      data: BigInt64Array.of(1_000_000_001_000n),
    } as never) as Vector;
    expect(await send(intoM, [stream({ ts })])).toBe("COPY 1");
    expect(await server.rows("SELECT ts FROM m")).toEqual([["1970-01-01 00:16:40.000001+00"]]);
  });
});

describe("COPY TO with FORMAT arrow", () => {
  const TYPES = `t bool, i2 int2, i4 int4, i8 int8, f4 float4, f8 float8, n numeric, d4 numeric(4,1),
    d9 numeric(9,3), d18 numeric(18,6), d38 numeric(38,10), s text, v varchar(5), j jsonb, u uuid,
    by bytea, d date, tm time, ts timestamp, tz timestamptz, iv interval, ia int[], ta text[]`;

  test("comes back as the same rows, of every type", async () => {
    await server.rows(`CREATE TABLE every (${TYPES})`);
    await server.rows(`CREATE TABLE again (${TYPES})`);
    await server.rows(`INSERT INTO every VALUES
      (true, -3, 70000, 9007199254740993, 1.5, -0.1, 12345678901234567890.5, -12.5,
       -123456.789, 1234567.000001, -1234567890123456789012345678.0123456789, 'gr\u00fc\u00df', 'abc',
       '{"a": [1, 2]}', '0f8fad5b-d9cb-469f-a165-70867728950e', '\\x00ff', '2024-02-29',
       '23:59:59.999999', 'infinity', '2024-02-29 12:00:00.000001+00', '1 mon -2 days 03:04:05.6',
       '{1,NULL,3}', '{a,"b c"}'),
      (false, 3, -70000, -1, 'NaN', 'Infinity', 'NaN', 0, 0, 0, 0, '', '', '1', NULL, '', '-infinity',
       '00:00', '-infinity', '4713-01-01 00:00:00+00 BC', '0', '{}', '{}')`);
    await server.rows("INSERT INTO every DEFAULT VALUES");
    const bytes = await copied("every");
    expect(await send("COPY again FROM STDIN (FORMAT arrow)", [bytes])).toBe("COPY 3");
    const expected = await server.rows("SELECT * FROM every ORDER BY i2");
    expect(await server.rows("SELECT * FROM again ORDER BY i2")).toEqual(expected);
    const path = join(server.folder, "every.arrow");
    const { rowCount } = await server.client.query(`COPY every TO '${path}' (FORMAT arrow)`);
    expect([rowCount, readFileSync(path).equals(bytes)]).toEqual([3, true]);
    await server.rows("TRUNCATE again");
    await server.rows(`COPY again FROM '${path}' (FORMAT arrow)`);
    expect(await server.rows("SELECT * FROM again ORDER BY i2")).toEqual(expected);
  });

  test("is what other readers of Arrow read", async () => {
    const sql =
      "COPY (SELECT i, i * 0.5::float8 AS h, i::text AS t FROM generate_series(1, 3) i) TO STDOUT (FORMAT arrow)";
    const { tag, messages } = await copyOut(server.client, sql);
    const table = tableFromIPC(Buffer.concat(messages));
    expect([tag, table.toArray().map((row) => row?.toJSON())]).toEqual([
      "COPY 3",
      [1, 2, 3].map((i) => ({ i, h: i / 2, t: String(i) })),
    ]);
  });

  test("of no rows has a schema", async () => {
    await server.rows("TRUNCATE m");
    const bytes = await copied("m");
    expect(tableFromIPC(bytes).schema.fields.map(({ name }) => name)).toEqual(["ts", "dev", "kwh"]);
    expect(await send(intoM, [bytes])).toBe("COPY 0");
  });

  test("goes through many blocks", async () => {
    await server.rows("CREATE TABLE big (i int, t text)");
    const query = "SELECT i, repeat('x', i % 50) AS t FROM generate_series(1, 200000) i";
    const { tag, messages } = await copyOut(
      server.client,
      `COPY (${query}) TO STDOUT (FORMAT arrow)`,
    );
    expect(tag).toBe("COPY 200000");
    expect(await send("COPY big FROM STDIN (FORMAT arrow)", messages)).toBe("COPY 200000");
    expect(await server.rows("SELECT count(*), sum(i), sum(length(t)) FROM big")).toEqual(
      await server.rows(`SELECT count(*), sum(i), sum(length(t)) FROM (${query}) q`),
    );
  });
});

test("OVERLAP and keys hold for arrow as for other rows", async () => {
  await server.rows(
    "CREATE TSTABLE k (ts timestamptz, dev text, kwh float8, PRIMARY KEY (dev, ts)) TIME COLUMN ts ENTITY (dev)",
  );
  const rows = { ...rowsOfM(2), dev: vectorFromArray(["a", "b"], new Utf8()) };
  const bytes = stream(rows);
  expect(await send("COPY k FROM STDIN (FORMAT arrow)", [bytes])).toBe("COPY 2");
  expect(await send("COPY k FROM STDIN (FORMAT arrow)", [bytes])).toMatch(/^23505: /);
  expect(await send("COPY k FROM STDIN (FORMAT arrow, OVERLAP 'skip')", [bytes])).toBe(
    "COPY 0\n2 rows skipped (already covered)",
  );
  expect(await send("COPY k FROM STDIN (FORMAT arrow, MESSAGE 'x')", [bytes])).toMatch(/^0A000: /);
});
