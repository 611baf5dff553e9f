/**
 * One statement's result on a connection of its own, as batches of DataRow messages.
 *
 * DuckDB ends a stream in the same way whether it is complete, has failed or was interrupted, and
 * the binding tells nothing. So a streamed query gets one more row at its end, a sentinel, marked
 * in one more column; a stream without it has failed. Why it failed is found by running it again
 * without a result. A statement known to give few rows is materialised instead: then DuckDB reports
 * the error. So is one thought to give few, up to a limit: behind the limit it becomes a stream.
 */

import duckdb from "@duckdb/node-bindings";
import { every } from "../base/async.ts";
import { assert } from "../base/errors.ts";
import { readData } from "./chunks.ts";
import { type ColumnType, checkColumn, columnTypeOf } from "./column-types.ts";
import { type Database, duckdbZone, type Lane } from "./database.ts";
import { BlockEncoder } from "./encode-blocks.ts";
import { LineEncoder } from "./encode-lines.ts";
import { RowEncoder } from "./encode-rows.ts";
import { cancelled, translateFailure } from "./failures.ts";
import { duckdbValue } from "./parameters.ts";
import { preparedIn } from "./prepared-statements.ts";
import type { CursorRequest, RowBatch } from "./request.ts";
import { createRows, dropRows } from "./rows-relations.ts";
import { withWrittenValues } from "./written-values.ts";

/** An interrupt sent before DuckDB has begun is lost, so it is repeated until the call returns. */
const INTERRUPT_EVERY_MS = 5;
/** Whole chunks are put into a batch until it is this large. */
const BATCH_BYTES = 256 * 1024;
/**
 * A block is copied a few times on its way: it may be larger, and nobody waits for its first rows.
 */
const BLOCK_BYTES = 4 * 1024 * 1024;
/** Wide rows make a batch larger than that, but not by more than this or a row. */
const WRITE_BYTES_MAX = 4 * 1024 * 1024;

type Encoder = RowEncoder | LineEncoder | BlockEncoder;

export class EngineCursor {
  readonly #database: Database;
  readonly #request: CursorRequest;
  readonly #onPinned: () => void;
  #lane: Lane | undefined;
  #result: duckdb.Result | undefined;
  /** The result is all there, else a stream with a sentinel. */
  #isCollected = false;
  #encoder: Encoder | undefined;
  /** Fetched while the chunk before it is encoded. */
  #ahead: Promise<duckdb.DataChunk | null> | undefined;
  #chunksRead = 0;
  #isCancelled = false;
  #isEnded = false;
  /** Nothing is left to fetch. */
  #isStreamRead = false;
  /** The first batch goes out with the first chunk: somebody waits. */
  #isFirst = true;
  /** The sentinel was seen. */
  #isComplete = false;

  /** `onPinned` is called once the statement reads one state of `plain`, if it asks for that. */
  constructor(database: Database, request: CursorRequest, onPinned: () => void = ignore) {
    this.#database = database;
    this.#request = request;
    this.#onPinned = onPinned;
  }

  /** Whether all rows were there when the first batch came. */
  get isCollected(): boolean {
    return this.#isCollected;
  }

