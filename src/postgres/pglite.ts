/** How we start the embedded PostgreSQL, the same for building the template and for serving. */

import { readFile } from "node:fs/promises";
import { PGlite } from "@electric-sql/pglite";
import { type MachineCode, machineCode } from "./machine-code.ts";
import { UnpackedFolder } from "./packed-folder.ts";
import { templateFile } from "./template.ts";

/** Settings given at start, in force unless a session sets them. */
export type StartSettings = Readonly<Record<string, string>>;

const BASE: StartSettings = {
  search_path: "public",
  // 4 MB instead of 128 MB: a catalogue is small, and each worker has its own.
  shared_buffers: "4MB",
  wal_level: "minimal",
  max_wal_senders: "0",
  min_wal_size: "2MB",
  max_wal_size: "32MB",
  jit: "off",
  // Nobody shall be told how the embedded server is used.
  track_counts: "off",
};

/** Makes a data directory in an empty folder. The caller closes it. */
export async function openPGlite(dataDir: string, settings: StartSettings = {}): Promise<PGlite> {
  return await create({ dataDir }, settings, await machineCode());
}

/**
 * The template in memory: what is done to it is gone at the end. `code` is from the main thread.
 */
export async function openTemplate(settings: StartSettings, code: MachineCode): Promise<PGlite> {
  return await create({ fs: new UnpackedFolder(await readFile(templateFile)) }, settings, code);
}

async function create(
  where: { readonly dataDir: string } | { readonly fs: UnpackedFolder },
  settings: StartSettings,
  code: MachineCode,
): Promise<PGlite> {
  const given = Object.entries({ ...BASE, ...settings });
  return await PGlite.create({
    ...where,
    pgliteWasmModule: code,
    initDbStartParams: ["--wal-segsize=1"],
    startParams: [
      // All of PGlite's own but -O: what may touch system tables says so itself.
      ...PGlite.defaultStartParams.filter((parameter) => parameter !== "-O"),
      ...given.flatMap(([name, value]) => ["-c", `${name}=${value}`]),
    ],
  });
}
