/** Types whose values stand as text in files of columns. */

import { Oid } from "../../types/oids.ts";

export const TEXT_TYPES: readonly number[] = [
  Oid.text,
  Oid.varchar,
  Oid.bpchar,
  Oid.name,
  Oid.char,
  Oid.json,
  Oid.jsonb,
  Oid.uuid,
];

/** These too, where no modifier rounds them. */
export const FREE_TYPES: readonly number[] = [Oid.numeric, Oid.interval];
