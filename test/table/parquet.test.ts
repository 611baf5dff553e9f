/** Parquet files of every origin and in every state of damage: footers, fits and descriptions. */

import { readFileSync, writeFileSync } from "node:fs";
import fc from "fast-check";
import { parquetMetadata } from "hyparquet";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openLocalStore } from "../../src/storage/local-store.ts";
import type { StoreError } from "../../src/table/error.ts";
import type { LogicalField } from "../../src/table/format.ts";
import { fitFile, schemaOfFile } from "../../src/table/parquet-fit.ts";
import { hasArrowSchema, readFooter, rewriteFooter } from "../../src/table/parquet-footer.ts";
import { describeParquet } from "../../src/table/parquet-schema.ts";
import { parquetTypeName } from "../../src/table/parquet-types.ts";
import { encodeSchema } from "../../src/table/schema-json.ts";
import { expectedOf, fixtureNames, fixturePath } from "../support/fixtures.ts";
import {
  type Folder,
  field,
  MICROS,
  query,
  temporaryFolder,
  writeParquet,
} from "../support/tables.ts";

let folder: Folder;
let sample: string;

beforeAll(async () => {
  folder = temporaryFolder();
  sample = await writeParquet(
    folder.file("sample.parquet"),
    `SELECT TIMESTAMPTZ '2026-01-05 00:00:00+00' AS ts, 'a' AS device, 18446744073709551615::UBIGINT AS huge,
       [1, 2]::BIGINT[] AS items, 1.25::DECIMAL(9,2) AS price, MAP {'k': 1} AS map, {'x': 'y'} AS struct
     FROM range(3)`,
  );
});
afterAll(() => folder.remove());

const SCHEMA: readonly LogicalField[] = [
  field("ts", MICROS),
  field("device", "Utf8"),
  field("huge", "UInt64"),
  field("items", { kind: "List", element: field("element", "Int64") }),
  field("price", { kind: "Decimal", precision: 9, scale: 2 }),
  field("map", {
    kind: "Map",
    key: { ...field("key", "Utf8"), nullable: false },
    value: field("value", "Int32"),
    keysSorted: false,
  }),
  field("struct", { kind: "Struct", fields: [field("x", "Utf8")] }),
];

async function footerOf(path: string) {
  const store = openLocalStore("/");
  const key = path.slice(1);
  return await readFooter(store, key, (await store.stat(key))?.sizeBytes ?? 0, path);
}

describe("a corrected footer", () => {
  test("has both annotations on every column and leaves all else byte for byte", async () => {
    const footer = await footerOf(sample);
    const fit = fitFile(SCHEMA, footer, { name: "sample", widens: false });
    if (fit.kind !== "fits" || fit.elements === undefined) throw new Error("nothing corrected");
    const tail = rewriteFooter(footer, fit.elements);
    const before = readFileSync(sample);
    const corrected = folder.file("corrected.parquet");
    writeFileSync(corrected, Buffer.concat([before.subarray(0, footer.offset), tail]));

    const { schema, row_groups } = parquetMetadata(new Uint8Array(tail), { geoparquet: false });
    const annotations = Object.fromEntries(
      schema.map((e) => [e.name, `${e.logical_type?.type} ${e.converted_type}`]),
    );
    expect(annotations).toMatchObject({
      ts: "TIMESTAMP undefined",
      device: "STRING UTF8",
      huge: "INTEGER UINT_64",
      items: "LIST LIST",
      price: "DECIMAL DECIMAL",
      map: "MAP MAP",
    });
    expect(schema.find((e) => e.name === "huge")?.logical_type).toEqual({
      type: "INTEGER",
      bitWidth: 64,
      isSigned: false,
    });
    expect(schema.find((e) => e.name === "ts")?.logical_type).toMatchObject({
      isAdjustedToUTC: false,
    });
    const own = parquetMetadata(new Uint8Array(before), { geoparquet: false });
    expect(row_groups).toEqual(own.row_groups);
    expect(await query(`SELECT * REPLACE (epoch_us(ts) AS ts) FROM '${corrected}'`)).toEqual(
      await query(`SELECT * REPLACE (epoch_us(ts) AS ts) FROM '${sample}'`),
    );
    const again = await footerOf(corrected);
    expect(fitFile(SCHEMA, again, { name: "", widens: false })).toEqual({
      kind: "fits",
      elements: undefined,
    });
  });

  test("every fixture's own files fit the schema registered for them, and lose their Arrow schema", async () => {
    let seen = 0;
    for (const name of fixtureNames()) {
      const expected = expectedOf(name);
      if (name === "duckdb_written" || name === "all_types") continue;
      for (const { path } of expected.segment_list ?? []) {
        const file = fixturePath(name, "table", path);
        const footer = await footerOf(file);
        const registered = schemaOfFile(footer, file);
        expect(encodeSchema(registered)["columns"], file).toEqual(
          (expected.registered_schema as { name: string }[]).toSorted(
            (a, b) =>
              footer.columns.findIndex((c) => c.name === a.name) -
              footer.columns.findIndex((c) => c.name === b.name),
          ),
        );
        const fit = fitFile(registered, footer, { name: file, widens: false });
        expect(fit.kind, file).toBe("fits");
        if (fit.kind !== "fits") continue;
        if (fit.elements === undefined) continue;
        const tail = rewriteFooter(footer, fit.elements);
        const read = parquetMetadata(new Uint8Array(tail), { geoparquet: false });
        expect((read.key_value_metadata ?? []).map(({ key }) => key)).not.toContain("ARROW:schema");
        if (hasArrowSchema(footer)) seen += 1;
      }
    }
    expect(seen).toBeGreaterThan(50);
  });
});

