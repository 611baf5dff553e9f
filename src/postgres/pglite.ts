/** How we start the embedded PostgreSQL, the same for building the template and for serving. */

import { setFlagsFromString } from "node:v8";
import { PGlite } from "@electric-sql/pglite";

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

/**
 * How much of a WebAssembly function runs before V8 compiles it again, optimised. PostgreSQL has
 * functions of 100 KB that take half a second of that and are due at once by V8's own measure,
 * which was a third of what a start cost; by this one they are after some hundred statements.
 */
setFlagsFromString("--wasm-tiering-budget=100000000");

/** Opens a data directory, or makes it when it is empty. The caller closes it. */
export async function openPGlite(dataDir: string, settings: StartSettings = {}): Promise<PGlite> {
  const given = Object.entries({ ...BASE, ...settings });
  return await PGlite.create({
    dataDir,
    initDbStartParams: ["--wal-segsize=1"],
    startParams: [
      // All of PGlite's own but -O: what may touch system tables says so itself.
      ...PGlite.defaultStartParams.filter((parameter) => parameter !== "-O"),
      ...given.flatMap(([name, value]) => ["-c", `${name}=${value}`]),
    ],
  });
}
