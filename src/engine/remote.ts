/** The engine's face on the main thread: messages become calls, batches are pulled with a bound. */

import { Worker } from "node:worker_threads";
import { type Deferred, deferred } from "../base/async.ts";
import { assert } from "../base/errors.ts";
import { workerUrl } from "../base/worker-url.ts";
import { joinBlocks } from "../table/join-blocks.ts";
import { encodeBlock, type RowBlock } from "../table/row-block.ts";
import type {
  Inspection,
  InspectRequest,
  RewriteRequest,
  SegmentFiles,
} from "../table/segment-files.ts";
import type { Shape } from "../types/shape.ts";
import type { SqlValue } from "../types/value.ts";
import { type BindOptions, type BoundColumn, bindTable, type RowRange } from "./bindings.ts";
import type { TypedColumn } from "./bound-types.ts";
import { BlockCursor, blockRequest } from "./collect.ts";
import { EngineError } from "./error.ts";
import { unpackFailure } from "./failure-transfer.ts";
import type {
  CallName,
  Calls,
  ChangeFileRequest,
  EngineOptions,
  FromWorker,
  MergeFilesRequest,
  RowTableColumn,
  ToWorker,
  WriteRequest,
} from "./protocol.ts";
import { RemoteCursor } from "./remote-cursor.ts";
import type { Cursor, CursorRequest, EngineParameter, RunRequest, RunResult } from "./request.ts";
import { SegmentGroups } from "./segment-groups.ts";

export type { EngineOptions } from "./protocol.ts";

/** Batches that may wait on this side, so that the worker encodes while the client is served. */
const BATCHES_AHEAD = 3;

export class Engine implements SegmentFiles {
  readonly #worker: Worker;
  readonly #calls = new Map<number, Deferred<unknown>>();
  readonly #cursors = new Map<number, RemoteCursor>();
  readonly #groups = new SegmentGroups((paths) => this.#call("schemas", paths));
  /** Which columns the row tables have. */
  readonly #rowTables = new Map<string, ReadonlySet<number>>();
  readonly #exited = deferred<void>();
  #lastId = 0;
  #isClosing = false;
  #failure: EngineError | undefined;

