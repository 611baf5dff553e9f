/** Which way an analysed SELECT goes. Looks at the printed tree's text: cheaper than walking it. */

import { SqlError } from "../base/errors.ts";
import { catalogRefusal } from "../postgres/containment.ts";
import type { Tables } from "./tables.ts";

export type Route =
  /** DuckDB: it reads our tables or calls our functions. */
  | { readonly kind: "compile" }
  /** The embedded PostgreSQL: it reads catalogues only, or nothing. */
  | { readonly kind: "catalog" }
  /** No relation, but rows without bound or the clock: DuckDB if the closed table has it all. */
  | { readonly kind: "compile-first"; readonly mayRunInCatalog: boolean };

/**
 * now() and its kin must follow our transaction's clock, which the embedded server does not know.
 */
const CLOCK = /:funcid (?:1299|2647|2648|2649) |\{SQLVALUEFUNCTION :op [0-8] /;
const SET_RETURNING = /:funcretset true|:hasRecursive true|:rtekind 5 /;

/** @throws SqlError 0A000 when neither may run it */
export function routeOf(tree: string, tables: Tables): Route {
  const relations = oidsOf(tree, /:relid (\d+)/g);
  const functions = oidsOf(tree, /:funcid (\d+)/g);
  const isOurs =
    relations.some((oid) => tables.relation(oid) !== undefined) ||
    functions.some((oid) => tables.functionName(oid) !== undefined);
  if (isOurs) return { kind: "compile" };

  const refusal = catalogRefusal(tree);
  if (relations.length === 0 && (CLOCK.test(tree) || SET_RETURNING.test(tree))) {
    return { kind: "compile-first", mayRunInCatalog: refusal === undefined && !CLOCK.test(tree) };
  }
  if (refusal === undefined) return { kind: "catalog" };
  if (relations.length === 0) return { kind: "compile-first", mayRunInCatalog: false };
  throw new SqlError("0A000", refusal);
}

function oidsOf(tree: string, pattern: RegExp): number[] {
  return [...tree.matchAll(pattern)].map((match) => Number(match[1])).filter((oid) => oid !== 0);
}
