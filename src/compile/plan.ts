/** What compilation makes of one analysed statement: data only, no engine and no store. */

import type { Shape } from "../types/shape.ts";
import type { SqlValue } from "../types/value.ts";

export interface Plan {
  /**
   * The DuckDB SELECT in pieces; a piece that is a number stands for the text that binds
   * scans[number].
   */
  readonly sql: readonly (string | number)[];
  readonly scans: readonly Scan[];
  /**
   * The first `columns.length` columns of the SELECT are the client's; more may follow (display
   * scales).
   */
  readonly columns: readonly PlanColumn[];
  /** Shapes of all columns of the SELECT, hidden ones included. */
  readonly shapes: readonly Shape[];
  /** `$1`, `$2`... of the generated SQL, in order. */
  readonly parameters: readonly ParameterSource[];
  /** Proven to give few rows (ungrouped aggregate, LIMIT <= 2,048): needs no sentinel. */
  readonly isSmall: boolean;
  /** All that it gives: one row of values that need no engine, in the types of `columns`. */
  readonly row?: readonly Scalar[];
  /** FOR UPDATE or FOR SHARE: to be locked before anything is read. */
  readonly rowLocks?: RowLocks;
}

export interface RowLocks {
  /** Of ordinary tables. */
  readonly relationOids: readonly number[];
  /** false: NOWAIT. */
  readonly isPatient: boolean;
}

export interface PlanColumn {
  readonly name: string;
  readonly shape: Shape;
}

export type ParameterSource =
  /** The client's parameter, 1-based; `typeOid` is what the analysis found. */
  | { readonly kind: "client"; readonly index: number; readonly typeOid: number }
  /** Start of the transaction / of the statement, timestamptz. */
  | { readonly kind: "transaction-time" }
  | { readonly kind: "statement-time" }
  /** A function of ours with constant arguments, evaluated by the session before the query runs. */
  | {
      readonly kind: "function";
      readonly functionOid: number;
      readonly args: readonly Scalar[];
      readonly typeOid: number;
    }
  /** A built-in that only PostgreSQL itself can answer, of values known before the query runs. */
  | {
      readonly kind: "catalog-function";
      readonly functionOid: number;
      readonly args: readonly Scalar[];
      readonly typeOid: number;
    }
  /** A call of a sequence function, made once, when its turn comes among the parameters: int8. */
  | { readonly kind: "sequence"; readonly call: SequenceCall };

export type SequenceCall =
  /** `number` tells calls of one statement apart: each draws a value. */
  | { readonly kind: "nextval"; readonly sequenceOid: number; readonly number: number }
  | { readonly kind: "currval"; readonly sequenceOid: number }
  | { readonly kind: "lastval" }
  | {
      readonly kind: "setval";
      readonly sequenceOid: number;
      readonly value: Scalar;
      /** Whether nextval goes on behind the value; false: it gives the value itself. */
      readonly isCalled: Scalar;
      readonly number: number;
    };

/**
 * A value known before the query runs: a literal, a parameter, or DuckDB SQL over `$n` (no
 * columns).
 */
export type Scalar =
  | { readonly kind: "constant"; readonly value: SqlValue; readonly typeOid: number }
  | { readonly kind: "parameter"; readonly number: number; readonly typeOid: number }
  | {
      readonly kind: "sql";
      readonly sql: string;
      readonly shape: Shape;
      /** The same value, where it can be had without DuckDB. */
      readonly moved?: MovedMoment | undefined;
    };

/** A timestamp or timestamptz, and what is added to it unless it is infinite. */
export interface MovedMoment {
  readonly base: Extract<Scalar, { kind: "constant" | "parameter" }>;
  readonly micros: bigint;
}

export type Scan =
  /**
   * A table of ours. The bound text must give the columns of `columnNumbers` under their stored
   * names, quoted, in a parenthesised SELECT; numeric(p,s) as DECIMAL(p,s), timestamptz in
   * representation utc. With `hasIdentity` also the columns that tell rows apart, those of
   * `identityColumns` (stored-rows.ts).
   */
  | {
      readonly kind: "table";
      readonly relationOid: number;
      readonly columnNumbers: readonly number[];
      readonly filter: ScanFilter;
      readonly hasIdentity: boolean;
    }
  /**
   * Rows that the session holds, of a change or of a constraint's check: the bound text must give
   * all of `columns`, called c1, c2..., in the DuckDB types of their shapes.
   */
  | { readonly kind: "changed" | "conflicts"; readonly columns: readonly PlanColumn[] }
  /** A set-returning function of ours (coverage_gaps...): rows come from the session. */
  | {
      readonly kind: "function";
      readonly functionOid: number;
      readonly args: readonly Scalar[];
      readonly columns: readonly PlanColumn[];
    }
  /**
   * A relation served by the session: `tstable.*` views, and catalogue relations of a mixed query.
   */
  | {
      readonly kind: "catalog";
      readonly relationOid: number;
      readonly columnNumbers: readonly number[];
      readonly columns: readonly PlanColumn[];
    };

/**
 * What pruning may use: every row the query can use satisfies all of it. Bounds are in the type of
 * the time column. An empty filter prunes nothing.
 */
export interface ScanFilter {
  readonly time: readonly TimeComparison[];
  /** For an entity column: the row's value is one of these. */
  readonly entities: readonly {
    readonly columnNumber: number;
    readonly anyOf: readonly Scalar[];
  }[];
  /**
   * Only the first rows by time are wanted: ORDER BY time LIMIT n over this scan alone, nothing
   * else filtering.
   */
  readonly newest?: { readonly descending: boolean; readonly limit: Scalar };
  /**
   * Of each entity (all entity columns together, NULL among them) only the first row by time is
   * wanted, nothing else filtering. The time column is NOT NULL. A binder may ignore it.
   */
  readonly newestOfEntities?: { readonly descending: boolean };
  /** Of an ordinary table: columns that equal a value which is known before. */
  readonly pinned?: readonly number[];
}

export interface TimeComparison {
  readonly operator: "<" | "<=" | "=" | ">=" | ">";
  readonly bound: Scalar;
}

/** What the compiler must know of a relation that the tree names by OID. */
export interface RelationInfo {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  readonly kind: "tstable" | "ordinary" | "store";
  readonly columns: readonly RelationColumn[];
  /** Column numbers; only for a tstable. */
  readonly timeColumn?: number;
  readonly entityColumns?: readonly number[];
}

export interface RelationColumn {
  /** PostgreSQL's attnum, from 1. */
  readonly number: number;
  readonly name: string;
  readonly typeOid: number;
  readonly typmod: number;
  readonly isNotNull: boolean;
}

export interface CompileContext {
  relation(oid: number): RelationInfo | undefined;
  /** The names of user-defined functions (ours); built-ins come from the generated signatures. */
  functionName(oid: number): { readonly schema: string; readonly name: string } | undefined;
  readonly timeZone: string | number;
  readonly currentUser: string;
  readonly sessionUser: string;
  readonly currentDatabase: string;
  readonly currentSchema: string | null;
  /** SHOW's value of a setting, for current_setting with a constant name. */
  setting(name: string): string | undefined;
  /** Whether the embedded PostgreSQL may be asked for such a function's value. */
  readonly mayAskCatalog?: (functionOid: number) => boolean;
  /** The value of `$n` where a plan is made for known values: undefined stays a parameter. */
  readonly parameterValue?: (number: number, typeOid: number) => SqlValue | undefined;
}
