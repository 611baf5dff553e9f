/** COPY FROM of a whole Parquet file: its bytes become a segment, as those of APPEND PARQUET do. */

import { createWriteStream } from "node:fs";
import { rm } from "node:fs/promises";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { SqlError } from "../../base/errors.ts";
import { appendInto } from "../append-into.ts";
import { coveredNotices } from "../covered-notice.ts";
import type { Execution } from "../execution.ts";
import type { Reply } from "../results.ts";
import { reportable } from "../sqlstate.ts";
import type { TstableEntry } from "../tables.ts";
import type { ChunkSource } from "./copy-queue.ts";
import type { CopyFrom } from "./copy-statement.ts";

/** A file on the server, or what a client sends. */
export type FileSource =
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "client"; readonly chunks: ChunkSource };

export async function* appendFile(
  copy: CopyFrom,
  entry: TstableEntry,
  source: FileSource,
  execution: Execution,
): AsyncGenerator<Reply> {
  const path =
    source.kind === "file" ? source.path : execution.services.files.temporary(".parquet");
  try {
    if (source.kind === "client") await receive(source.chunks, path);
    const request = {
      files: [path],
      overlap: copy.options.overlap,
      isDryRun: false,
      operation: "COPY",
      message: copy.options.message,
      idempotencyKey: copy.options.idempotencyKey,
    };
    const { files, notices } = await appendInto(entry, request, execution);
    for (const fields of notices) yield { kind: "notice", fields };
    const skipped = files.reduce((sum, file) => sum + file.rowsSkipped, 0);
    for (const fields of coveredNotices(skipped, execution.settings)) {
      yield { kind: "notice", fields };
    }
    yield { kind: "complete", tag: `COPY ${files.reduce((sum, { rows }) => sum + rows, 0)}` };
  } catch (cause) {
    if (source.kind === "file") throw cause;
    throw withoutPath(reportable(cause, execution.signal.reason as SqlError | undefined), path);
  } finally {
    if (source.kind === "client") await rm(path, { force: true });
  }
}

export async function receive(chunks: ChunkSource, path: string): Promise<void> {
  const bytes = Readable.from(
    (async function* () {
      for (;;) {
        const chunk = await chunks.next();
        if (chunk === undefined) return;
        yield chunk;
      }
    })(),
    { objectMode: false },
  );
  await pipeline(bytes, createWriteStream(path, { flags: "wx" }));
}

/** A client knows nothing of where its bytes were kept. */
export function withoutPath(error: SqlError, path: string): SqlError {
  const { sqlState, message, ...fields } = error.fields;
  const name = path.slice(path.lastIndexOf("/") + 1);
  const plain = (text: string) => text.replaceAll(path, "STDIN").replaceAll(name, "STDIN");
  const detail = fields.detail === undefined ? {} : { detail: plain(fields.detail) };
  const hint = fields.hint === undefined ? {} : { hint: plain(fields.hint) };
  return new SqlError(sqlState, plain(message), { ...fields, ...detail, ...hint, cause: error });
}
