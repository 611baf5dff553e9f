/** Buckets, runs and treemaps: the format's own vectors, and equality with plain sets. */

import fc from "fast-check";
import { RoaringBitmap32 } from "roaring-wasm";
import { describe, expect, test } from "vitest";
import {
  bucketBounds,
  bucketIdOf,
  bucketOf,
  bucketsOfRange,
  ordinalOfId,
} from "../../src/table/buckets.ts";
import { coverageOf, overlapOf, runsOfEntity, unite } from "../../src/table/coverage.ts";
import { coverageId, decodeCoverage, encodeCoverage } from "../../src/table/coverage-file.ts";
import { compareEntities } from "../../src/table/entities.ts";
import type { IndexKind, IndexSpec } from "../../src/table/format.ts";
import { formatInstant, parseInstant } from "../../src/table/rfc3339.ts";
import { clip, type Runs, runsOf } from "../../src/table/runs.ts";
import type { EntityValue } from "../../src/table/segment-files.ts";
import { decodeTreemap, encodeTreemap } from "../../src/table/treemap.ts";

const SIGN = 1n << 63n;

function time(unit: "Seconds" | "Minutes" | "Hours" | "Days", count: number): IndexKind {
  return { type: "timestamp", unit, count, timezone: undefined };
}
function at(text: string): bigint {
  const raw = parseInstant(text);
  if (raw === undefined) throw new Error(`bad instant ${text}`);
  return raw;
}
function hex(text: string): Uint8Array {
  return Buffer.from(text.replaceAll(" ", ""), "hex");
}
/** Ids to runs. */
function ids(...list: readonly bigint[]): Runs {
  return runsOf(list.map((id) => [ordinalOfId(id), ordinalOfId(id)] as const));
}

describe("bucket ids", () => {
  test.each([
    ["1970-01-01T00:00:00Z", time("Seconds", 1), 9223372036854775808n],
    ["1969-12-31T23:59:59.999Z", time("Seconds", 1), 9223372036854775807n],
    ["1969-12-31T23:58:59Z", time("Minutes", 1), 9223372036854775806n],
    ["2024-01-08T00:04:59.999999999Z", time("Minutes", 5), 9223372036860458048n],
    ["2024-01-08T00:00:00Z", time("Hours", 1), 9223372036855249328n],
    ["2024-01-08T00:00:00Z", time("Days", 7), 9223372036854778626n],
  ] as const)("of %s", (instant, kind, id) => {
    const ordinal = bucketOf(kind, at(instant));
    expect(bucketIdOf(ordinal)).toBe(id);
    const { min, max } = bucketBounds(kind, ordinal);
    expect(min <= at(instant) && at(instant) <= max).toBe(true);
  });

  test.each([
    [0n, 10n, 9223372036854775808n, 0n, 9n],
    [-1n, 10n, 9223372036854775807n, -10n, -1n],
    [-11n, 10n, 9223372036854775806n, -20n, -11n],
    [-50464n, 7n, 9223372036854768598n, -50470n, -50464n],
    [-SIGN, 1n, 0n, -SIGN, -SIGN],
    [SIGN - 1n, 2n * SIGN - 1n, 9223372036854775808n, 0n, SIGN - 1n],
  ])("of the int64 %d by %d", (value, width, id, min, max) => {
    const kind = { type: "int64", width } as const;
    expect(bucketIdOf(bucketOf(kind, value))).toBe(id);
    expect(bucketBounds(kind, bucketOf(kind, value))).toEqual({ min, max });
  });

  test.each([
    [9n, 10n, 0n, 0n, 9n],
    [10n, 10n, 1n, 10n, 19n],
    [50464n, 100n, 504n, 50400n, 50499n],
    [SIGN, 7n, 1317624576693539401n, SIGN - 1n, SIGN + 5n],
    [2n * SIGN - 1n, 10n, 1844674407370955161n, 2n * SIGN - 6n, 2n * SIGN - 1n],
    [2n * SIGN - 1n, 1n, 2n * SIGN - 1n, 2n * SIGN - 1n, 2n * SIGN - 1n],
  ])("of the uint64 %d by %d", (value, width, id, min, max) => {
    const kind = { type: "u_int64", width } as const;
    expect(bucketIdOf(bucketOf(kind, value))).toBe(id);
    expect(bucketBounds(kind, bucketOf(kind, value))).toEqual({ min, max });
  });

  test.each([
    ["1970-01-01T00:00:00Z", "1970-01-01T00:04:00Z", 0n, 3n],
    ["1970-01-01T00:00:30Z", "1970-01-01T00:01:30Z", 0n, 1n],
    ["1970-01-01T00:00:00Z", "1970-01-01T00:01:00.000000001Z", 0n, 1n],
    ["1969-12-31T23:59:30Z", "1970-01-01T00:00:30Z", -1n, 0n],
  ])("a range [%s, %s) touches whole buckets", (from, until, first, last) => {
    expect(bucketsOfRange(time("Minutes", 1), at(from), at(until))).toEqual({ first, last });
  });

  test("an empty range is refused", () => {
    expect(() => bucketsOfRange(time("Minutes", 1), 5n, 5n)).toThrow("must not be empty");
  });
});

