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
    const values = anyOf[i]?.map((value) =>
      typeof value === "string" ? quoteText(value) : value.toString(),
    );
    const column = quoteName(name);
    return values === undefined ? `${column} IS NOT NULL` : `${column} IN (${values.join(", ")})`;
  });
  const columns = [time, ...entities].map(({ name }) => quoteName(name)).join(", ");
  const where = [`(${times.join(" OR ")})`, ...conditions].join(" AND ");
  return `SELECT ${columns} FROM ${relation} AS k WHERE ${where}`;
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
