/** COPY TO of text, csv, binary and json: the engine's DataRows, written anew row by row. */

import { assert } from "../../base/errors.ts";
import { JsonWriter } from "../../types/copy/json-writer.ts";
import { type RowWriter, rowWriter } from "../../types/copy/row-writer.ts";
import type { Execution, Result } from "../execution.ts";
import type { RowSource } from "../row-source.ts";
import type { Statement } from "../statement.ts";
import { copyEncoding, copyFormat } from "./copy-format.ts";
import type { CopyTo } from "./copy-statement.ts";
import type { Piece } from "./new-file.ts";

/** Executes the query that gives the rows. */
export type Run = (statement: Statement, execution: Execution) => Promise<Result>;

/** Type and length of a CopyData message. */
const MESSAGE_BYTES = 5;

/** A piece whose bytes may stand in messages. */
export interface LinePiece extends Piece {
  /** Without the messages' heads. */
  readonly payload: number;
  /** As RowBatch has it. */
  readonly giveBack?: (() => void) | undefined;
}

/** @param isFramed in CopyData messages, one for each row @throws SqlError 42703, 42P10, 0A000 */
export function lineWriter(
  { options, fields, relation }: Pick<CopyTo, "options" | "fields" | "relation">,
  isFramed: boolean,
  { settings }: Execution,
): RowWriter {
  const encoding = copyEncoding(options, settings);
  if (options.format === "json") {
    const isArray = options.forceArray === true;
    return new JsonWriter(
      { columns: fields, isArray, settings: settings.text },
      encoding,
      isFramed,
    );
  }
  const names = fields.map(({ name }) => name);
  const all = relation === undefined ? undefined : { name: relation, columns: names };
  return rowWriter(copyFormat(options, names, all), encoding, isFramed);
}

/** All of the data; the first piece comes when the query has begun. */
export async function* linePieces(
  copy: CopyTo,
  writer: RowWriter,
  isFramed: boolean,
  execution: Execution,
  run: Run,
): AsyncGenerator<LinePiece> {
  const head = isFramed ? MESSAGE_BYTES : 0;
  const alone = (bytes: Uint8Array): LinePiece => {
    return { bytes, rows: 0, payload: Math.max(0, bytes.length - head) };
  };
  const formats = copy.fields.map((_, index) => writer.cellFormat(index));
  const lines = copy.query.kind === "select" && formats.length > 0 ? writer.lines : undefined;
  const source = await openRows(copy.query, formats, { ...execution, lines }, run);
  const { signal } = execution;
  const stop = () => source.cancel();
  signal.addEventListener("abort", stop);
  try {
    if (signal.aborted) stop();
    yield alone(writer.begin(copy.fields.map(({ name }) => name)));
    for (;;) {
      const batch = await source.next();
      if (batch === undefined) break;
      const { rows, giveBack } = batch;
      const bytes = source.isLines === true ? batch.bytes : writer.rows(batch.bytes);
      const isSame = bytes.buffer === batch.bytes.buffer;
      if (!isSame) giveBack?.();
      const payload = bytes.length - rows * head;
      yield { bytes, rows, payload, giveBack: isSame ? giveBack : undefined };
    }
    yield alone(writer.finish());
  } finally {
    signal.removeEventListener("abort", stop);
    await source.close();
  }
}

export async function openRows(
  query: Statement,
  formats: readonly (0 | 1)[],
  execution: Execution,
  run: Run,
): Promise<RowSource> {
  const result = await run(query, { ...execution, formats });
  assert(result.kind === "rows", "what COPY copies gives rows");
  return result.rows;
}