describe("instants", () => {
  test.each([
    ["2025-01-01T00:00:01Z", "2025-01-01T00:00:01Z"],
    ["2025-01-01T00:00:01.500Z", "2025-01-01T00:00:01.500Z"],
    ["2025-01-01T00:00:01.000120Z", "2025-01-01T00:00:01.000120Z"],
    ["2025-01-01T00:00:01.000000001Z", "2025-01-01T00:00:01.000000001Z"],
    ["2025-01-01T02:00:00+02:00", "2025-01-01T00:00:00Z"],
    ["2025-1-1t0:0:0z", "2025-01-01T00:00:00Z"],
    ["2025-01-01 00:00:00 UTC", "2025-01-01T00:00:00Z"],
    ["2025-01-01T00:00:00.1234567899Z", "2025-01-01T00:00:00.123456789Z"],
    ["+10000-01-01T00:00:00Z", "+10000-01-01T00:00:00Z"],
    ["-0001-12-31T23:59:59Z", "-0001-12-31T23:59:59Z"],
  ])("%s is read and written as %s", (text, written) => {
    expect(formatInstant(at(text))).toBe(written);
  });

  test.each([
    "2025-01-01T00:00:00",
    "2025-01-01",
    "2025-01-01T24:00:00Z",
    "2025-02-29T00:00:00Z",
    "2025-01-01T00:00:00,5Z",
    "10000-01-01T00:00:00Z",
    "2025-01-01T00:00Z",
  ])("%s is none", (text) => expect(parseInstant(text)).toBeUndefined());

  test("every instant survives being written", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(10n ** 21n), max: 10n ** 21n }), (raw) => {
        expect(parseInstant(formatInstant(raw))).toBe(raw);
      }),
    );
  });
});