describe("a damaged file", () => {
  const reasonOf = async (bytes: Uint8Array): Promise<string> => {
    const path = folder.file("damaged.parquet");
    writeFileSync(path, bytes);
    try {
      const footer = await footerOf(path);
      fitFile(SCHEMA, footer, { name: path, widens: false });
      return "read";
    } catch (cause) {
      return (cause as StoreError).reason ?? String(cause);
    }
  };

  test("is refused as no Parquet file, wherever it was cut", async () => {
    const bytes = readFileSync(sample);
    for (const length of [0, 3, 8, 12, 100, bytes.length - 9, bytes.length - 1]) {
      expect(await reasonOf(bytes.subarray(0, length)), `${length} bytes`).toBe("bad-file");
    }
    expect(await reasonOf(Buffer.from("time,device\n1,a\n"))).toBe("bad-file");
    expect(await reasonOf(Buffer.concat([bytes, Buffer.from("more")]))).toBe("bad-file");
    const longFooter = Buffer.from(bytes);
    longFooter.writeUInt32LE(0x7fff_ffff, bytes.length - 8);
    expect(await reasonOf(longFooter)).toBe("bad-file");
  });

  test("with any byte of its footer changed is read or refused, never worse", async () => {
    const bytes = readFileSync(sample);
    const start = (await footerOf(sample)).offset;
    const allowed = ["read", "bad-file", "schema-mismatch", "extra-column", "missing-column"];
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: start, max: bytes.length - 1 }),
        fc.integer({ min: 0, max: 255 }),
        async (at, value) => {
          const changed = Buffer.from(bytes);
          changed[at] = value;
          expect(allowed).toContain(await reasonOf(changed));
        },
      ),
      { numRuns: 400 },
    );
  });
});

describe("LIKE PARQUET", () => {
  test("sees the types of a file of many", async () => {
    const columns = await describeParquet(fixturePath("all_types", "table/data/1.parquet"));
    const kinds = Object.fromEntries(columns.map(({ name, type }) => [name, type.kind]));
    expect(kinds).toMatchObject({
      ts: "timestamp",
      bool: "bool",
      int8: "int",
      float32: "float32",
      string: "utf8",
      large_string: "utf8",
      binary: "binary",
      fixed: "fixed",
      decimal38: "decimal",
      date: "date",
      time: "time",
      list: "list",
      struct: "struct",
      uuid: "uuid",
    });
    expect(columns.find(({ name }) => name === "ts_ms_utc")?.type).toEqual({
      kind: "timestamp",
      unit: "ms",
      isUtc: true,
    });
  });

  test("sees what DuckDB wrote, and refuses what is no Parquet file", async () => {
    const columns = await describeParquet(sample);
    expect(columns.map(({ name, type }) => [name, type.kind])).toEqual([
      ["ts", "timestamp"],
      ["device", "utf8"],
      ["huge", "int"],
      ["items", "list"],
      ["price", "decimal"],
      ["map", "other"],
      ["struct", "struct"],
    ]);
    const junk = folder.file("junk.parquet");
    writeFileSync(junk, "PAR1 and nothing of it PAR1");
    await expect(describeParquet(junk)).rejects.toMatchObject({ reason: "bad-file" });
    await expect(describeParquet(folder.file("none"))).rejects.toMatchObject({
      reason: "file-missing",
    });
  });
});

test("types have names that tell physical schemas apart", () => {
  const nested = {
    kind: "list",
    element: {
      name: "element",
      nullable: true,
      element: 3,
      type: { kind: "int", bits: 32, isSigned: false },
    },
  } as const;
  expect(parquetTypeName(nested)).toBe("list<element uint32>");
  expect(parquetTypeName({ kind: "timestamp", unit: "us", isUtc: true })).toBe(
    "timestamp[us, UTC]",
  );
});
