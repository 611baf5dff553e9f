/**
 * Which analyses a statement rests on: they say what rights it needs. Statements are remembered
 * here as they are prepared, so that one that was forgotten has no rights at all.
 */

import type { Analysis } from "../../postgres/analysis.ts";
import type { Statement } from "../statement.ts";

const ANALYSES = new WeakMap<Statement, readonly Analysis[]>();

export function analysedAs(statement: Statement, analyses: readonly Analysis[]): Statement {
  ANALYSES.set(statement, [...(ANALYSES.get(statement) ?? []), ...analyses]);
  return statement;
}

/** The same statement in other words. */
export function analysedAlike(statement: Statement, before: Statement): Statement {
  return analysedAs(statement, analysesOf(before) ?? []);
}

/** undefined: nobody knows. */
export function analysesOf(statement: Statement): readonly Analysis[] | undefined {
  return ANALYSES.get(statement);
}