describe("treemaps", () => {
  const vectors = [
    ["nothing", ids(), "0000000000000000"],
    ["one", ids(SIGN), "0100000000000000 00000080 3a300000 01000000 00000000 10000000 0000"],
    [
      "three",
      ids(SIGN, SIGN + 1n, SIGN + 3n),
      "0100000000000000 00000080 3a300000 01000000 00000200 10000000 0000 0100 0300",
    ],
    [
      "both sides of a partition",
      ids(SIGN - 1n, SIGN),
      "0200000000000000 ffffff7f 3a300000 01000000 ffff0000 10000000 ffff 00000080 3a300000 01000000 00000000 10000000 0000",
    ],
    [
      "ten in a row",
      runsOf([[0n, 9n]]),
      "0100000000000000 00000080 3b300000 01 00000900 0100 0000 0900",
    ],
  ] as const;

  test.each(vectors)("%s reads as the format says", (_what, runs, bytes) => {
    expect(decodeTreemap(hex(bytes))).toEqual(runs);
    expect(decodeTreemap(encodeTreemap(runs))).toEqual(runs);
  });

  test("the shortest form is the format's own", () => {
    for (const [, runs, bytes] of vectors.filter(([what]) => what !== "three")) {
      expect(Buffer.from(encodeTreemap(runs))).toEqual(hex(bytes));
    }
  });

  test("every container kind survives, and a roaring library agrees", () => {
    const sparse = runsOf(Array.from({ length: 3000 }, (_, i) => [BigInt(i * 3), BigInt(i * 3)]));
    const dense = runsOf(Array.from({ length: 30_000 }, (_, i) => [BigInt(i * 2), BigInt(i * 2)]));
    const long = runsOf([
      [-5_000_000n, 200_000n],
      [300_000n, 300_001n],
    ]);
    for (const runs of [sparse, dense, long]) {
      const bytes = encodeTreemap(runs);
      expect(decodeTreemap(bytes)).toEqual(runs);
    }
    const bytes = Buffer.from(encodeTreemap(dense));
    const theirs = RoaringBitmap32.deserialize("portable", bytes.subarray(12));
    expect(theirs.size).toBe(30_000);
    theirs.dispose();
  });

  test("a set is a set, whatever its shape", () => {
    const spot = fc.bigInt({ min: -70_000n, max: 70_000n });
    const run = fc.tuple(spot, fc.bigInt({ min: 0n, max: 9000n }));
    fc.assert(
      fc.property(
        fc.array(run, { maxLength: 40 }),
        fc.bigInt({ min: -3n, max: 3n }),
        (pairs, far) => {
          const shift = far << 32n;
          const runs = runsOf(
            pairs.map(([first, length]) => [first + shift, first + shift + length]),
          );
          expect(decodeTreemap(encodeTreemap(runs))).toEqual(runs);
        },
      ),
    );
  });

  test("every cut of the bytes and any byte too many is refused", () => {
    const bytes = encodeTreemap(
      runsOf([
        [-3n, 5n],
        [9n, 9n],
        [70_000n, 90_000n],
      ]),
    );
    for (let length = 0; length < bytes.length; length += 1) {
      expect(() => decodeTreemap(bytes.subarray(0, length)), `${length} bytes`).toThrow();
    }
    expect(() => decodeTreemap(Buffer.concat([bytes, Buffer.of(0)]))).toThrow("trailing");
  });

  test.each([
    [
      "values out of order",
      "0100000000000000 00000080 3a300000 01000000 00000100 10000000 0300 0100",
    ],
    ["touching runs", "0100000000000000 00000080 3b300000 01 00000300 0200 0000 0100 0200 0100"],
    ["a run container without runs", "0100000000000000 00000080 3b300000 01 00000000 0000"],
    ["a run beyond the container", "0100000000000000 00000080 3b300000 01 00000100 0100 ffff 0100"],
    ["another cookie", "0100000000000000 00000080 3c300000 01000000 00000000 10000000 0000"],
  ])("%s are refused", (_what, bytes) => expect(() => decodeTreemap(hex(bytes))).toThrow());
});