  /** Asks a running or later call to stop with "cancelled". */
  cancel(): void {
    this.#isCancelled = true;
    if (this.#lane !== undefined) this.#database.markCancelled(this.#lane);
  }

  /** @throws the statement's error, once; the cursor must be closed then. */
  async next(): Promise<RowBatch | undefined> {
    try {
      if (this.#isCancelled) throw cancelled();
      if (this.#isEnded) return undefined;
      if (this.#result === undefined) await this.#open();
      return await this.#batch();
    } catch (thrown) {
      this.#isEnded = true;
      throw this.#isCancelled ? cancelled(thrown) : translateFailure(thrown);
    }
  }

  async close(): Promise<void> {
    this.#isEnded = true;
    const lane = this.#lane;
    if (lane === undefined) return;
    this.#lane = undefined;
    if (this.#ahead !== undefined) {
      // The pending fetch sees the flag and is interrupted.
      this.#isCancelled = true;
      this.#database.markCancelled(lane);
      await this.#ahead.catch(ignore);
    }
    try {
      await this.#endStream(lane);
      // The end of the transaction takes its temporary tables with it.
      if (this.#request.pinsPlain === true) {
        await duckdb.query(lane.connection, "ROLLBACK");
      } else {
        for (const relation of this.#request.rowsRelations) {
          await dropRows(lane.connection, relation);
        }
      }
    } catch {
      // Whatever state the connection is in, nobody else shall find it there.
      this.#database.drop(lane);
      return;
    }
    this.#database.release(lane);
  }

  /** Makes DuckDB let go of files and memory: a stream holds them until its end is read. */
  async #endStream(lane: Lane): Promise<void> {
    const result = this.#result;
    this.#result = undefined;
    this.#encoder = undefined;
    if (result === undefined || this.#isCollected) return;
    // Behind the sentinel is the end. Else the next statement on the connection ends the stream.
    if (this.#isComplete) await duckdb.fetch_chunk(result);
    else await duckdb.query(lane.connection, "SELECT 1");
  }

  async #open(): Promise<void> {
    const { sql, isSmall, rowsGuessed, rowsRelations, text, shapes } = this.#request;
    const lane = await this.#database.lane(duckdbZone(text.timeZone, sql));
    this.#lane = lane;
    if (this.#request.pinsPlain === true) await this.#pin(lane);
    for (const relation of rowsRelations) await createRows(lane.connection, relation);
    let result: duckdb.Result | undefined;
    if (isSmall) result = await this.#collect(lane, sql);
    else if (rowsGuessed !== undefined) result = await this.#collectAtMost(lane, rowsGuessed);
    this.#isCollected = result !== undefined;
    this.#result =
      result ??
      (await this.#execute(lane, withSentinel(sql, shapes.length), (prepared) =>
        duckdb.execute_prepared_streaming(prepared),
      ));
    this.#encoder = this.#makeEncoder(this.#result);
    this.#fetch(lane);
  }

  async #collect(lane: Lane, sql: string): Promise<duckdb.Result> {
    if (this.#request.isRepeated === true) {
      const prepared = await preparedIn(lane, sql);
      bind(prepared, this.#request);
      return await this.#interruptible(lane, () => duckdb.execute_prepared(prepared));
    }
    const text = withWrittenValues(sql, this.#request.parameters);
    if (text !== undefined) {
      return await this.#interruptible(lane, () => duckdb.query(lane.connection, text));
    }
    return await this.#execute(lane, sql, (prepared) => duckdb.execute_prepared(prepared));
  }

  /** undefined: there are more rows. */
  async #collectAtMost(lane: Lane, rows: number): Promise<duckdb.Result | undefined> {
    const { sql, shapes } = this.#request;
    const names = columnNames(shapes.length);
    const limited = `SELECT * FROM (${sql}\n) AS q(${names}) LIMIT ${rows + 1}`;
    const result = await this.#collect(lane, limited);
    return duckdb.row_count(result) <= rows ? result : undefined;
  }

  /** DuckDB takes the snapshot of a database when a transaction first touches it. */
  async #pin(lane: Lane): Promise<void> {
    await duckdb.query(lane.connection, "BEGIN");
    await duckdb.query(lane.connection, "SELECT count(*) FROM plain.main.txn");
    this.#onPinned();
  }

  async #execute(
    lane: Lane,
    statement: string,
    execute: (prepared: duckdb.PreparedStatement) => Promise<duckdb.Result>,
  ): Promise<duckdb.Result> {
    const { connection } = lane;
    const prepared = await this.#interruptible(lane, () => duckdb.prepare(connection, statement));
    try {
      bind(prepared, this.#request);
      return await this.#interruptible(lane, () => execute(prepared));
    } finally {
      duckdb.destroy_prepare_sync(prepared);
    }
  }

  #makeEncoder(result: duckdb.Result): Encoder {
    const { shapes, formats, text, layouts, lines } = this.#request;
    const count = duckdb.column_count(result);
    const expected = shapes.length + (this.#isCollected ? 0 : 1);
    assert(count === expected, () => `the query gives ${count} columns, promised were ${expected}`);
    const types: ColumnType[] = shapes.map((shape, i) => {
      const type = columnTypeOf(duckdb.column_logical_type(result, i));
      checkColumn(shape, type, `column ${i + 1}`);
      return type;
    });
    if (layouts !== undefined) return new BlockEncoder(types.slice(0, layouts.length), layouts);
    if (lines !== undefined) {
      return new LineEncoder(lines, formats.length, shapes, types, text);
    }
    return new RowEncoder(shapes, types, formats, text);
  }

  #fetch(lane: Lane): void {
    const result = this.#result as duckdb.Result;
    if (this.#isCollected) {
      // All of it is there already: no need to go through another thread.
      const isLast = this.#chunksRead >= duckdb.result_chunk_count(result);
      const chunk = isLast ? null : duckdb.result_get_chunk(result, this.#chunksRead);
      this.#chunksRead += 1;
      this.#ahead = Promise.resolve(chunk);
      return;
    }
    const ahead = this.#interruptible(lane, () => duckdb.fetch_chunk(result));
    ahead.catch(ignore); // awaited by #batch or #close
    this.#ahead = ahead;
  }

  async #batch(): Promise<RowBatch | undefined> {
    const encoder = this.#encoder as Encoder;
    const isBlock = this.#request.layouts !== undefined;
    while (encoder.bytes < (isBlock ? BLOCK_BYTES : BATCH_BYTES)) {
      if (encoder.hasMore) encoder.write(WRITE_BYTES_MAX);
      else if (this.#isStreamRead || (encoder.rows > 0 && this.#isFirst && !isBlock)) break;
      else await this.#loadChunk(encoder);
    }
    this.#isFirst = false;
    if (encoder.rows === 0) return undefined;
    const isLast = this.#isStreamRead && !encoder.hasMore;
    return encoder.take(isLast ? 0 : BATCH_BYTES + BATCH_BYTES / 4);
  }

  async #loadChunk(encoder: Encoder): Promise<void> {
    const chunk = (await this.#ahead) ?? null;
    this.#ahead = undefined;
    if (this.#isCancelled) throw cancelled();
    const size = chunk === null ? 0 : duckdb.data_chunk_get_size(chunk);
    if (chunk === null || size === 0) {
      if (!this.#isCollected) await this.#explainEnd();
      this.#isStreamRead = true;
      return;
    }
    const rows = this.#rowsBeforeSentinel(chunk, size);
    if (rows === size) this.#fetch(this.#lane as Lane);
    else this.#isStreamRead = this.#isComplete = true;
    encoder.load(chunk, rows);
  }

  /** The sentinel is the last row of the stream, in a chunk of its own or behind others. */
  #rowsBeforeSentinel(chunk: duckdb.DataChunk, size: number): number {
    if (this.#isCollected) return size;
    const vector = duckdb.data_chunk_get_vector(chunk, this.#request.shapes.length);
    const marks = readData(vector, size, 1);
    const at = marks.indexOf(1);
    assert(at === -1 || at === size - 1, "rows follow the sentinel");
    return at === -1 ? size : at;
  }

  /** A stream has ended without its sentinel: runs the query again for its error, and throws it. */
  async #explainEnd(): Promise<never> {
    const lane = this.#lane as Lane;
    const { sql, shapes } = this.#request;
    const names = columnNames(shapes.length);
    const again = `SELECT bit_xor(hash(q)) FROM (${sql}\n) AS q(${names})`;
    await this.#execute(lane, again, (prepared) => duckdb.execute_prepared(prepared));
    throw new Error("a result ended early, and the same query ran well again");
  }

  /** Runs one call of DuckDB, interrupted as long as the cursor is cancelled. */
  async #interruptible<T>(lane: Lane, call: () => Promise<T>): Promise<T> {
    return await interruptible(lane.connection, () => this.#isCancelled, call);
  }
}

export async function interruptible<T>(
  connection: duckdb.Connection,
  isCancelled: () => boolean,
  call: () => Promise<T>,
): Promise<T> {
  const timer = every(INTERRUPT_EVERY_MS, () => {
    if (isCancelled()) duckdb.interrupt(connection);
  });
  try {
    return await call();
  } finally {
    timer.cancel();
  }
}

/** NULL takes the type of the column it stands under, so no column changes its type. */
function withSentinel(sql: string, columns: number): string {
  const nulls = Array.from({ length: columns }, () => "NULL").join(", ");
  const names = columnNames(columns);
  return (
    `SELECT *, false FROM (${sql}\n) AS q(${names})` +
    ` UNION ALL SELECT ${nulls}${columns > 0 ? ", " : ""}true`
  );
}

function columnNames(count: number): string {
  return Array.from({ length: count }, (_, i) => `c${i + 1}`).join(", ");
}

export function bind(
  prepared: duckdb.PreparedStatement,
  request: Pick<CursorRequest, "parameters">,
): void {
  const count = duckdb.nparams(prepared);
  request.parameters.slice(0, count).forEach(({ typeOid, value }, i) => {
    duckdb.bind_value(prepared, i + 1, duckdbValue(typeOid, value));
  });
}

function ignore(): void {
  // The error belongs to whoever awaits the same promise, or to nobody: the cursor is being closed.
}
