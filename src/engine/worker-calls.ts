/** What the worker answers once: small expressions, plans, inspections of files. */

import { rm } from "node:fs/promises";
import duckdb from "@duckdb/node-bindings";
import { sleep } from "../base/async.ts";
import { assert } from "../base/errors.ts";
import type { SqlValue } from "../types/value.ts";
import { changeFile } from "./change-file.ts";
import { checkColumn, columnTypeOf } from "./column-types.ts";
import { bind, interruptible } from "./cursor.ts";
import { Database, duckdbZone, withLane } from "./database.ts";
import { explainCursor } from "./explain.ts";
import { cancelled, translateFailure } from "./failures.ts";
import { readSchemas } from "./file-schemas.ts";
import { inspectFile } from "./inspect-file.ts";
import { holdLock } from "./lock.ts";
import { mergeFiles } from "./merge-files.ts";
import { makePlainLog } from "./plain-log.ts";
import type { CallName, Calls, EngineOptions, EvaluateRequest } from "./protocol.ts";
import { readValues } from "./read-values.ts";
import { rewriteFile } from "./rewrite-file.ts";
import { appendRows, createRowTable, dropRowTable } from "./row-tables.ts";
import { runStatements } from "./run-statements.ts";
import { writeQuery } from "./write-query.ts";
import { withWrittenValues } from "./written-values.ts";

const CLOSE_POLL_MS = 5;

export class WorkerCalls {
  #options: EngineOptions | undefined;
  #database: Database | undefined;
  /** Opened at the first inspection of a file. */
  #files: Promise<Database> | undefined;
  #releaseLock: (() => void) | undefined;
  /** Calls under way; true: asked to stop. */
  readonly #running = new Map<number, { isCancelled: boolean }>();

  get database(): Database {
    assert(this.#database !== undefined, "the engine is not open");
    return this.#database;
  }

  async run(id: number, name: CallName, request: unknown): Promise<unknown> {
    const state = { isCancelled: false };
    this.#running.set(id, state);
    try {
      return await this.#dispatch(name, request, () => state.isCancelled);
    } catch (thrown) {
      throw state.isCancelled ? cancelled(thrown) : translateFailure(thrown);
    } finally {
      this.#running.delete(id);
    }
  }

  cancel(id: number): void {
    const state = this.#running.get(id);
    if (state !== undefined) state.isCancelled = true;
  }

  async #dispatch(name: CallName, request: unknown, isCancelled: () => boolean): Promise<unknown> {
    switch (name) {
      case "open":
        return await this.#open(request as EngineOptions);
      case "evaluate":
        return await evaluate(this.database, request as EvaluateRequest, isCancelled);
      case "run":
        return await runStatements(this.database, request as Calls["run"]["request"], isCancelled);
      case "explain":
        return await explainCursor(
          this.database,
          request as Calls["explain"]["request"],
          isCancelled,
        );
      case "write":
        return await writeQuery(this.database, request as Calls["write"]["request"], isCancelled);
      case "changeFile":
        return await changeFile(
          this.database,
          request as Calls["changeFile"]["request"],
          isCancelled,
        );
      case "mergeFiles":
        return await mergeFiles(
          this.database,
          request as Calls["mergeFiles"]["request"],
          isCancelled,
        );
      case "inspect":
        return await inspectFile(
          await this.#inspector(),
          request as Calls["inspect"]["request"],
          isCancelled,
        );
      case "rewrite":
        return await rewriteFile(
          await this.#inspector(),
          request as Calls["rewrite"]["request"],
          isCancelled,
        );
      case "checkpointPlain":
        return await this.#checkpointPlain();
      case "createRowTable":
        return await createRowTable(this.database, request as Calls["createRowTable"]["request"]);
      case "appendRows":
        return await appendRows(
          this.database,
          request as Calls["appendRows"]["request"],
          isCancelled,
        );
      case "dropRowTable":
        return await dropRowTable(this.database, request as Calls["dropRowTable"]["request"]);
      case "schemas":
        return await readSchemas(this.database, request as Calls["schemas"]["request"]);
    }
  }

  /** Stops what is under way, then closes DuckDB and frees the lock. */
  async close(): Promise<void> {
    for (const state of this.#running.values()) state.isCancelled = true;
    while (this.#running.size > 0) await sleep(CLOSE_POLL_MS);
    this.#database?.close();
    (await this.#files)?.close();
    this.#releaseLock?.();
  }

  async #open(options: EngineOptions): Promise<undefined> {
    if (options.lockFile !== undefined) {
      this.#releaseLock = await holdLock(options.lockFile);
      // What a server that was killed had spilled.
      await rm(options.tempDirectory, { recursive: true, force: true });
    }
    this.#database = await Database.open(options);
    this.#options = options;
  }

  async #checkpointPlain(): Promise<undefined> {
    const file = this.#options?.plainFile;
    assert(file !== undefined, "no plain.duckdb is attached");
    await withLane(this.database, "UTC", async ({ connection }) => {
      await duckdb.query(connection, "CHECKPOINT plain");
      await makePlainLog(connection, file);
    });
  }

  async #inspector(): Promise<Database> {
    assert(this.#options !== undefined, "the engine is not open");
    this.#files ??= Database.openUncached(this.#options);
    return await this.#files;
  }
}

async function evaluate(
  database: Database,
  request: EvaluateRequest,
  isCancelled: () => boolean,
): Promise<readonly SqlValue[]> {
  return await withLane(database, duckdbZone(request.timeZone, request.sql), async (lane) => {
    const text = withWrittenValues(request.sql, request.parameters);
    if (text !== undefined) {
      const call = () => duckdb.query(lane.connection, text);
      return await firstRow(await interruptible(lane.connection, isCancelled, call), request);
    }
    const prepared = await duckdb.prepare(lane.connection, request.sql);
    try {
      bind(prepared, request);
      const call = () => duckdb.execute_prepared(prepared);
      return await firstRow(await interruptible(lane.connection, isCancelled, call), request);
    } finally {
      duckdb.destroy_prepare_sync(prepared);
    }
  });
}

async function firstRow(
  result: duckdb.Result,
  { shapes }: EvaluateRequest,
): Promise<readonly SqlValue[]> {
  const chunk = await duckdb.fetch_chunk(result);
  const rows = chunk === null ? 0 : duckdb.data_chunk_get_size(chunk);
  assert(chunk !== null && rows > 0, "an expression gave no row");
  return shapes.map((shape, i) => {
    const type = columnTypeOf(duckdb.column_logical_type(result, i));
    checkColumn(shape, type, `column ${i + 1}`);
    const vector = duckdb.data_chunk_get_vector(chunk, i);
    return readValues(shape, type, vector, rows)(0) as SqlValue;
  });
}
