/** What our own verbs say, before anything is looked up. */

export interface QualifiedName {
  readonly schema: string | undefined;
  readonly name: string;
}

export type OverlapPolicy = "reject" | "skip" | "replace" | "allow";
export type OverlapGrain = "auto" | "bucket" | "row";

export interface TstableOptions {
  /** undefined: AUTO. */
  readonly timeColumn?: string;
  readonly entityColumns?: readonly string[];
  /** An interval's text, or the width of an integer axis. */
  readonly bucket?: string | bigint;
  readonly timeZone?: string;
  readonly overlap?: OverlapPolicy;
  readonly grain?: OverlapGrain;
  readonly compression?: string;
}

export type TstableSource =
  /** The parenthesised column list as written; PostgreSQL reads it. */
  | { readonly kind: "columns"; readonly text: string; readonly start: number }
  | { readonly kind: "parquet"; readonly pattern: string }
  | { readonly kind: "query"; readonly text: string; readonly start: number }
  | { readonly kind: "directory"; readonly path: string };

export interface CreateTstable {
  readonly kind: "create-tstable";
  readonly table: QualifiedName;
  readonly ifNotExists: boolean;
  readonly source: TstableSource;
  readonly options: TstableOptions;
}

export interface DropTstable {
  readonly kind: "drop-tstable";
  readonly tables: readonly QualifiedName[];
  readonly ifExists: boolean;
  readonly isCascade: boolean;
  readonly keepFiles: boolean;
}

export interface AppendParquet {
  readonly kind: "append-parquet";
  readonly patterns: readonly string[];
  readonly table: QualifiedName;
  readonly overlap?: OverlapPolicy;
  readonly isDryRun: boolean;
  readonly message?: string;
  readonly idempotencyKey?: string;
}

/** FLUSH name: its rows that no version has yet become one. */
export interface Flush {
  readonly kind: "flush";
  readonly table: QualifiedName;
}

/** OPTIMIZE TSTABLE name: its small segments become few. */
export interface OptimizeTstable {
  readonly kind: "optimize-tstable";
  readonly table: QualifiedName;
  /** How large a segment may become; undefined: as others are. */
  readonly targetBytes?: number;
  readonly isDryRun: boolean;
}

export type OwnStatement = CreateTstable | DropTstable | AppendParquet | Flush | OptimizeTstable;
