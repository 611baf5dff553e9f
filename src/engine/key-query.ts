/** The SELECT that reads the keys of a table's rows: time and entity columns, nothing else. */

import { AssertionError } from "../base/errors.ts";
import { Oid } from "../types/oids.ts";
import type { TypedColumn } from "./bound-types.ts";
import { quoteName, quoteText } from "./quoting.ts";

export interface KeyColumn extends TypedColumn {
  readonly name: string;
}

export interface KeyFilter {
  readonly time: KeyColumn;
  readonly entities: readonly KeyColumn[];
  /** In the time column's unit (microseconds, days or the integer), both inclusive; not empty. */
  readonly intervals: readonly (readonly [first: bigint, last: bigint])[];
  /** By entity column: the row's value is one of these; undefined: any. */
  readonly anyOf: readonly (readonly (string | number | bigint)[] | undefined)[];
}

/** `relation` is a parenthesised SELECT of `bindTable`. Keys with a NULL are left out. */
export function keyQuery(relation: string, filter: KeyFilter): string {
  const { time, entities, intervals, anyOf } = filter;
  const at = quoteName(time.name);
  const times = intervals.map(
    ([first, last]) => `${at} BETWEEN ${instant(time, first)} AND ${instant(time, last)}`,
  );
  const conditions = entities.map(({ name }, i) => {
    const values = anyOf[i]?.map(literal);
    const column = quoteName(name);
    return values === undefined ? `${column} IS NOT NULL` : `${column} IN (${values.join(", ")})`;
  });
  const columns = [time, ...entities].map(({ name }) => quoteName(name)).join(", ");
  const where = [`(${times.join(" OR ")})`, ...conditions].join(" AND ");
  return `SELECT ${columns} FROM ${relation} AS k WHERE ${where}`;
}

/** True of rows with one of these keys; `tick` as in `intervals`. Values of entities in order. */
export function keyCondition(
  { time, entities }: Pick<KeyFilter, "time" | "entities">,
  keys: readonly {
    readonly tick: bigint;
    readonly entity: readonly (string | number | bigint)[];
  }[],
): string {
  const each = keys.map(({ tick, entity }) => {
    const equal = entities.map(({ name }, i) => `${quoteName(name)} = ${literal(entity[i])}`);
    return [`${quoteName(time.name)} = ${instant(time, tick)}`, ...equal].join(" AND ");
  });
  return `(${each.join(" OR ")})`;
}

function literal(value: string | number | bigint | undefined): string {
  return typeof value === "string" ? quoteText(value) : String(value);
}

function instant({ typeOid }: TypedColumn, tick: bigint): string {
  switch (typeOid) {
    case Oid.timestamp:
    case Oid.timestamptz:
      return `make_timestamp(${tick}::BIGINT)`;
    case Oid.date:
      return `(DATE '1970-01-01' + (${tick})::INTEGER)`;
    case Oid.int2:
    case Oid.int4:
    case Oid.int8:
      return `(${tick})::BIGINT`;
    default:
      throw new AssertionError(`a time column of type ${typeOid}`);
  }
}
