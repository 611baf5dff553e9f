/** The files of a COPY TO into folders: one for each folder, or what the engine writes there. */

import type { FileHandle } from "node:fs/promises";
import { mkdir, open, readdir } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { SqlError } from "../../../base/errors.ts";
import type { RowWriter } from "../../../types/copy/row-writer.ts";
import { computedField } from "../../../types/field.ts";
import { Oid } from "../../../types/oids.ts";
import type { Execution } from "../../execution.ts";
import { writeQueryFile } from "../../query-file.ts";
import type { Statement } from "../../statement.ts";
import type { CopyCounts } from "../copy-counts.ts";
import type { CopyTo } from "../copy-statement.ts";
import { lineWriter, openRows, type Run } from "../lines-to.ts";
import { onDisk } from "../new-file.ts";
import { rowsOfFiles } from "../parquet-to.ts";
import type { FolderExport } from "./folder-export.ts";
import { folderName } from "./folder-names.ts";
import { type FolderRows, splitRows } from "./split-rows.ts";

const SUFFIX = { text: "txt", csv: "csv", binary: "bin", json: "json" } as const;

/** A COPY into folders, its query that of the rows to write. */
export interface FolderCopy extends CopyTo {
  readonly folder: FolderExport;
}

/** Relative paths of all files below, without the hidden ones of exports. */
export async function filesBelow(folder: string): Promise<string[]> {
  const found = await readdir(folder, { recursive: true, withFileTypes: true });
  return found
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)));
}

/** Into a folder that does not exist yet. Gives the number of rows. */
export async function writeFolder(
  copy: FolderCopy,
  path: string,
  counts: CopyCounts,
  execution: Execution,
  run: Run,
): Promise<void> {
  await onDisk(path, async () => await mkdir(path));
  if (copy.options.format === "parquet") counts.rows = await parquet(copy, path, execution);
  else await lines(copy, path, counts, execution, run);
}

async function parquet(
  { query, folder, options }: FolderCopy,
  path: string,
  execution: Execution,
): Promise<number> {
  if (query.kind !== "select") {
    throw new SqlError("0A000", "COPY TO with FORMAT parquet copies tables and their queries only");
  }
  const { compression, rowGroupRows } = options;
  const { keys, fields } = folder;
  const file = {
    ...{ path, orderBy: [], compression, rowGroupRows, isExport: true },
    partitionBy: keys,
  };
  await writeQueryFile(query.plan, keyedFields(keys, fields), file, execution);
  const files = await filesBelow(path);
  return await rowsOfFiles(
    files.map((name) => join(path, name)),
    execution,
  );
}

function keyedFields(keys: FolderExport["keys"], fields: FolderExport["fields"]) {
  return [...keys.map((name) => computedField(name, Oid.text)), ...fields];
}

async function lines(
  { options, relation, query, folder }: FolderCopy,
  path: string,
  counts: CopyCounts,
  execution: Execution,
  run: Run,
): Promise<void> {
  const { keys, fields } = folder;
  const newWriter = () => lineWriter({ options, fields, relation }, false, execution);
  const formats = fields.map((_, index) => newWriter().cellFormat(index));
  const source = await openRows(query, [...keys.map(() => 0 as const), ...formats], execution, run);
  const stop = () => source.cancel();
  execution.signal.addEventListener("abort", stop);
  const files = new Files(path, folder, SUFFIX[options.format as keyof typeof SUFFIX], newWriter);
  try {
    if (execution.signal.aborted) stop();
    for (;;) {
      const batch = await source.next();
      if (batch === undefined) break;
      for (const part of splitRows(batch.bytes, keys.length)) {
        counts.bytes += await files.add(part);
        counts.rows += part.rows;
      }
    }
    await files.finish();
  } finally {
    await files.close();
    execution.signal.removeEventListener("abort", stop);
    await source.close();
  }
}

/** One file at a time is open. */
class Files {
  readonly #path: string;
  readonly #folder: FolderExport;
  readonly #suffix: string;
  readonly #newWriter: () => RowWriter;
  #current:
    | { readonly name: string; readonly file: FileHandle; readonly writer: RowWriter }
    | undefined;

  constructor(path: string, folder: FolderExport, suffix: string, newWriter: () => RowWriter) {
    this.#path = path;
    this.#folder = folder;
    this.#suffix = suffix;
    this.#newWriter = newWriter;
  }

  /** Gives the number of bytes written. */
  async add({ keys, bytes }: FolderRows): Promise<number> {
    const name = keys
      .map((key, index) => folderName(this.#folder.keys[index] ?? "", key))
      .join("/");
    if (this.#current?.name !== name) {
      await this.finish();
      await this.#open(name);
    }
    return await this.#write(this.#current?.writer.rows(bytes));
  }

  async #open(name: string): Promise<void> {
    const path = join(this.#path, name, `data_0.${this.#suffix}`);
    await onDisk(path, async () => {
      await mkdir(dirname(path), { recursive: true });
      const file = await open(path, "wx");
      this.#current = { name, file, writer: this.#newWriter() };
    });
    const names = this.#folder.fields.map((field) => field.name);
    await this.#write(this.#current?.writer.begin(names));
  }

  async #write(bytes: Uint8Array | undefined): Promise<number> {
    const current = this.#current;
    if (current === undefined || bytes === undefined || bytes.length === 0) return 0;
    await onDisk(current.name, async () => await current.file.writeFile(bytes));
    return bytes.length;
  }

  async finish(): Promise<void> {
    await this.#write(this.#current?.writer.finish());
    await this.close();
  }

  async close(): Promise<void> {
    const current = this.#current;
    this.#current = undefined;
    await current?.file.close();
  }
}

/** The same COPY with another query. */
export function withQuery(copy: FolderCopy, query: Statement): FolderCopy {
  return { ...copy, query };
}
