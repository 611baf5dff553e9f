/**
 * `'now'::timestamptz` becomes a constant when it is defined. The journal keeps statements, so what
 * one was folded to is stated once more after it; else each start would fold it anew.
 */

import { SqlError } from "../../base/errors.ts";
import { quoteIdentifier } from "../../compile/tokens.ts";
import type { DefinitionChanges, ShadowSettings } from "../../postgres/analysis.ts";
import { mayFoldClock } from "../../postgres/literals.ts";
import type { ShadowRelation } from "../../postgres/relation.ts";
import type { DefinitionSource } from "../../postgres/view.ts";
import { SUPERUSER } from "../compile-context.ts";

export const AS_SERVER: ShadowSettings = {
  role: SUPERUSER,
  searchPath: "pg_catalog",
  settings: {},
};

const MOMENT = /'[^']*'::(?:date|time)/;

/** What must follow `sources`. `known`: relations before them. */
export function keptMoments(
  sources: readonly DefinitionSource[],
  known: ReadonlyMap<number, ShadowRelation>,
): readonly DefinitionSource[] {
  const isFolded = sources.some((source) => typeof source === "string" && mayFoldClock(source));
  if (!isFolded) return [];
  return [({ relations }: DefinitionChanges) => relations.flatMap((one) => defaultsOf(one, known))];
}

/** @throws SqlError 0A000 for what cannot be stated again */
function defaultsOf(relation: ShadowRelation, known: ReadonlyMap<number, ShadowRelation>) {
  const { schema, name, columns, constraints } = relation;
  const before = known.get(relation.oid);
  const old = new Set(before?.constraints.map(({ oid }) => oid));
  for (const { oid, kind, text } of constraints) {
    if (kind === "check" && !old.has(oid) && MOMENT.test(text)) throw refused("CHECK constraint");
  }
  const table = `${quoteIdentifier(schema)}.${quoteIdentifier(name)}`;
  return columns.flatMap(({ number, name: column, defaultText, generated }) => {
    if (defaultText === null || !MOMENT.test(defaultText)) return [];
    if (generated !== null) {
      if (before?.columns.some((one) => one.number === number)) return [];
      throw refused("generated column");
    }
    const change = `ALTER COLUMN ${quoteIdentifier(column)} SET DEFAULT ${defaultText}`;
    return [{ sql: `ALTER TABLE ${table} ${change}`, isOurs: true, settings: AS_SERVER }];
  });
}

function refused(what: string): SqlError {
  return new SqlError("0A000", `a ${what} with a constant of the moment is refused`, {
    hint: "Write the date instead of 'now' or 'today'.",
  });
}
