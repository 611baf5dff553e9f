/** COPY FROM: data of a client or of a file on the server into a table, all of it or nothing. */

import { rm, stat } from "node:fs/promises";
import { type ErrorFields, SqlError } from "../../base/errors.ts";
import type { RelationInfo } from "../../compile/plan.ts";
import type { RowBlock } from "../../table/row-block.ts";
import { coveredNotices } from "../covered-notice.ts";
import type { Execution, Result } from "../execution.ts";
import type { Reply } from "../results.ts";
import { reportable } from "../sqlstate.ts";
import { isTemporarySchema } from "../temporary.ts";
import { notBuilt } from "../utility.ts";
import { requireWritable } from "../write-rules.ts";
import { appendFile, receive, withoutPath } from "./append-file.ts";
import { ArrowRows } from "./arrow/arrow-rows.ts";
import { CopyCounts } from "./copy-counts.ts";
import { type ChunkSource, CopyQueue } from "./copy-queue.ts";
import type { CopyFrom } from "./copy-statement.ts";
import type { CopyTarget } from "./copy-target.ts";
import { openFile } from "./file-chunks.ts";
import { filterBlock } from "./filter-block.ts";
import { ParquetRows } from "./parquet/parquet-rows.ts";
import { PlainTarget, refuseFreeze } from "./plain-target.ts";
import { RowStream } from "./row-stream.ts";
import { TstableTarget } from "./tstable-target.ts";

export async function copyFrom(copy: CopyFrom, execution: Execution): Promise<Result> {
  const info = execution.services.tables.relation(copy.relationOid);
  if (info === undefined || !isTemporarySchema(info.schema)) {
    requireWritable("COPY FROM", execution);
  }
  execution.transaction.markRead();
  if (info === undefined || info.kind === "store") {
    throw new SqlError("42501", `permission denied for table ${copy.relation}`);
  }
  refuseUnbuilt(copy, info);
  if (copy.file === undefined) {
    return { kind: "replies", replies: fromClient(copy, info, execution) };
  }
  const path = await execution.services.files.file(copy.file);
  return { kind: "replies", replies: fromFile(path, copy, info, execution) };
}

/** @throws SqlError 0A000 */
function refuseUnbuilt(copy: CopyFrom, info: RelationInfo): void {
  const { options } = copy;
  const { overlap, idempotencyKey, message } = options;
  if (!becomesSegment(copy, info) && (idempotencyKey !== undefined || message !== undefined)) {
    throw notBuilt(
      "a MESSAGE or IDEMPOTENCY_KEY of rows",
      "They belong to FORMAT parquet of all columns into a time-series table.",
    );
  }
  if (options.freeze && info.kind !== "ordinary") {
    const hint = "Leave FREEZE out: there is nothing to freeze.";
    throw notBuilt("COPY FREEZE into a time-series table", hint);
  }
  if (overlap !== undefined && info.kind === "ordinary") {
    throw notBuilt("COPY with OVERLAP into an ordinary table");
  }
}

/** A whole file for a time-series table stays as it is; of others the rows are read. */
function becomesSegment({ options, where, isWhole }: CopyFrom, { kind }: RelationInfo): boolean {
  return options.format === "parquet" && kind === "tstable" && isWhole && where === undefined;
}

async function* fromFile(
  path: string,
  copy: CopyFrom,
  info: RelationInfo,
  execution: Execution,
): AsyncGenerator<Reply> {
  const counts = new CopyCounts({ relid: info.oid, command: "COPY FROM", type: "FILE" }, execution);
  try {
    counts.bytesTotal = (await stat(path)).size;
    if (becomesSegment(copy, info)) {
      const entry = execution.services.tables.requireByOid(info.oid);
      yield* appendFile(copy, entry, { kind: "file", path }, execution);
    } else {
      const source = await openFile(path, execution.signal);
      yield* load(copy, info, { source: counts.counted(source), counts }, execution);
    }
  } finally {
    counts.end();
  }
}

async function* fromClient(
  copy: CopyFrom,
  info: RelationInfo,
  execution: Execution,
): AsyncGenerator<Reply> {
  const receiver = new CopyQueue(execution.signal);
  const format = copy.options.format === "text" || copy.options.format === "csv" ? 0 : 1;
  const counts = new CopyCounts({ relid: info.oid, command: "COPY FROM", type: "PIPE" }, execution);
  const source = counts.counted(receiver);
  try {
    yield { kind: "copy-in", format, columnFormats: copy.columns.map(() => format), receiver };
    if (becomesSegment(copy, info)) {
      const entry = execution.services.tables.requireByOid(info.oid);
      yield* appendFile(copy, entry, { kind: "client", chunks: source }, execution);
    } else yield* load(copy, info, { source, counts }, execution);
  } finally {
    counts.end();
    await receiver.close();
  }
}

interface Data {
  readonly source: ChunkSource;
  readonly counts: CopyCounts;
}

