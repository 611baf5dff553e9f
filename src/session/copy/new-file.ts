/** Files that COPY TO makes on the server: under their names only once they are whole. */

import { open, rename, rm, writeFile } from "node:fs/promises";
import { basename } from "node:path";
import { errnoOf, storageError } from "../../storage/error.ts";

/** A part of the data, and how many of the rows are in it. */
export interface Piece {
  readonly bytes: Uint8Array;
  readonly rows: number;
}

/**
 * `write` makes the file under the name that it is given. When it fails there is none, and a file
 * that was there before stays as it was.
 * @throws StorageError
 */
export async function wholeFile<T>(
  target: string,
  write: (path: string) => Promise<T>,
): Promise<T> {
  const unfinished = `${target}.${process.pid}-${Date.now()}.part`;
  try {
    const result = await write(unfinished);
    await onDisk(target, async () => await rename(unfinished, target));
    return result;
  } catch (cause) {
    await rm(unfinished, { force: true });
    throw cause;
  }
}

/** A new file of all pieces; gives their rows. @throws StorageError */
export async function writePieces(path: string, pieces: AsyncIterable<Piece>): Promise<number> {
  const file = await onDisk(path, async () => await open(path, "wx"));
  let count = 0;
  try {
    for await (const { bytes, rows } of pieces) {
      count += rows;
      if (bytes.length > 0) await onDisk(path, async () => await file.writeFile(bytes));
    }
  } finally {
    await file.close();
  }
  return count;
}

/** What the system says, in words that tell which file. */
export async function onDisk<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (errnoOf(cause) === undefined) throw cause;
    const name = basename(path).replace(/\.\d+-\d+\.part$/, "");
    throw storageError(cause, `could not write to file "${name}"`);
  }
}

export async function writeText(path: string, text: string): Promise<void> {
  await onDisk(path, async () => await writeFile(path, text));
}