describe("entity coverage files", () => {
  const index: IndexSpec = { column: "ts", entityColumns: ["sym"], kind: time("Minutes", 1) };
  const plain = (kind: IndexKind): IndexSpec => ({ column: "ts", entityColumns: [], kind });
  const one = hex("0100000000000000 00000080 3a300000 01000000 00000000 10000000 0000");
  const vector = hex(
    `54535445434f5632 00000001 00000001 01 0000000000000001 41 000000000000001e
     0100000000000000 00000080 3a300000 01000000 00000000 10000000 0000`.replaceAll("\n", ""),
  );
  const named = (value: string): EntityValue => ({ type: "utf8", value });

  test("the format's vector, read and written", () => {
    const coverage = coverageOf([{ entity: [named("A")], runs: ids(SIGN) }]);
    expect(Buffer.from(encodeCoverage(coverage, true))).toEqual(vector);
    expect(runsOfEntity(decodeCoverage(vector, ["utf8"]), [named("A")])).toEqual(ids(SIGN));
    expect(encodeCoverage([], true)).toHaveLength(12);
    expect(encodeCoverage([], false)).toHaveLength(8);
  });

  test("names are those the reference library gives", () => {
    const minute = time("Minutes", 1);
    const inUtc: IndexKind = { type: "timestamp", unit: "Minutes", count: 1, timezone: "UTC" };
    expect(coverageId("segment", plain(minute), one)).toBe(
      "segcov-d944ffa6924d34bb3dd9576bab33989c",
    );
    expect(coverageId("table", plain(minute), one)).toBe("tblcov-4b5e2616cd7d659af30f5d39fa95b118");
    expect(coverageId("segment", plain(inUtc), one)).toBe(
      "segcov-0a99821fcfa5477db0b972f7b8a5f896",
    );
    expect(coverageId("segment", plain({ type: "int64", width: 10n }), one)).toBe(
      "segcov-77f46e3e127e61e26c02bd8aa66f4ffd",
    );
    expect(coverageId("segment", plain({ type: "u_int64", width: 10n }), one)).toBe(
      "segcov-e67b73b71beff271f94ba41747a2daf1",
    );
    expect(coverageId("segment", index, vector)).toBe("segcov-e670ba0638cc1fa2ad1ab36d5f4cd83f");
  });

  test("every cut is refused, as are other types, repeated identities and bytes too many", () => {
    for (let length = 0; length < vector.length; length += 1) {
      expect(() => decodeCoverage(vector.subarray(0, length), ["utf8"])).toThrow();
    }
    expect(() => decodeCoverage(Buffer.concat([vector, Buffer.of(0)]), ["utf8"])).toThrow();
    expect(() => decodeCoverage(vector, ["int64"])).toThrow("another type");
    expect(() => decodeCoverage(vector, ["utf8", "utf8"])).toThrow("arity");
    const twice = Buffer.concat([
      vector.subarray(0, 11),
      Buffer.of(2),
      vector.subarray(12),
      vector.subarray(12),
    ]);
    expect(() => decodeCoverage(twice, ["utf8"])).toThrow("repeated");
  });

  test("identities sort by their bytes, not by JavaScript's units", () => {
    const order = ["", "a", "a\u0000", "b", "\uffff", "\u{10000}"];
    const sorted = order.toReversed().sort((a, b) => compareEntities([named(a)], [named(b)]));
    expect(sorted).toEqual(order);
    const bytes = [...order].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    expect(bytes).toEqual(order);
  });

  test("what two files cover together is their union, entity by entity", () => {
    const cell = fc.tuple(fc.constantFrom("a", "b", "c"), fc.bigInt({ min: -6n, max: 6n }));
    const cells = fc.array(cell, { maxLength: 20 });
    const build = (list: readonly (readonly [string, bigint])[]) =>
      coverageOf(
        [...new Set(list.map(([name]) => name))].map((name) => ({
          entity: [named(name)],
          runs: runsOf(list.filter(([other]) => other === name).map(([, b]) => [b, b] as const)),
        })),
      );
    const key = ([name, bucket]: readonly [string, bigint]) => `${name}${bucket}`;
    fc.assert(
      fc.property(cells, cells, (a, b) => {
        const both = new Set([...a, ...b].map(key));
        const common = new Set(a.map(key).filter((cell) => b.some((other) => key(other) === cell)));
        const united = unite(build(a), build(b));
        for (const name of ["a", "b", "c"]) {
          for (let bucket = -7n; bucket <= 7n; bucket += 1n) {
            const isIn = clip(runsOfEntity(united, [named(name)]), bucket, bucket).length > 0;
            expect(isIn).toBe(both.has(key([name, bucket])));
          }
        }
        expect(overlapOf(build(a), build(b))?.count ?? 0n).toBe(BigInt(common.size));
        expect(
          decodeCoverage(encodeCoverage(united, true), ["utf8"]).map(({ runs }) => runs),
        ).toEqual(united.map(({ runs }) => runs));
      }),
    );
  });
});
