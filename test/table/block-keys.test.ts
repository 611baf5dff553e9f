/** Bounds and coverage of rows in columns, against the plain arithmetic of each row. */

import { expect, test } from "vitest";
import { boundsOf, CoverageBuilder, keysOf } from "../../src/table/block-keys.ts";
import { bucketOf } from "../../src/table/buckets.ts";
import { coverageOf } from "../../src/table/coverage.ts";
import type { IndexKind } from "../../src/table/format.ts";
import type { EntityType, TimeType } from "../../src/table/key-cells.ts";
import type { ColumnData, RowBlock } from "../../src/table/row-block.ts";
import { runsOf } from "../../src/table/runs.ts";
import type { EntityValue } from "../../src/table/segment-files.ts";

type Numbers = Int16Array | Int32Array | BigInt64Array | BigUint64Array;

function fixed(data: Numbers | Uint8Array): ColumnData {
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  // A copy at an odd place: columns of a block need not begin at a multiple of their width.
  const moved = new Uint8Array(bytes.length + 1).subarray(1);
  moved.set(bytes);
  return { validity: undefined, data: moved, offsets: undefined, elements: undefined };
}

const hours: IndexKind = { type: "timestamp", unit: "Hours", count: 1, timezone: undefined };
const days: IndexKind = { type: "timestamp", unit: "Days", count: 7, timezone: undefined };
const tens: IndexKind = { type: "int64", width: 10n };
const unsigned: IndexKind = { type: "u_int64", width: 1000n };
const I64 = (1n << 63n) - 1n;

const TIMES: readonly (readonly [TimeType, IndexKind, Numbers, (value: bigint) => bigint])[] = [
  ["micros", hours, BigInt64Array.of(0n, -1n, 3_599_999_999n, 3_600_000_000n), (v) => v * 1000n],
  ["micros", days, BigInt64Array.of(-(1n << 52n), 1n << 52n, 1n << 54n, 5n), (v) => v * 1000n],
  ["days", days, Int32Array.of(-8, -7, -1, 0, 6, 7), (v) => v * 86_400_000_000_000n],
  ["days", hours, Int32Array.of(-1, 0, 1), (v) => v * 86_400_000_000_000n],
  ["int16", tens, Int16Array.of(-11, -10, -1, 0, 9, 10, 32_767), (v) => v],
  ["int32", tens, Int32Array.of(-11, 2_147_483_647, -2_147_483_648), (v) => v],
  ["int64", tens, BigInt64Array.of(I64, -I64 - 1n, 0n, 1n << 53n, -(1n << 53n) - 1n), (v) => v],
  ["uint64", unsigned, BigUint64Array.of(0n, (1n << 64n) - 1n, 999n, 1n << 63n), (v) => v],
];

test.each(TIMES)("%s in buckets of %o", (type, kind, values, raw) => {
  const block: RowBlock = { rows: values.length, columns: [fixed(values)] };
  const columns = { time: { column: 0, type }, entities: [] };
  const keys = keysOf(block, columns);
  const raws = [...values].map((value) => raw(BigInt(value)));
  const sorted = raws.toSorted((a, b) => (a < b ? -1 : 1));
  expect(boundsOf(keys, columns, kind)).toEqual({ min: sorted[0], max: sorted.at(-1) });
  const builder = new CoverageBuilder(columns, kind);
  builder.add(keys);
  const buckets = raws.map((one) => bucketOf(kind, one));
  const runs = runsOf(buckets.map((bucket) => [bucket, bucket]));
  expect(builder.done().map((one) => one.runs)).toEqual([runs]);
});

test("identities of every type, over several blocks", () => {
  const uuid = Buffer.from("ffeeddccbbaa998877665544332211f0", "hex").reverse();
  uuid[15] = (uuid[15] as number) ^ 0x80;
  const text = Buffer.from("ä€");
  const bytes: ColumnData = {
    validity: undefined,
    data: text,
    offsets: Uint32Array.of(0, text.length),
    elements: undefined,
  };
  const entities: readonly (readonly [EntityType, ColumnData, EntityValue])[] = [
    ["utf8", bytes, { type: "utf8", value: "ä€" }],
    ["uuid", fixed(uuid), { type: "utf8", value: "ffeeddcc-bbaa-9988-7766-5544332211f0" }],
    ["int16", fixed(Int16Array.of(-2)), { type: "int32", value: -2 }],
    ["int32", fixed(Int32Array.of(-3)), { type: "int32", value: -3 }],
    ["int64", fixed(BigInt64Array.of(-I64)), { type: "int64", value: -I64 }],
    ["uint64", fixed(BigUint64Array.of(1n << 63n)), { type: "uint64", value: 1n << 63n }],
  ];
  const columns = {
    time: { column: 0, type: "int64" as const },
    entities: entities.map(([type], i) => ({ column: i + 1, type })),
  };
  const builder = new CoverageBuilder(columns, tens);
  for (const time of [5n, 25n, 15n]) {
    const cells = [fixed(BigInt64Array.of(time)), ...entities.map(([, data]) => data)];
    builder.add(keysOf({ rows: 1, columns: cells }, columns));
  }
  const entity = entities.map(([, , value]) => value);
  expect(builder.done()).toEqual(coverageOf([{ entity, runs: runsOf([[0n, 2n]]) }]));
});
