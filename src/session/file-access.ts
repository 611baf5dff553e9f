/**
 * Which files on the server statements may read: everything below --allow-path but the data
 * folder.
 */

import { randomUUID } from "node:crypto";
import type { Stats } from "node:fs";
import { mkdir, realpath, rm, stat } from "node:fs/promises";
import { basename, dirname, isAbsolute, join, resolve, sep } from "node:path";
import { SqlError } from "../base/errors.ts";
import { quoteLiteral } from "../compile/expression.ts";
import type { Engine } from "../engine/remote.ts";
import { Oid } from "../types/oids.ts";
import type { SqlArray } from "../types/value.ts";

export class FileAccess {
  readonly #engine: Engine;
  readonly #allowed: readonly string[];
  readonly #dataFolder: string;
  readonly #claimed = new Set<string>();

  private constructor(engine: Engine, allowed: readonly string[], dataFolder: string) {
    this.#engine = engine;
    this.#allowed = allowed;
    this.#dataFolder = dataFolder;
  }

  static async open(
    engine: Engine,
    allowed: readonly string[],
    dataFolder: string,
  ): Promise<FileAccess> {
    const folder = await realpath(dataFolder);
    // What a server that was killed has left there belongs to nobody.
    await rm(temporaryFolder(folder), { recursive: true, force: true });
    await mkdir(temporaryFolder(folder), { recursive: true });
    return new FileAccess(engine, await realFolders(allowed), folder);
  }

