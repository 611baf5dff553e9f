/** What compilation makes of INSERT, UPDATE and DELETE: data only, no engine and no store. */

import type { Expression } from "./expression-nodes.ts";
import type { NodeValue } from "./node-text.ts";
import type { Plan } from "./plan.ts";

/**
 * A statement that changes rows, in two steps: `source` is a SELECT that finds what changes, the
 * session checks and applies it, then `returning` is a SELECT over what was applied.
 *
 * The source's columns are called c1, c2... and have the shape that their type is stored in. In
 * order: for update and delete the row's identity (of a tstable `pgtide_file` VARCHAR and
 * `pgtide_row` BIGINT, of an ordinary table `pgtide_row` BIGINT: a table scan that asks for its
 * identity gives these columns too), each row at most once; then, for insert and update, every
 * column of the target in column order with its new value; then, for a DELETE with RETURNING and
 * where RETURNING names OLD, every column of the target with its old value (of an insert NULL, for
 * the session to fill in where ON CONFLICT has updated a row); then whatever else the session or
 * RETURNING needs.
 */
export interface ChangePlan {
  readonly kind: "insert" | "update" | "delete";
  readonly relationOid: number;
  readonly source: Plan;
  /** Positions in the source's columns. */
  readonly identity: readonly number[];
  /** By target column: its number and where its new value stands in the source. */
  readonly newValues: readonly { readonly columnNumber: number; readonly sourceColumn: number }[];
  readonly oldValues: readonly { readonly columnNumber: number; readonly sourceColumn: number }[];
  /**
   * Where the source gives NULL for nextval, an identity or a SERIAL default: the session draws a
   * value for each row in the source's order, or only for rows where the BOOLEAN `when` is true
   * (VALUES with DEFAULT in some rows).
   */
  readonly sequences: readonly SequenceColumn[];
  /**
   * UPDATE: the columns that SET names. Stored generated columns are NULL in the source of an
   * insert and have their old value in that of an update: the session computes them.
   */
  readonly assigned: readonly number[];
  readonly onConflict: OnConflict | undefined;
  /** What views WITH CHECK OPTION say of new rows, in order; of ordinary tables only. */
  readonly checks: readonly ViewCheck[];
  /**
   * RETURNING over the applied rows: a SELECT with one scan of kind "changed", whose columns are
   * those of the source, in order, named c1, c2...
   */
  readonly returning: Plan | undefined;
  /** Where RETURNING names nothing but columns of the source: their positions, in order. */
  readonly returningColumns: readonly number[] | undefined;
}

export interface ViewCheck {
  readonly view: string;
  readonly condition: Expression;
  /** The range table index under which it names the row. */
  readonly rtindex: number;
}

export interface SequenceColumn {
  readonly sourceColumn: number;
  readonly sequenceOid: number;
  /** Position in the source's columns. */
  readonly when: number | undefined;
}

export interface OnConflict {
  /**
   * The columns, or expressions over the table, that a unique index must have, in any order; else
   * the session says 42P10. Without these and without `constraintOid`: any unique constraint.
   */
  readonly arbiters: readonly (number | NodeValue)[] | undefined;
  /** The rows that a partial index must hold; null: all. */
  readonly arbiterWhere: NodeValue;
  /** ON CONSTRAINT. */
  readonly constraintOid: number | undefined;
  readonly action: "nothing" | "update";
  /**
   * DO UPDATE: a SELECT over one scan of kind "conflicts" (existing row's identity and columns as
   * c1..., then the excluded row's columns), giving identity, new values of all target columns.
   */
  readonly update: Plan | undefined;
  /**
   * What `update` gives, for every target column in order, where it is a column of one of the two
   * rows as it is, and no WHERE asks.
   */
  readonly copied: readonly CopiedColumn[] | undefined;
  readonly assigned: readonly number[];
}

export interface CopiedColumn {
  readonly from: "existing" | "excluded";
  /** Of the target's columns, from 0. */
  readonly index: number;
}
