/** Messages between the main thread and the engine's worker. */

import type { LogicalType } from "../table/format.ts";
import type { MergeRequest } from "../table/hot-storage.ts";
import type { Inspection, InspectRequest, RewriteRequest } from "../table/segment-files.ts";
import type { Shape } from "../types/shape.ts";
import type { SqlValue } from "../types/value.ts";
import type { Failure } from "./failure-transfer.ts";
import type { FileSchemas } from "./file-schemas.ts";
import type { CursorRequest, EngineParameter, RowBatch, RunRequest, RunResult } from "./request.ts";

export interface EngineOptions {
  readonly memoryLimitBytes: number;
  readonly threads: number;
  /** Where DuckDB spills, and nothing else is; made if missing, emptied by who has the lock. */
  readonly tempDirectory: string;
  /** What all statements together may spill; undefined: what the disk has. */
  readonly temporaryBytesMax?: number | undefined;
  /** All that SQL may reach in the file system, with everything below. */
  readonly allowedDirectories: readonly string[];
  /** Held as long as the engine lives, so that two servers never serve one folder. */
  readonly lockFile?: string;
  /** Where ordinary tables are kept, attached as `plain`; made if missing. */
  readonly plainFile?: string;
}

/** What the worker is asked once, with one answer. */
export interface Calls {
  readonly open: { readonly request: EngineOptions; readonly result: undefined };
  readonly evaluate: { readonly request: EvaluateRequest; readonly result: readonly SqlValue[] };
  readonly run: { readonly request: RunRequest; readonly result: readonly RunResult[] };
  readonly checkpointPlain: { readonly request: undefined; readonly result: undefined };
  readonly explain: { readonly request: ExplainRequest; readonly result: string };
  readonly write: { readonly request: WriteRequest; readonly result: undefined };
  readonly changeFile: { readonly request: ChangeFileRequest; readonly result: undefined };
  readonly mergeFiles: { readonly request: MergeFilesRequest; readonly result: undefined };
  readonly inspect: { readonly request: InspectRequest; readonly result: Inspection };
  readonly rewrite: { readonly request: RewriteRequest; readonly result: undefined };
  readonly createRowTable: {
    readonly request: CreateRowTableRequest;
    readonly result: undefined;
  };
  readonly appendRows: { readonly request: AppendRowsRequest; readonly result: undefined };
  readonly dropRowTable: { readonly request: string; readonly result: undefined };
  readonly schemas: { readonly request: readonly string[]; readonly result: FileSchemas };
}

export interface EvaluateRequest {
  readonly sql: string;
  readonly parameters: readonly EngineParameter[];
  readonly shapes: readonly Shape[];
  readonly timeZone: string | number;
}

export interface Codec {
  readonly compression: "zstd" | "snappy" | "lz4_raw" | "uncompressed";
  /** Of zstd, 1 to 22. */
  readonly level?: number;
}

/** `cursor.sql` gives the columns of the file, in its types. */
export interface WriteRequest extends Codec {
  readonly cursor: Pick<CursorRequest, "sql" | "parameters" | "rowsRelations"> & {
    readonly text: Pick<CursorRequest["text"], "timeZone">;
  };
  /** Absolute; the folder exists, the file does not. */
  readonly path: string;
  /** The engine goes up to the next multiple of 2,048. */
  readonly rowGroupRows?: number | undefined;
  /** Then the path is that of a new folder, with a level of folders for each of these columns. */
  readonly partitionBy?: readonly string[] | undefined;
}

export interface RowTableColumn {
  /** The column is called `c` and this. */
  readonly columnNumber: number;
  readonly typeOid: number;
  readonly typmod: number;
}

export interface CreateRowTableRequest {
  readonly name: string;
  readonly columns: readonly RowTableColumn[];
}

export interface AppendRowsRequest {
  readonly name: string;
  /** encodeBlock's bytes, the table's columns in order. */
  readonly block: Uint8Array;
  /** Numbers of the rows: so many, then so many... */
  readonly sequences: readonly { readonly sequence: number; readonly rows: number }[];
  /** The table is made first, after these statements. */
  readonly create?: {
    readonly before: readonly string[];
    readonly columns: readonly RowTableColumn[];
  };
}

/** A row table says what changes: c1 INTEGER a file's number, c2 BIGINT the row's in it. */
export interface ChangeFileRequest extends Codec {
  /** Absolute path of a segment. */
  readonly source: string;
  /** Absolute; the folder exists, the file does not. */
  readonly target: string;
  /** All columns of the new file, in order; missing ones are NULL. */
  readonly columns: readonly { readonly name: string; readonly type: LogicalType }[];
  /** A row table: c1 number of a file, c2 position of a row in it, c3... values. */
  readonly relation: string | undefined;
  /** The source's number. */
  readonly file: number;
  /** Without a `relation`: the rows of the source. */
  readonly positions?: readonly bigint[] | undefined;
  /**
   * SQL over `change` for new values by column, in the types of the files; undefined: the rows go.
   */
  readonly values: Readonly<Record<string, string>> | undefined;
}

export interface MergeFilesRequest extends Codec, MergeRequest {}

export interface ExplainRequest {
  readonly cursor: CursorRequest;
  readonly isAnalyze: boolean;
}

export type CallName = keyof Calls;

/** `id` names a call or a cursor; the main thread counts them up. */
export type ToWorker =
  | {
      readonly kind: "call";
      readonly id: number;
      readonly name: CallName;
      readonly request: unknown;
    }
  | {
      readonly kind: "cursor";
      readonly id: number;
      readonly request: CursorRequest;
      readonly ahead: number;
    }
  /** One more batch may be sent. */
  | { readonly kind: "demand"; readonly id: number }
  /** Memory of a batch that was read. */
  | { readonly kind: "recycle"; readonly buffer: ArrayBuffer }
  /** Of a call or a cursor. */
  | { readonly kind: "cancel"; readonly id: number }
  | { readonly kind: "close"; readonly id: number }
  /** Cancel and close everything, then end the thread. */
  | { readonly kind: "shutdown" };

export type FromWorker =
  | { readonly kind: "result"; readonly id: number; readonly result: unknown }
  | {
      readonly kind: "batch";
      readonly id: number;
      readonly bytes: Uint8Array;
      readonly rows: number;
    }
  /** A small result from its first row to its end, of a cursor that is closed already. */
  | { readonly kind: "whole"; readonly id: number; readonly batches: readonly RowBatch[] }
  /** Of a cursor that pins. */
  | { readonly kind: "pinned"; readonly id: number }
  /** No more batches; the last words about a cursor, but for `closed`. */
  | { readonly kind: "end"; readonly id: number }
  | { readonly kind: "failed"; readonly id: number; readonly failure: Failure }
  | { readonly kind: "closed"; readonly id: number }
  /** A fault of ours outside of any call: the thread is not to be trusted any more. */
  | { readonly kind: "crashed"; readonly failure: Failure };
