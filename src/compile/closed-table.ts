/**
 * The closed table: which PostgreSQL functions, operators, casts, aggregates and window functions
 * we can compute, and how. A signature without a row here is refused by name. The rows stand in
 * `functions/<chapter>.ts`; `functions/all.ts` puts the chapters together.
 *
 * A signature is the name and the *declared* argument types of pg_proc, by pg_type.typname without
 * blanks: `date_trunc(text,timestamptz)`, `count()`, `array_agg(anynonarray)`, `int4pl(int4,int4)`.
 * Operators resolve to their function. Functions of ours are `time_bucket(interval,timestamptz)`
 * too.
 */

import type { Shape } from "../types/shape.ts";
import type { SortKey, Sql } from "./expression.ts";
import type { CompileContext, ParameterSource } from "./plan.ts";

export interface CallContext {
  readonly session: CompileContext;
  readonly timeZone: string | number;
  /** TimeZone is UTC in one of its spellings: local time is the stored time. */
  readonly isUtc: boolean;
  /** A value that the session fills in before the query runs, e.g. transaction-time. */
  parameter(source: ParameterSource, shape: Shape): Sql;
}

export interface Call {
  /**
   * In declared order, defaults filled in; VARIADIC calls with separate arguments have them all.
   */
  readonly args: readonly Sql[];
  /** The array of `VARIADIC array` is the last of `args`, not its elements. */
  readonly isVariadicArray: boolean;
  readonly resultType: number;
  readonly typmod: number;
  readonly signature: string;
  readonly context: CallContext;
}

/** @throws SqlError 0A000 for arguments that it cannot serve (`refuse`). */
export type Rule = (call: Call) => Sql;

/** generate_series, unnest, json_each...: one DuckDB LIST per call, unnested by the caller. */
export interface SetResult {
  readonly list: string;
  /** What an element is. For several columns an element is a STRUCT with fields c1..cn. */
  readonly columns: readonly Shape[];
  readonly isConstant: boolean;
}
export type SetRule = (call: Call) => SetResult;

export interface AggregateCall extends Call {
  readonly isDistinct: boolean;
  readonly orderBy: readonly SortKey[];
  /**
   * The values under `orderBy`, in the same order: WITHIN GROUP's arguments for ordered-set
   * aggregates.
   */
  readonly ordered: readonly Sql[];
  /** percentile_cont's fraction, rank's hypothetical row. */
  readonly direct: readonly Sql[];
  readonly filter: string | undefined;
  /** Text after OVER, in parentheses, when the aggregate is a window function. */
  readonly over: string | undefined;
}
export type AggregateRule = (call: AggregateCall) => Sql;

export interface WindowCall extends Call {
  /** Text after OVER, in parentheses. */
  readonly over: string;
}
export type WindowRule = (call: WindowCall) => Sql;

/**
 * One chapter's rows. Keys are signatures; of `casts`: `int4->text`, `*->text` for any other
 * source.
 */
export interface Chapter {
  readonly functions?: Readonly<Record<string, Rule>>;
  readonly sets?: Readonly<Record<string, SetRule>>;
  readonly aggregates?: Readonly<Record<string, AggregateRule>>;
  readonly windows?: Readonly<Record<string, WindowRule>>;
  /** Casts through the text form (COERCEVIAIO), by typname. Casts by function are `functions`. */
  readonly casts?: Readonly<Record<string, Rule>>;
}

/** Look-ups over all chapters; a signature that stands twice is a bug found at start. */
export interface ClosedTable {
  function(signature: string): Rule | undefined;
  set(signature: string): SetRule | undefined;
  aggregate(signature: string): AggregateRule | undefined;
  window(signature: string): WindowRule | undefined;
  cast(from: string, to: string): Rule | undefined;
}

export function closedTable(chapters: readonly Chapter[]): ClosedTable {
  const functions = merge(chapters.map((chapter) => chapter.functions));
  const sets = merge(chapters.map((chapter) => chapter.sets));
  const aggregates = merge(chapters.map((chapter) => chapter.aggregates));
  const windows = merge(chapters.map((chapter) => chapter.windows));
  const casts = merge(chapters.map((chapter) => chapter.casts));
  return {
    function: (signature) => functions.get(signature),
    set: (signature) => sets.get(signature),
    aggregate: (signature) => aggregates.get(signature),
    window: (signature) => windows.get(signature),
    cast: (from, to) => casts.get(`${from}->${to}`) ?? casts.get(`*->${to}`),
  };
}

function merge<Row>(
  parts: readonly (Readonly<Record<string, Row>> | undefined)[],
): Map<string, Row> {
  const rows = new Map<string, Row>();
  for (const part of parts) {
    for (const [signature, row] of Object.entries(part ?? {})) {
      if (rows.has(signature)) throw new Error(`two rows for ${signature} in the closed table`);
      rows.set(signature, row);
    }
  }
  return rows;
}

/**
 * `name(DISTINCT a, b ORDER BY ..) FILTER (WHERE ..) OVER (..)` as the call asks; `args` are texts.
 * Leave `orderBy` out where order means nothing (sum, count): it would cost a sort.
 */
export function aggregateText(
  call: AggregateCall,
  name: string,
  args: readonly string[],
  options: { readonly orderBy?: string } = {},
): string {
  const distinct = call.isDistinct ? "DISTINCT " : "";
  const order = options.orderBy === undefined ? "" : ` ORDER BY ${options.orderBy}`;
  const filter = call.filter === undefined ? "" : ` FILTER (WHERE ${call.filter})`;
  const over = call.over === undefined ? "" : ` OVER ${call.over}`;
  return `${name}(${distinct}${args.join(", ")}${order})${filter}${over}`;
}
