/** Bounds of a time column, brought to the column's type without ever excluding a row. */

import { Oid } from "../types/oids.ts";
import type { CallContext } from "./closed-table.ts";
import { defaultShape } from "./duckdb-types.ts";
import { quoteLiteral, type Sql } from "./expression.ts";
import type { Bound } from "./generator.ts";
import { toUtc } from "./representations.ts";
import { toLocal } from "./session-values.ts";

const INTEGERS: ReadonlySet<number> = new Set([Oid.int2, Oid.int4, Oid.int8]);

/** undefined where the types have nothing to do with each other. */
export function convertMoment(
  bound: Bound,
  typeOid: number,
  context: CallContext,
): Bound | undefined {
  const { operator } = bound;
  const from = bound.value.shape.typeOid;
  if (bound.value.constant === null) return undefined;
  if (INTEGERS.has(typeOid)) return INTEGERS.has(from) ? bound : undefined;
  if (from !== Oid.date && from !== Oid.timestamp && from !== Oid.timestamptz) return undefined;
  if (from === typeOid) return { operator, value: toUtc(bound.value) };
  if (typeOid === Oid.timestamptz) return { operator, value: withZone(bound.value, context) };
  const value = withoutZone(bound, context);
  if (value === undefined) return undefined;
  if (typeOid === Oid.timestamp) return { operator, value };
  return typeOid === Oid.date ? dayBound(operator, value) : undefined;
}

/** A date compares as its midnight: the bound's own day stays in. */
function dayBound(operator: Bound["operator"], local: Sql): Bound {
  const value = { ...local, text: `CAST(${local.text} AS DATE)`, shape: defaultShape(Oid.date) };
  return { operator: operator === "<" ? "<=" : operator === ">" ? ">=" : operator, value };
}

/** Local times come twice where clocks go back: a bound with a zone leaves a margin there. */
function withoutZone({ operator, value }: Bound, context: CallContext): Sql | undefined {
  const { constant: _, plainText: __, ...rest } = value;
  const shape = defaultShape(Oid.timestamp);
  if (value.shape.typeOid === Oid.date) {
    return { ...rest, text: `CAST(${value.text} AS TIMESTAMP)`, shape };
  }
  const local = value.shape.typeOid === Oid.timestamp ? value.text : toLocal(value, context);
  const isExact = value.shape.typeOid === Oid.timestamp || typeof context.timeZone === "number";
  if (isExact || context.isUtc) return { ...rest, text: local, shape };
  if (operator === "=") return undefined;
  const sign = operator === ">" || operator === ">=" ? "-" : "+";
  return { ...rest, text: `(${local} ${sign} INTERVAL '3 hours')`, shape };
}

function withZone(value: Sql, context: CallContext): Sql {
  const { constant: _, plainText: __, ...rest } = value;
  const local = value.shape.typeOid === Oid.date ? `CAST(${value.text} AS TIMESTAMP)` : value.text;
  const shape = {
    typeOid: Oid.timestamptz,
    typmod: -1,
    representation: { kind: "utc" },
  } as const;
  return { ...rest, text: localToUtc(local, context), shape };
}

/** A local TIMESTAMP of the session's zone as TIMESTAMP in UTC. */
export function localToUtc(local: string, context: CallContext): string {
  if (context.isUtc) return local;
  const { timeZone } = context;
  if (typeof timeZone === "number") return `(${local} - to_seconds(${timeZone}))`;
  return `timezone('UTC', timezone(${quoteLiteral(timeZone)}, ${local}))`;
}
