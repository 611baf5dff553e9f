/**
 * The name under which a server's commits are known, kept beside its write-ahead log. A copy of the
 * folder must not go by the same name: two servers would take each other's commits for their own.
 * The file says which file it is, so that a copy of it gives itself away.
 */

import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { errnoOf, storageError } from "../storage/error.ts";
import { type LocalFiles, nodeFiles } from "../storage/local-files.ts";
import { StoreError } from "./error.ts";

export interface LogIdentity {
  readonly id: string;
  /** Names the log had in the folders that this one is a copy of, newest first. */
  readonly earlier: readonly string[];
  /** It got its name just now, because the folder is a copy. */
  readonly isCopy: boolean;
}

interface Stored {
  readonly id: string;
  readonly earlier: readonly string[];
  /** Of this very file. */
  readonly birth: string | undefined;
}

const NAME = "id";

/**
 * `folder` is the log's; nobody else has it. Durable on return.
 * @throws StoreError "log-corrupt"; StorageError
 */
export async function openLogIdentity(
  folder: string,
  files: LocalFiles = nodeFiles,
): Promise<LogIdentity> {
  const path = join(folder, NAME);
  try {
    const stored = await readStored(path, files);
    if (stored === undefined) {
      return await write(folder, { id: randomUUID(), earlier: [], isCopy: false }, files);
    }
    const { id, earlier, birth } = stored;
    if (birth === (await files.stat(path)).birth) return { id, earlier, isCopy: false };
    const isCopy = birth !== undefined;
    const identity = isCopy
      ? { id: randomUUID(), earlier: [id, ...earlier], isCopy }
      : { id, earlier, isCopy };
    return await write(folder, identity, files);
  } catch (cause) {
    if (errnoOf(cause) === undefined) throw cause;
    throw storageError(cause, `could not read or write file "${path}"`);
  }
}

async function readStored(path: string, files: LocalFiles): Promise<Stored | undefined> {
  let text: string;
  try {
    text = Buffer.from(await files.read(path)).toString("utf8");
  } catch (cause) {
    if (errnoOf(cause) === "ENOENT") return undefined;
    throw cause;
  }
  // Before a file could tell its copies, it held the name alone.
  if (/^[0-9a-f-]{36}\n$/.test(text)) return { id: text.trim(), earlier: [], birth: undefined };
  const [, id, birth, earlier] =
    /^id ([0-9a-f-]{36})\nfile (\S+)\n((?:was \S+\n)*)$/.exec(text) ?? [];
  if (id === undefined || birth === undefined || earlier === undefined) {
    throw new StoreError("log-corrupt", `file "${path}" does not hold the name of a log`, {
      hint: "Restore it from a backup.",
    });
  }
  const names = earlier.split("\n").flatMap((line) => (line === "" ? [] : [line.slice(4)]));
  return { id, birth, earlier: names };
}

/** The file exists before its content is known: it tells of itself. */
async function write(
  folder: string,
  identity: LogIdentity,
  files: LocalFiles,
): Promise<LogIdentity> {
  const temporary = join(folder, `${NAME}.tmp`);
  const file = await files.openToWrite(temporary, "empty");
  try {
    const { birth } = await files.stat(temporary);
    const earlier = identity.earlier.map((id) => `was ${id}\n`).join("");
    await file.write(0, Buffer.from(`id ${identity.id}\nfile ${birth}\n${earlier}`));
    await file.sync();
  } finally {
    await file.close();
  }
  await files.rename(temporary, join(folder, NAME));
  await files.syncFolder(folder);
  return identity;
}
