/** Why the catalogue journal could not be read or written. */

import { ServerError } from "../base/errors.ts";

/**
 * journal-corrupt: an entry is missing, damaged, or of a newer server.
 * journal-taken: somebody else wrote the entry's number; nothing was changed.
 */
export type CatalogReason = "journal-corrupt" | "journal-taken";

export class CatalogError extends ServerError<CatalogReason> {}
