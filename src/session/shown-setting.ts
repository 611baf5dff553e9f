/** SHOW of a setting that the session alone knows, not the embedded PostgreSQL. */

import { SqlError } from "../base/errors.ts";
import { computedField } from "../types/field.ts";
import { Oid } from "../types/oids.ts";
import type { Settings } from "./settings.ts";
import type { Prepared } from "./statement.ts";

/** `cause`: of its analysis, which has found nothing else wrong. undefined: something else is. */
export function shownHere(
  cause: unknown,
  settings: Settings,
): Pick<Prepared, "statement" | "fields"> | undefined {
  if (!(cause instanceof SqlError) || cause.fields.sqlState !== "42704") return undefined;
  const name = UNKNOWN_SETTING.exec(cause.message)?.[1];
  if (name === undefined || settings.get(name) === undefined) return undefined;
  return {
    statement: { kind: "show", name },
    fields: [computedField(settings.spelling(name), Oid.text)],
  };
}

const UNKNOWN_SETTING = /^unrecognized configuration parameter "(.*)"$/s;
