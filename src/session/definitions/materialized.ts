/** CREATE MATERIALIZED VIEW as the embedded PostgreSQL executes it: it never has rows there. */

import { SqlError } from "../../base/errors.ts";
import type { DefinitionChanges } from "../../postgres/analysis.ts";
import { mayFoldClock } from "../../postgres/literals.ts";
import type { ShadowRelation } from "../../postgres/relation.ts";
import type { DefinitionSource } from "../../postgres/view.ts";
import { isTemporarySchema } from "../temporary.ts";
import type { DefinitionStatement } from "./classify.ts";
import { dataWords } from "./create-as.ts";

/** @throws SqlError 0A000 */
export function materializedSources(
  sql: string,
  { tokens }: Pick<DefinitionStatement, "tokens">,
  isFilled: boolean,
): readonly DefinitionSource[] {
  if (mayFoldClock(sql)) {
    throw new SqlError("0A000", "a materialized view over a constant of the moment is refused", {
      hint: "Write now() or CURRENT_DATE instead of 'now' or 'today'.",
    });
  }
  const end = tokens[tokens.length - dataWords(tokens) - 1]?.end;
  const unfilled = `${sql.slice(0, end)} WITH NO DATA`;
  return isFilled ? [unfilled, populated] : [unfilled];
}

function populated({ relations }: DefinitionChanges) {
  return relations
    .filter(({ relkind }) => relkind === "m")
    .map(({ oid }) => ({ sql: populatedSql(oid), isOurs: true }));
}

/** The catalogue says from then on that it can be read. */
export function populatedSql(oid: number): string {
  return `UPDATE pg_class SET relispopulated = true WHERE oid = ${oid}`;
}

/** @throws SqlError 0A000 */
export function refuseTemporary(
  { view }: ShadowRelation,
  known: ReadonlyMap<number, ShadowRelation>,
): void {
  if (!view?.uses.some((oid) => isTemporarySchema(known.get(oid)?.schema ?? ""))) return;
  throw new SqlError("0A000", "materialized views must not use temporary tables or views");
}