  private constructor() {
    this.#worker = new Worker(workerUrl("engine/worker.ts", import.meta.url), {
      name: "pgtide-engine",
      execArgv: [], // flags of this process may be none that a thread takes
    });
    this.#worker.on("message", (message: FromWorker) => this.#receive(message));
    this.#worker.on("error", (cause) => this.#stop("the engine's thread failed", cause));
    this.#worker.on("exit", () => {
      this.#stop("the engine has stopped", undefined);
      this.#exited.resolve();
    });
  }

  /**
   * Starts the worker and opens DuckDB in it. The caller closes the engine.
   * @throws EngineError "folder-locked" when another process holds `lockFile`.
   */
  static async open(options: EngineOptions): Promise<Engine> {
    const engine = new Engine();
    try {
      await engine.#call("open", options);
      return engine;
    } catch (cause) {
      await engine.close();
      throw cause;
    }
  }

  /** Starts a query. Its errors come from the cursor's first `next`. */
  async openCursor(request: CursorRequest): Promise<Cursor> {
    this.#checkOpen();
    const id = this.#nextId();
    const post = (kind: "demand" | "cancel" | "close") => {
      // Of a worker that has ended nothing will come back: the cursor knows.
      if (this.#failure === undefined) this.#post({ kind, id });
      else cursor.receive({ kind: "closed", id });
    };
    const cursor = new RemoteCursor(post, (buffer) => this.#recycle(buffer));
    this.#cursors.set(id, cursor);
    this.#post({ kind: "cursor", id, request, ahead: BATCHES_AHEAD });
    return cursor;
  }

  /**
   * A query whose first columns, one for each of `columns`, are read as blocks in the bound types.
   * Values must have been coerced to the columns' types. The caller closes it.
   * @throws SqlError 0A000 for what cannot be stored
   */
  async openBlocks(
    request: CursorRequest,
    columns: readonly TypedColumn[],
    signal?: AbortSignal,
  ): Promise<BlockCursor> {
    const cursor = await this.openCursor(blockRequest(request, columns));
    return new BlockCursor(cursor, columns, signal);
  }

  /** The same as one block; undefined when there are more than `rowsMax` rows. */
  async collect(
    request: CursorRequest,
    columns: readonly TypedColumn[],
    rowsMax: number,
    signal?: AbortSignal,
  ): Promise<RowBlock | undefined> {
    return await (await this.openBlocks(request, columns, signal)).collect(rowsMax);
  }

  /** The first row of a small SELECT without relations. */
  async evaluate(
    sql: string,
    parameters: readonly EngineParameter[],
    shapes: readonly Shape[],
    options: { readonly timeZone?: string | number; readonly signal?: AbortSignal } = {},
  ): Promise<readonly SqlValue[]> {
    const timeZone = options.timeZone ?? "UTC";
    return await this.#call("evaluate", { sql, parameters, shapes, timeZone }, options.signal);
  }

  /**
   * Statements in one transaction on one connection, all or nothing; one result each. An error of
   * its COMMIT, as any other, leaves nothing behind.
   */
  async run(request: RunRequest, signal?: AbortSignal): Promise<readonly RunResult[]> {
    return await this.#call("run", request, signal);
  }

  /** Gives the rows of ordinary tables other rowids: nobody may remember any. */
  async checkpointPlain(): Promise<void> {
    await this.#call("checkpointPlain", undefined);
  }

  /** DuckDB's plan, with times and row counts when the statement is run for it. */
  async explain(cursor: CursorRequest, isAnalyze: boolean, signal?: AbortSignal): Promise<string> {
    return await this.#call("explain", { cursor, isAnalyze }, signal);
  }

  /** The rows of a SELECT into a new Parquet file; none is left behind when it fails. */
  async write(request: WriteRequest, signal?: AbortSignal): Promise<void> {
    await this.#call("write", request, signal);
  }

  /** A segment again, without rows or with other values in them. */
  async changeFile(request: ChangeFileRequest, signal?: AbortSignal): Promise<void> {
    await this.#call("changeFile", request, signal);
  }

  /** Segments as one file; none is left behind when it fails. */
  async mergeFiles(request: MergeFilesRequest, signal?: AbortSignal): Promise<void> {
    await this.#call("mergeFiles", request, signal);
  }

  async inspect(request: InspectRequest, signal?: AbortSignal): Promise<Inspection> {
    return await this.#call("inspect", request, signal);
  }

  async rewrite(request: RewriteRequest, signal?: AbortSignal): Promise<void> {
    await this.#call("rewrite", request, signal);
  }

  /**
   * The SQL that stands for a table in a statement: a parenthesised SELECT of the columns from the
   * segments, which are absolute paths, and from ranges of row tables. Rows keep the order of the
   * paths among files that are alike.
   * @throws SqlError 0A000 for a column that cannot be read so
   */
  async bindTable(
    columns: readonly BoundColumn[],
    paths: readonly string[],
    ranges: readonly RowRange[] = [],
    options: BindOptions = {},
  ): Promise<string> {
    const bound = ranges.map((range) => {
      const columnNumbers = this.#rowTables.get(range.relation);
      assert(columnNumbers !== undefined, () => `there is no row table ${range.relation}`);
      return { ...range, columnNumbers };
    });
    return bindTable(columns, await this.#groups.of(paths), bound, options);
  }

  /** A table in memory for rows of blocks; `relation` of a RowRange is its name. */
  async createRowTable(name: string, columns: readonly RowTableColumn[]): Promise<void> {
    await this.#call("createRowTable", { name, columns });
    this.#rowTables.set(name, new Set(columns.map(({ columnNumber }) => columnNumber)));
  }

  /**
   * Appends blocks, all or nothing, each with its number. A statement that begins after this has
   * returned sees them; one under way does not. Small ones are best given together.
   */
  async appendRows(
    name: string,
    parts: readonly { readonly block: RowBlock; readonly sequence: number }[],
    signal?: AbortSignal,
  ): Promise<void> {
    const block = encodeBlock(joinBlocks(parts.map((part) => part.block)));
    const sequences = parts.map(({ block: { rows }, sequence }) => ({ sequence, rows }));
    const transfer = [block.buffer as ArrayBuffer];
    await this.#call("appendRows", { name, block, sequences }, signal, transfer);
  }

  /**
   * A table of rows that statements name as `memory.main.name`, until one drops it. `before`:
   * statements of the same transaction.
   */
  async stageRows(
    name: string,
    columns: readonly RowTableColumn[],
    given: RowBlock,
    before: readonly string[],
    signal?: AbortSignal,
    sequences = [{ sequence: 0, rows: given.rows }],
  ): Promise<void> {
    const block = encodeBlock(given);
    const request = { name, block, sequences, create: { before, columns } };
    await this.#call("appendRows", request, signal, [block.buffer as ArrayBuffer]);
  }

  /** Statements under way keep reading it. */
  async dropRowTable(name: string): Promise<void> {
    this.#rowTables.delete(name);
    await this.#call("dropRowTable", name);
  }

  /** To be called when a table's folder was removed or is adopted: its names may come again. */
  forgetFiles(directory: string): void {
    this.#groups.forget(directory);
  }

  /**
   * Cancels everything under way, closes DuckDB, frees the lock. Harmless when repeated. The thread
   * is never terminated from here: with a call of DuckDB under way that ends the whole process.
   */
  async close(): Promise<void> {
    if (!this.#isClosing) {
      this.#isClosing = true;
      this.#post({ kind: "shutdown" });
    }
    await this.#exited.promise;
  }

  async #call<Name extends CallName>(
    name: Name,
    request: Calls[Name]["request"],
    signal?: AbortSignal,
    transfer: readonly ArrayBuffer[] = [],
  ): Promise<Calls[Name]["result"]> {
    this.#checkOpen();
    signal?.throwIfAborted();
    const id = this.#nextId();
    const answer = deferred<unknown>();
    this.#calls.set(id, answer);
    const cancel = () => this.#post({ kind: "cancel", id });
    signal?.addEventListener("abort", cancel, { once: true });
    try {
      this.#worker.postMessage({ kind: "call", id, name, request } satisfies ToWorker, transfer);
      return (await answer.promise) as Calls[Name]["result"];
    } finally {
      signal?.removeEventListener("abort", cancel);
      this.#calls.delete(id);
    }
  }

  #checkOpen(): void {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#isClosing) throw new EngineError("engine-stopped", "the engine is being closed");
  }

  #nextId(): number {
    this.#lastId += 1;
    return this.#lastId;
  }

  #post(message: ToWorker): void {
    this.#worker.postMessage(message);
  }

  #recycle(buffer: ArrayBuffer): void {
    this.#worker.postMessage({ kind: "recycle", buffer } satisfies ToWorker, [buffer]);
  }

  #receive(message: FromWorker): void {
    if (message.kind === "crashed") {
      this.#stop("the engine's thread failed", unpackFailure(message.failure));
      return;
    }
    const { id } = message;
    if (message.kind === "result") {
      this.#calls.get(id)?.resolve(message.result);
      return;
    }
    const call = this.#calls.get(id);
    if (call !== undefined && message.kind === "failed") {
      call.reject(unpackFailure(message.failure));
      return;
    }
    this.#cursors.get(id)?.receive(message);
    if (message.kind === "closed" || message.kind === "whole") this.#cursors.delete(id);
  }

  #stop(message: string, cause: unknown): void {
    if (this.#failure !== undefined) return;
    const failure = new EngineError("engine-stopped", message, { cause });
    this.#failure = failure;
    for (const call of this.#calls.values()) call.reject(failure);
    for (const cursor of this.#cursors.values()) cursor.stop(failure);
    this.#calls.clear();
    this.#cursors.clear();
  }
}
