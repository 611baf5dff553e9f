/**
 * A data directory in one file, and unpacked into a worker's own memory: nothing is copied on disk,
 * and nothing is left of it when the worker ends.
 */

import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { MemoryFS, PGlite } from "@electric-sql/pglite";

/** In order: a folder before what is in it. `bytes`: undefined for a folder. */
interface PackedEntry {
  readonly path: string;
  readonly bytes?: number;
}

interface FileSystem {
  mkdirTree(path: string, mode?: number): void;
  /** `canOwn`: the bytes are the file's from now on. */
  writeFile(path: string, bytes: Uint8Array, options: { readonly canOwn: boolean }): void;
}

type Init = MemoryFS["init"];

const END_OF_INDEX = 10;

/** The entries as JSON, a line feed, then what all files hold. */
export async function packFolder(folder: string): Promise<Uint8Array> {
  const entries: PackedEntry[] = [];
  const contents: Uint8Array[] = [];
  for (const path of (await readdir(folder, { recursive: true })).sort()) {
    const from = join(folder, path);
    if ((await stat(from)).isDirectory()) {
      entries.push({ path });
    } else {
      const bytes = await readFile(from);
      entries.push({ path, bytes: bytes.length });
      contents.push(bytes);
    }
  }
  return Buffer.concat([Buffer.from(`${JSON.stringify(entries)}\n`), ...contents]);
}

/** What was packed, as the data directory of a PGlite that owns the bytes. */
export class UnpackedFolder extends MemoryFS {
  readonly #packed: Uint8Array;

  constructor(packed: Uint8Array) {
    super();
    // Whatever is given for it: a slice of a Buffer would not be a copy.
    this.#packed = new Uint8Array(packed.buffer, packed.byteOffset, packed.length);
  }

  override async init(...[pg, given]: Parameters<Init>): ReturnType<Init> {
    const { emscriptenOpts } = await super.init(pg, given);
    const unpack = ({ FS }: { readonly FS: FileSystem }) => unpackInto(FS, this.#packed);
    return {
      emscriptenOpts: { ...emscriptenOpts, preRun: [...(emscriptenOpts.preRun ?? []), unpack] },
    };
  }
}

function unpackInto(files: FileSystem, packed: Uint8Array): void {
  const root = PGlite.paths.PGDATA;
  let at = packed.indexOf(END_OF_INDEX);
  const index = Buffer.from(packed.buffer, packed.byteOffset, at).toString();
  at += 1;
  files.mkdirTree(root, 0o700);
  for (const { path, bytes } of JSON.parse(index) as PackedEntry[]) {
    if (bytes === undefined) {
      files.mkdirTree(`${root}/${path}`, 0o700);
    } else {
      files.writeFile(`${root}/${path}`, packed.subarray(at, at + bytes), { canOwn: true });
      at += bytes;
    }
  }
}