async function* load(
  copy: CopyFrom,
  info: RelationInfo,
  { source, counts }: Data,
  execution: Execution,
): AsyncGenerator<Reply> {
  const target = await openTarget(copy, info, execution).catch(async (cause: unknown) => {
    await source.close();
    throw cause;
  });
  const taking: Taking = { copy, info, target, counts, added: Promise.resolve() };
  try {
    let skipped: ErrorFields | undefined;
    if (copy.options.format === "arrow") {
      await take(await ArrowRows.open(copy, info, source, execution), taking, execution);
    } else if (copy.options.format === "parquet") {
      await takeFile(source, taking, execution);
    } else {
      const stream = await RowStream.open(copy, info, execution);
      counts.reader = () => stream;
      while (!stream.isFinished) {
        stream.push(await nextChunk(source, stream, info));
        await take(stream, taking, execution);
        for (const fields of stream.takeNotices()) yield { kind: "notice", fields };
      }
      // What a client sends behind the end marker is passed over.
      if (copy.file === undefined) while ((await source.next()) !== undefined);
      skipped = skippedNotice(stream.skipped, copy);
    }
    await taking.added;
    const repeats = await target.finish();
    if (skipped !== undefined) yield { kind: "notice", fields: skipped };
    for (const fields of coveredNotices(repeats, execution.settings)) {
      yield { kind: "notice", fields };
    }
    yield { kind: "complete", tag: `COPY ${counts.rows - repeats}` };
  } finally {
    await taking.added.catch(() => undefined);
    await target.close();
    await source.close();
  }
}

/** @throws SqlError of the client, with the line that was to come as CONTEXT */
async function nextChunk(
  source: ChunkSource,
  stream: RowStream,
  { name }: RelationInfo,
): Promise<Uint8Array | undefined> {
  try {
    return await source.next();
  } catch (cause) {
    if (!(cause instanceof SqlError) || cause.fields.where !== undefined) throw cause;
    if (!stream.hasBegun) throw cause;
    const { sqlState, message, ...fields } = cause.fields;
    const where = `COPY ${name}, line ${stream.line + 1}`;
    throw new SqlError(sqlState, message, { ...fields, where, cause });
  }
}

interface Taking {
  readonly copy: CopyFrom;
  readonly info: RelationInfo;
  readonly target: CopyTarget;
  readonly counts: CopyCounts;
  /** Of the last block. Handled, so that it may fail while the next one is read. */
  added: Promise<void>;
}

/** All blocks that the data so far make. While one is taken in, the next one is read. */
async function take(
  stream: { next(): Promise<RowBlock | undefined> },
  taking: Taking,
  execution: Execution,
): Promise<void> {
  const { copy, info, target, counts } = taking;
  try {
    for (;;) {
      execution.signal.throwIfAborted();
      const read = await stream.next();
      if (read === undefined) return;
      const block =
        copy.where === undefined
          ? read
          : await filterBlock(read, { ...copy, where: copy.where }, info, execution);
      await taking.added;
      counts.rows += block.rows;
      counts.excluded += read.rows - block.rows;
      taking.added = target.add(block);
      taking.added.catch(() => undefined);
    }
  } catch (cause) {
    // What is wrong with an earlier block comes first.
    await taking.added;
    throw cause;
  }
}

/** The rows of a Parquet file, which is read at its end first: a client's is kept meanwhile. */
async function takeFile(source: ChunkSource, taking: Taking, execution: Execution): Promise<void> {
  const { copy, info } = taking;
  const { files } = execution.services;
  const { file } = copy;
  const path = file === undefined ? files.temporary(".parquet") : await files.file(file);
  try {
    if (file === undefined) await receive(source, path);
    const rows = await ParquetRows.open(copy, info, path, execution);
    try {
      await take(rows, taking, execution);
    } finally {
      await rows.close();
    }
  } catch (cause) {
    if (file !== undefined) throw cause;
    throw withoutPath(reportable(cause, execution.signal.reason as SqlError | undefined), path);
  } finally {
    if (file === undefined) await rm(path, { force: true });
  }
}

async function openTarget(
  { options }: CopyFrom,
  info: RelationInfo,
  execution: Execution,
): Promise<CopyTarget> {
  if (info.kind === "ordinary") {
    if (options.freeze) refuseFreeze(info, execution);
    return await PlainTarget.open(info, execution);
  }
  const entry = execution.services.tables.requireByOid(info.oid);
  return new TstableTarget(entry, execution, options.overlap);
}

function skippedNotice(skipped: number, { options }: CopyFrom): ErrorFields | undefined {
  if (skipped === 0 || options.logVerbosity === "silent") return undefined;
  const rows = skipped === 1 ? "1 row was" : `${skipped} rows were`;
  return {
    severity: "NOTICE",
    sqlState: "00000",
    message: `${rows} skipped due to data type incompatibility`,
  };
}
