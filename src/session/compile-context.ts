/**
 * What the compiler may know of the session: names, zone and settings, all part of the cache key.
 */

import type { CompileContext } from "../compile/plan.ts";
import { tokenize } from "../compile/tokens.ts";
import { mayAnswerCall } from "../postgres/containment.ts";
import type { Settings } from "./settings.ts";
import type { Tables } from "./tables.ts";

export const DATABASE = "postgres";
export const SUPERUSER = "postgres";

/** @param parameterValue those that a plan is made for; undefined: it is made for any. */
export function compileContext(
  settings: Settings,
  tables: Tables,
  parameterValue?: CompileContext["parameterValue"],
): CompileContext {
  return {
    ...(parameterValue && { parameterValue }),
    relation: (oid) => tables.relation(oid),
    functionName: (oid) => tables.functionName(oid),
    timeZone: settings.text.timeZone,
    currentUser: settings.currentUser,
    sessionUser: settings.sessionUser,
    currentDatabase: DATABASE,
    currentSchema: ownPath(settings).find((schema) => tables.hasSchema(schema)) ?? null,
    setting: (name) => settings.get(name),
    mayAskCatalog: mayAnswerCall,
  };
}

/** The schemas of the effective search_path in order, `"$user"` resolved. */
export function searchPath(settings: Settings): string[] {
  return namesOf(settings.shadow.searchPath, settings);
}

/** The same as SET has it, without temporary objects: where something is made. */
export function ownPath(settings: Settings): string[] {
  return namesOf(settings.get("search_path") ?? "", settings);
}

function namesOf(path: string, settings: Settings): string[] {
  return tokenize(path)
    .filter((token) => token.kind === "word" || token.kind === "quoted" || token.kind === "string")
    .map((token) => (token.value === "$user" ? settings.currentUser : token.value));
}
