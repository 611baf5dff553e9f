/** Where the prepared data directory lies. */

import { fileURLToPath } from "node:url";
import { workerUrl } from "../base/worker-url.ts";

/** Holds `stamp` and the file below; `npm run build` makes it. */
export const templateDirectory = fileURLToPath(workerUrl("shadow-template", import.meta.url));

/** A data directory, packed. */
export const templateFile = `${templateDirectory}/files`;

export const catalogueFile = fileURLToPath(workerUrl("catalogue.json", import.meta.url));

/**
 * OIDs below this are the template's; a user's first object gets this one. The gap lets a later
 * sql/shadow.sql declare more without moving the OIDs that journals replay.
 */
export const FIRST_USER_OID = 65_536;

/** Takes the next OID of the counter. The catalogue named is always empty: nothing is skipped. */
export const NEXT_OID =
  "pg_nextoid('pg_largeobject_metadata', 'oid', 'pg_largeobject_metadata_oid_index')";