  /**
   * Absolute paths of the files that the patterns name, each once, in name order.
   * @throws SqlError 58P01 when a pattern names none, 42501 for a path outside, 0A000 for a URL
   */
  async files(patterns: readonly string[]): Promise<string[]> {
    const found = new Set<string>();
    for (const pattern of patterns) {
      for (const path of await this.#expand(pattern)) found.add(await this.#permitted(path));
    }
    return [...found].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  }

  /** A folder that exists. @throws SqlError 58P01, 42501 */
  async directory(path: string): Promise<string> {
    return await this.#permitted(localPath(path));
  }

  /** A new name for what a statement keeps while it runs; whoever asks removes the file. */
  temporary(suffix: string): string {
    return join(temporaryFolder(this.#dataFolder), `${randomUUID()}${suffix}`);
  }

  /** What COPY reads: a file as its name says, no pattern. @throws SqlError 58P01, 42501, 42809 */
  async file(path: string): Promise<string> {
    const real = await this.#permitted(localPath(path), { path, to: "read" });
    if ((await stat(real)).isDirectory()) throw isDirectory(path);
    return real;
  }

  /**
   * Where a file may be written, whether or not there is one. @throws SqlError 42602, 42501, 58P01,
   * 42809
   */
  async newFile(path: string): Promise<string> {
    const { target, found } = await this.#target(path);
    if (found?.isDirectory() === true) throw isDirectory(path);
    // What is no file of its own, a link or a device, must not be replaced or written through.
    if (found !== undefined) await this.#permitted(target);
    return target;
  }

  /**
   * Where a folder of files may be made, whether or not there is one. @throws SqlError 42602,
   * 42501, 58P01, 42809
   */
  async newFolder(path: string): Promise<string> {
    const { target, found } = await this.#target(path);
    if (found === undefined) return target;
    if (!found.isDirectory()) throw new SqlError("42809", `"${path}" is not a directory`);
    return await this.#permitted(target);
  }

  /** `found`: what is there. */
  async #target(path: string): Promise<{ readonly target: string; readonly found?: Stats }> {
    if (!isAbsolute(path) && !path.startsWith("file://")) {
      throw new SqlError("42602", "relative path not allowed for COPY to file");
    }
    const local = localPath(path);
    this.#requireInside(local, path);
    const folder = await this.#permitted(dirname(local), { path, to: "write" });
    const target = join(folder, basename(local));
    const found = await stat(target).catch(() => undefined);
    return { target, ...(found !== undefined && { found }) };
  }

  /** One export at a time works in a folder. Gives what ends it. @throws SqlError 55006 */
  claimFolder(path: string): () => void {
    if (this.#claimed.has(path)) {
      throw new SqlError("55006", `folder "${path}" is being exported to`);
    }
    this.#claimed.add(path);
    return () => this.#claimed.delete(path);
  }

  async #expand(pattern: string): Promise<readonly string[]> {
    const path = localPath(pattern);
    if (!/[*?[]/.test(pattern)) return [path];
    const base = path.slice(0, path.search(/[*?[]/));
    this.#requireInside(base.slice(0, base.lastIndexOf(sep) + 1), pattern);
    const [list] = await this.#engine.evaluate(
      `SELECT coalesce(list(file ORDER BY file), []) AS c1 FROM glob(${quoteLiteral(path)})`,
      [],
      [
        {
          typeOid: TEXT_ARRAY_OID,
          typmod: -1,
          representation: {
            kind: "array",
            dimensions: 1,
            element: { typeOid: Oid.text, typmod: -1, representation: { kind: "plain" } },
          },
        },
      ],
    );
    const files = ((list as SqlArray | null)?.elements ?? []) as readonly string[];
    if (files.length === 0) throw missing(pattern);
    return files;
  }

  async #permitted(path: string, copied?: Copied): Promise<string> {
    this.#requireInside(path, path);
    let real: string;
    try {
      real = await realpath(path);
    } catch (cause) {
      throw copied === undefined ? missing(path, cause) : notOpened(copied, cause);
    }
    this.#requireInside(real, path); // a link must not lead out
    return real;
  }

  #requireInside(path: string, shown: string): void {
    const isAllowed = this.#allowed.some((folder) => isBelow(path, folder));
    if (isAllowed && !isBelow(path, this.#dataFolder)) return;
    throw new SqlError("42501", `permission denied for path "${shown}"`, {
      hint: isAllowed
        ? "The server's own data folder cannot be read by statements."
        : "Start the server with --allow-path for this folder.",
    });
  }
}

/** The engine may reach into it. */
export function temporaryFolder(dataFolder: string): string {
  return join(dataFolder, "cache", "files");
}

/** The folders as given and as they really are, where links lead to them. */
export async function realFolders(folders: readonly string[]): Promise<string[]> {
  const real = await Promise.all(folders.map((path) => realpath(path).catch(() => path)));
  return [...new Set([...folders, ...real])];
}

const TEXT_ARRAY_OID = 1009;

function localPath(path: string): string {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(path)?.[1];
  if (scheme !== undefined && scheme.toLowerCase() !== "file") {
    throw new SqlError("0A000", `reading from ${scheme}:// is not supported yet`, {
      hint: "Give the path of a file on the server.",
    });
  }
  return resolve(scheme === undefined ? path : path.slice("file://".length));
}

function isBelow(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}

function isDirectory(path: string): SqlError {
  return new SqlError("42809", `"${path}" is a directory`);
}

function missing(path: string, cause?: unknown): SqlError {
  return new SqlError("58P01", `could not open file "${path}": No such file or directory`, {
    cause,
  });
}

/** What COPY reads or writes, as the statement says it. */
interface Copied {
  readonly path: string;
  readonly to: "read" | "write";
}

const REASONS: Readonly<Record<string, readonly [sqlState: string, words: string]>> = {
  EACCES: ["42501", "Permission denied"],
  ENOTDIR: ["42809", "Not a directory"],
  ENAMETOOLONG: ["58030", "File name too long"],
  ELOOP: ["58030", "Too many levels of symbolic links"],
};

function notOpened({ path, to }: Copied, cause: unknown): SqlError {
  const { code = "" } = cause as NodeJS.ErrnoException;
  const [sqlState, words] = REASONS[code] ?? ["58P01", "No such file or directory"];
  const [verb, purpose] = to === "read" ? ["FROM", "reading"] : ["TO", "writing"];
  const hint =
    `COPY ${verb} instructs the PostgreSQL server process to ${to} a file.` +
    " You may want a client-side facility such as psql's \\copy.";
  return new SqlError(sqlState, `could not open file "${path}" for ${purpose}: ${words}`, {
    ...(/^(?:58P01|42501)$/.test(sqlState) && { hint }),
    cause,
  });
}
