/** Where the prepared data directory lies, and how a worker gets its own copy of it. */

import { cp, mkdir, rm } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { workerUrl } from "../base/worker-url.ts";

/** Holds `stamp` and the data directory `data`; `npm run build` makes it. */
export const templateDirectory = fileURLToPath(workerUrl("shadow-template", import.meta.url));

export const catalogueFile = fileURLToPath(workerUrl("catalogue.json", import.meta.url));

/**
 * OIDs below this are the template's; a user's first object gets this one. The gap lets a later
 * sql/shadow.sql declare more without moving the OIDs that journals replay.
 */
export const FIRST_USER_OID = 65_536;

/** Takes the next OID of the counter. The catalogue named is always empty: nothing is skipped. */
export const NEXT_OID =
  "pg_nextoid('pg_largeobject_metadata', 'oid', 'pg_largeobject_metadata_oid_index')";

/** Replaces whatever is at `target` by a fresh data directory. */
export async function copyTemplate(template: string, target: string): Promise<void> {
  await rm(target, { recursive: true, force: true });
  await mkdir(target, { recursive: true });
  await cp(`${template}/data`, target, { recursive: true });
}
