/** What crosses from the main thread to the engine's worker: plain data. */

import type { CellLayout } from "../table/row-block.ts";
import type { CsvFormat, TextFormat } from "../types/copy/format.ts";
import type { Shape, TextSettings } from "../types/shape.ts";
import type { SqlValue } from "../types/value.ts";

export interface EngineParameter {
  readonly typeOid: number;
  readonly value: SqlValue;
}

/** Rows the session supplies for a scan; the worker makes a temporary table of them. */
export interface RowsRelation {
  /** Unquoted name, unique in the statement; the SQL refers to it quoted. */
  readonly name: string;
  readonly columns: readonly {
    readonly name: string;
    readonly typeOid: number;
    readonly typmod: number;
  }[];
  readonly rows: readonly (readonly SqlValue[])[];
}

export interface CursorRequest {
  /** Complete DuckDB SELECT, relations bound. */
  readonly sql: string;
  readonly parameters: readonly EngineParameter[];
  readonly rowsRelations: readonly RowsRelation[];
  /** Shapes of all columns of the SELECT. */
  readonly shapes: readonly Shape[];
  /**
   * How many of them, from the first, the client sees, with their wire formats (0 text, 1 binary).
   */
  readonly formats: readonly (0 | 1)[];
  readonly text: TextSettings;
  /** Few rows for certain: materialise, no sentinel. */
  readonly isSmall: boolean;
  /**
   * Probably few rows: materialised if there are at most so many, else streamed after all. A wrong
   * guess costs what finding so many rows costs.
   */
  readonly rowsGuessed?: number | undefined;
  /** The same text comes again and again: connections keep it prepared, if it is small. */
  readonly isRepeated?: boolean;
  /** Reads `plain` as it is when `Cursor.pinned` settles, whatever is committed later. */
  readonly pinsPlain?: boolean;
  /** Batches are encoded RowBlocks of the first columns, which lie so, instead of DataRows. */
  readonly layouts?: readonly CellLayout[];
  /** Batches are lines of COPY in CopyData messages instead; formats are all 0. */
  readonly lines?: TextFormat | CsvFormat | undefined;
}

/** A statement of ours; one with shapes gives rows, few enough to stand in memory. */
export interface RunStatement {
  /** Complete DuckDB SQL. */
  readonly sql: string;
  readonly parameters?: readonly EngineParameter[];
  /** Of all its columns, when the rows are wanted. */
  readonly shapes?: readonly Shape[];
  /** The same text comes again and again: connections keep it prepared. */
  readonly isRepeated?: true;
}

/** Rows of a block behind those that a table has. */
export interface RunAppend {
  readonly database: "plain" | "memory";
  /** In the schema `main`, with the columns of the block. */
  readonly table: string;
  /** encodeBlock's bytes. */
  readonly block: Uint8Array;
}

export interface RunRequest {
  /** One transaction, which may write to one attached database; a single statement needs none. */
  readonly statements: readonly (RunStatement | RunAppend)[];
  readonly rowsRelations?: readonly RowsRelation[];
  readonly timeZone?: string | number;
}

export interface RunResult {
  /** Rows inserted, updated or deleted. */
  readonly changed: number;
  readonly rows: readonly (readonly SqlValue[])[];
}

/** Complete DataRow messages of whole rows, or a block of them. */
export interface RowBatch {
  readonly bytes: Uint8Array;
  readonly rows: number;
  /**
   * To be called, at most once, by whoever knows that nobody reads the bytes any more: their memory
   * is then written again. Else each batch has new memory, which the collector must find.
   */
  readonly giveBack?: (() => void) | undefined;
}

/** A running or suspended query. One batch at a time; close exactly once or more, always. */
export interface Cursor {
  /** Settles when it reads one state of `plain` to its end, also when it has failed before. */
  readonly pinned: Promise<void>;
  /** The next rows, undefined at the end. After an error or the end: closed. */
  next(): Promise<RowBatch | undefined>;
  /** Asks it to stop: a pending or later `next` fails with reason "cancelled". */
  cancel(): void;
  close(): Promise<void>;
}
