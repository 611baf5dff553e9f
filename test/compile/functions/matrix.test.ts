/**
 * Every row of the closed table, called with columns of its own argument types: the same cells, the
 * same error, or refused; never another answer. What a row means is tested in
 * test/differential/functions.
 */

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  type SupportedSignature,
  supportedSignatures,
} from "../../../src/compile/functions/all.ts";
import { type Differential, openDifferential, type Result } from "../../support/differential.ts";
import { sameResult } from "./same-result.ts";
import { VALUES_SCHEMA } from "./values-table.ts";

/** Expressions over `t` by type: plain columns first, then tamer values. */
const VALUES: Readonly<Record<string, readonly string[]>> = {
  bool: ["b", "i4 > 0", "true"],
  char: [`'x'::"char"`, `'a'::"char"`],
  name: ["v::name", "s::name", "'foo'::name"],
  int2: ["i2", "(id % 3)::int2", "2::int2"],
  int4: ["i4", "id % 4", "3"],
  int8: ["i8", "(id % 5)::int8", "7::int8"],
  oid: ["id::int8::oid", "42::oid"],
  float4: ["r", "(id / 4.0)::float4", "0.5::float4"],
  float8: ["f", "(id / 4.0)::float8", "0.25::float8"],
  numeric: ["n", "nf", "(id / 8.0)", "2.50"],
  text: ["s", "v", "'o'", "'foo'"],
  varchar: ["v", "s::varchar"],
  bpchar: ["c", "v::bpchar", "'foo'::bpchar"],
  bytea: ["y", "'\\x5c'::bytea", "'ab'::bytea"],
  date: ["d", "tl::date", "'2024-06-03'::date"],
  time: ["tm", "'12:00'::time", "tl::time"],
  timestamp: ["tl", "d::timestamp", "'2024-06-03 14:30:15.123456'::timestamp"],
  timestamptz: ["ts", "tl::timestamptz", "'2024-06-03 14:30:15.123456+00'::timestamptz"],
  interval: ["iv", "-iv", "'1 day 02:00'::interval"],
  uuid: ["u", "'11111111-2222-3333-4444-555555555555'::uuid"],
  json: ["j", `'{"a": [1, null]}'::json`],
  jsonb: ["jb", `'{"a": 1.1}'::jsonb`, `'["two"]'::jsonb`],
  _text: ["ta", "'{a,k,x}'::text[]"],
  anyarray: ["ia", "'{3,1}'::int4[]"],
  anycompatiblearray: ["ia", "'{3,NULL}'::int4[]"],
  anyelement: ["i4", "id", "3"],
  anynonarray: ["i4", "nf", "b"],
  anycompatible: ["i4", "id", "3"],
  any: ["f", "s", "nf"],
};

/**
 * Without a fixed answer or order, only declared in the embedded PostgreSQL, or endless for large
 * numbers.
 */
const LEFT_OUT =
  /^(?:random|gen_random_uuid|uuidv|time_bucket|first|last|enum_|name\(|repeat|lpad|rpad|generate_|histogram|any_value|array_agg|string_agg|jsonb?_(?:object_)?agg)/;

function argumentTypes(signature: string): readonly string[] {
  const inside = signature.slice(signature.indexOf("(") + 1, -1);
  return inside === "" ? [] : inside.split(",");
}

/** The call with the `turn`-th choice of values; undefined when a type has none. */
function callText({ signature }: SupportedSignature, turn: number): string | undefined {
  const name = signature.slice(0, signature.indexOf("("));
  const args = argumentTypes(signature).map((type, index) => {
    const values = VALUES[type];
    return values?.[(turn + (turn === 0 ? 0 : index)) % values.length];
  });
  if (args.includes(undefined)) return undefined;
  return `pg_catalog."${name}"(${args.join(", ")})`;
}

/**
 * Rows that trap: the largest and smallest values stand alone, so that their errors hide nothing.
 */
const ROWS = ["id NOT IN (4, 5)", "id = 4", "id = 5"];

function statement(
  kind: SupportedSignature["kind"],
  calls: readonly string[],
  where: string,
): string {
  const each = calls.map((call) => (kind === "window" ? `${call} OVER (ORDER BY id)` : call));
  const list = each.join(", ");
  if (kind === "aggregate") return `SELECT g, ${list} FROM t WHERE ${where} GROUP BY g ORDER BY g`;
  if (kind !== "set") return `SELECT id, ${list} FROM t WHERE ${where} ORDER BY id`;
  return `SELECT id, x::text FROM t, LATERAL ${list} x WHERE ${where} ORDER BY id, x::text`;
}

let differential: Differential;

beforeAll(async () => {
  differential = await openDifferential(VALUES_SCHEMA);
});
afterAll(() => differential?.close());

/** Known difference: + - * / of floats give infinity or zero where PostgreSQL raises. */
function isFloatOverflow(postgres: Result): boolean {
  return (
    postgres.kind === "error" && /^value out of range: (?:over|under)flow/.test(postgres.message)
  );
}

/**
 * Many calls in one statement; where it fails on either side, by halves down to the one that does.
 */
async function differences(
  kind: SupportedSignature["kind"],
  calls: readonly string[],
  where: string,
): Promise<readonly object[]> {
  const sql = statement(kind, calls, where);
  const comparison = await differential.compare(sql);
  const { ours, postgres } = comparison;
  if (calls.length > 1 && (ours.kind === "error" || postgres.kind === "error")) {
    const half = calls.length >> 1;
    return [
      ...(await differences(kind, calls.slice(0, half), where)),
      ...(await differences(kind, calls.slice(half), where)),
    ];
  }
  if (ours.kind === "error" && ours.sqlState === "0A000") return [];
  if (isFloatOverflow(postgres) || sql.includes('"make_interval"')) return [];
  const state = postgres.kind === "error" ? postgres.sqlState : undefined;
  const difference = sameResult(comparison, state);
  return difference === undefined ? [] : [{ sql, ...difference }];
}

const rows = supportedSignatures().filter((row) => !LEFT_OUT.test(row.signature));

describe("called with columns of its types, each row answers as PostgreSQL or refuses", () => {
  test.each(["function", "aggregate", "window", "set"] as const)(
    "for every %s",
    async (kind) => {
      const size = kind === "set" ? 1 : 40;
      const wrong: object[] = [];
      for (const [index, where] of ROWS.entries()) {
        const calls = rows
          .filter((row) => row.kind === kind)
          .flatMap((row) => (index === 0 ? [0, 1, 2] : [0]).map((turn) => callText(row, turn)))
          .filter((call) => call !== undefined);
        expect(calls.length).toBeGreaterThan(10);
        for (let at = 0; at < calls.length; at += size) {
          wrong.push(...(await differences(kind, calls.slice(at, at + size), where)));
        }
      }
      expect(wrong).toEqual([]);
    },
    300_000,
  );
});
