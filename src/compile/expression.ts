/**
 * What every part of the generator hands to every other: a piece of DuckDB SQL together with what
 * it stands for. The tree gives the PostgreSQL type; the descriptor says how DuckDB carries it.
 */

import type { Shape } from "../types/shape.ts";
import type { SqlValue } from "../types/value.ts";

/**
 * A scalar DuckDB expression, safe to put anywhere in a larger one: `text` binds tighter than any
 * operator.
 */
export interface Sql {
  readonly text: string;
  readonly shape: Shape;
  /** The same value in every row: made of literals and parameters only, and not volatile. */
  readonly isConstant: boolean;
  /** The value, where it is known now; absent for parameters and computed constants. */
  readonly constant?: SqlValue;
  /** false only where NULL is impossible; true when in doubt. */
  readonly mayBeNull: boolean;
  /** For a constant in representation utc: the same value as TIMESTAMPTZ. */
  readonly plainText?: string;
  /** For representation decimal-scaled: the INTEGER expression that gives the display scale. */
  readonly scale?: string;
  /** A record that is still a list of its fields; `text` is the STRUCT of them. */
  readonly fields?: readonly Sql[];
  /** What json calls them. */
  readonly fieldNames?: readonly string[];
  /** `text` holds unnest(...): one input row becomes several. */
  readonly isSet?: boolean;
}

/** An ORDER BY item: `text` is already the key that sorts as PostgreSQL does. */
export interface SortKey {
  readonly text: string;
  readonly descending: boolean;
  readonly nullsFirst: boolean;
}

/** `k1 ASC NULLS LAST, k2 DESC NULLS FIRST`; never leaves the order of NULLs to DuckDB. */
export function sortKeysText(keys: readonly SortKey[]): string {
  return keys
    .map((key) => {
      const direction = key.descending ? "DESC" : "ASC";
      return `${key.text} ${direction} NULLS ${key.nullsFirst ? "FIRST" : "LAST"}`;
    })
    .join(", ");
}

/** A DuckDB string literal. */
export function quoteLiteral(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** A DuckDB identifier, always quoted. */
export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
