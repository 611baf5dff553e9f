/** What CREATE VIEW takes besides its execution by the embedded PostgreSQL. */

import { SqlError } from "../../base/errors.ts";
import type { NodeObject } from "../../compile/node-text.ts";
import { quoteIdentifier } from "../../compile/tokens.ts";
import type { DefinitionChanges, DefinitionStep } from "../../postgres/analysis.ts";
import { mayFoldClock } from "../../postgres/literals.ts";
import type { ShadowRelation } from "../../postgres/relation.ts";
import type { DefinitionSource } from "../../postgres/view.ts";
import { isTemporarySchema } from "../temporary.ts";
import { AS_SERVER } from "./kept-moments.ts";

/** The statement `sql` in its sources, and what must follow so that its replay gives the same. */
export function viewSources(
  sql: string,
  sources: readonly DefinitionSource[],
): readonly DefinitionSource[] {
  return mayFoldClock(sql) ? [...sources, keptText] : sources;
}

/** `'today'::date` has become a constant: that of now, also tomorrow. */
function keptText({ relations }: DefinitionChanges) {
  return relations.flatMap((relation) =>
    relation.relkind === "v" && relation.view !== null
      ? [{ sql: definitionOf(relation, relation.view), isOurs: true, settings: AS_SERVER }]
      : [],
  );
}

function definitionOf(
  { schema, name }: ShadowRelation,
  { text, options }: NonNullable<ShadowRelation["view"]>,
): string {
  const named = `${quoteIdentifier(schema)}.${quoteIdentifier(name)}`;
  const given = options.length === 0 ? "" : ` WITH (${options.join(", ")})`;
  return `CREATE OR REPLACE VIEW ${named}${given} AS ${text}`;
}

/**
 * Of a view that was tried: whether PostgreSQL would make it a temporary one, as it reads such.
 * @throws SqlError 42P16 where it has a schema
 */
export function readsTemporary(
  node: NodeObject,
  step: DefinitionStep,
  known: ReadonlyMap<number, ShadowRelation>,
): boolean {
  const reads = step.relations.some(
    ({ relkind, schema, view }) =>
      relkind === "v" &&
      !isTemporarySchema(schema) &&
      view?.uses.some((oid) => isTemporarySchema(known.get(oid)?.schema ?? "")),
  );
  const { schemaname } = node["view"] as NodeObject;
  if (reads && schemaname !== null) {
    const message = "cannot create temporary relation in non-temporary schema";
    throw new SqlError("42P16", message);
  }
  return reads;
}

/** What PostgreSQL says when it does so. */
export function becomesTemporary(node: NodeObject) {
  const { relname } = node["view"] as NodeObject;
  const message = `view "${String(relname)}" will be a temporary view`;
  return { severity: "NOTICE", sqlState: "00000", message } as const;
}
