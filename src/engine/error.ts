/** What can go wrong in the engine beyond what PostgreSQL itself has an error for. */

import { ServerError } from "../base/errors.ts";

/**
 * cancelled: somebody asked the statement to stop (57014).
 * out-of-memory, disk-full: a limit of the engine or the spill folder (53200, 53100).
 * io-error: reading or writing a file failed (58030). file-missing: a segment is gone (58P01).
 * bad-file: no readable Parquet file, or not of the shape asked for.
 * time-column-type, entity-column-type: an inspected column is of another type than the table's.
 * folder-locked: another process serves the folder.
 * temporary-limit: what all statements spill is more than was allowed (53400).
 * too-many-cursors: the bound on open statements is reached (53400).
 * engine-stopped: the engine's thread has ended (57P02).
 */
export type EngineReason =
  | "cancelled"
  | "out-of-memory"
  | "disk-full"
  | "temporary-limit"
  | "io-error"
  | "file-missing"
  | "bad-file"
  | "time-column-type"
  | "entity-column-type"
  | "folder-locked"
  | "too-many-cursors"
  | "engine-stopped";

export class EngineError extends ServerError<EngineReason> {}
