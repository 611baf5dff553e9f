/** COPY TO: a query's rows in a format of files, to the client or into a file on the server. */

import type { Execution, Result } from "../execution.ts";
import type { Reply } from "../results.ts";
import { notBuilt } from "../utility.ts";
import { arrowPieces } from "./arrow/arrow-to.ts";
import { CopyCounts } from "./copy-counts.ts";
import type { CopyTo } from "./copy-statement.ts";
import { copyToFolder } from "./folder/folder-to.ts";
import { type LinePiece, linePieces, lineWriter, type Run } from "./lines-to.ts";
import { wholeFile, writePieces } from "./new-file.ts";
import { parquetPieces, writeParquet } from "./parquet-to.ts";

export async function copyTo(copy: CopyTo, execution: Execution, run: Run): Promise<Result> {
  const { options, file, folder, relationOid } = copy;
  if (options.format === "arrow" && options.compression !== undefined) {
    throw notBuilt("COPY TO with FORMAT arrow and COMPRESSION");
  }
  const base = { relid: relationOid, command: "COPY TO" } as const;
  if (file === undefined) {
    const open = prepared(copy, true, execution, run);
    const replies = toClient(copy, open, { ...base, type: "PIPE" }, execution);
    return { kind: "replies", replies };
  }
  if (folder !== undefined) {
    const counts = new CopyCounts({ ...base, type: "FILE" }, execution);
    try {
      const rows = await copyToFolder({ ...copy, folder }, counts, execution, run);
      return { kind: "done", tag: `COPY ${rows}` };
    } finally {
      counts.end();
    }
  }
  const target = await execution.services.files.newFile(file);
  const counts = new CopyCounts({ ...base, type: "FILE" }, execution);
  try {
    const rows = await wholeFile(target, async (path) =>
      options.format === "parquet"
        ? await writeParquet(copy, path, execution)
        : await writePieces(path, counts.reported(prepared(copy, false, execution, run)())),
    );
    return { kind: "done", tag: `COPY ${rows}` };
  } finally {
    counts.end();
  }
}

/** What is wrong with the options is thrown now, what is wrong with the rows when they are read. */
function prepared(
  copy: CopyTo,
  isFramed: boolean,
  execution: Execution,
  run: Run,
): () => AsyncGenerator<LinePiece> {
  switch (copy.options.format) {
    case "parquet":
      return () => parquetPieces(copy, execution);
    case "arrow":
      return () => arrowPieces(copy, execution);
    default: {
      const writer = lineWriter(copy, isFramed, execution);
      return () => linePieces(copy, writer, isFramed, execution, run);
    }
  }
}

async function* toClient(
  { options, fields }: CopyTo,
  open: () => AsyncGenerator<LinePiece>,
  shown: ConstructorParameters<typeof CopyCounts>[0],
  execution: Execution,
): AsyncGenerator<Reply> {
  const { format: name } = options;
  const isWhole = name === "parquet" || name === "arrow";
  const format = isWhole || name === "binary" ? 1 : 0;
  const counts = new CopyCounts(shown, execution);
  try {
    let isOpen = false;
    for await (const { bytes, giveBack } of counts.reported(open())) {
      if (!isOpen) yield { kind: "copy-out", format, columnFormats: fields.map(() => format) };
      isOpen = true;
      if (bytes.length > 0 && isWhole) yield { kind: "copy-data", bytes };
      else if (bytes.length > 0) yield { kind: "copy-messages", bytes, giveBack };
    }
    yield { kind: "copy-done" };
    yield { kind: "complete", tag: `COPY ${counts.rows}` };
  } finally {
    counts.end();
  }
}
