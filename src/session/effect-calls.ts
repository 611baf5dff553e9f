/** Where a query calls functions that act on sessions (effect-functions.ts), found in its text. */

import { type Token, tokenize } from "../compile/tokens.ts";
import type { QueryNode } from "../compile/tree.ts";
import { loadCatalogue } from "../types/catalogue.ts";
import { EFFECT_FUNCTIONS } from "./effect-functions.ts";

export interface EffectCall {
  readonly name: string;
  /** Of the whole call, `pg_catalog.` included; offsets in UTF-16 units, end exclusive. */
  readonly start: number;
  readonly end: number;
  /** Between its parentheses. */
  readonly args: string;
}

const FIRST_OWN_OID = 16_384;
/** Kinds of range table entries. */
const [SUBQUERY, CTE, RESULT] = [1, 6, 8];
const CALLS = /\{FUNCEXPR :funcid (\d+) /g;

export interface EffectShape {
  /** Calls in the tree. */
  readonly count: number;
  /** There is nothing to select from; else each call is a column of its own. */
  readonly isOnce: boolean;
  readonly isEffect: (functionOid: number) => boolean;
}

/** What may leave a call out. */
const CONDITIONAL = /\{(?:CASE(?:EXPR)?|COALESCE(?:EXPR)?|BOOLEXPR|SUBLINK) /;

/** undefined: there is no such call, or one that may be executed or not. */
export function effectShape(tree: string, query: QueryNode): EffectShape | undefined {
  const count = effectCount(tree);
  if (count === 0 || query.commandType !== 1) return undefined;
  if (isOneRow(query) && !CONDITIONAL.test(tree)) return { count, isOnce: true, isEffect };
  const relations = [...tree.matchAll(/:relid (\d+)/g)].map(([, oid]) => Number(oid));
  if (relations.some((oid) => oid >= FIRST_OWN_OID)) return undefined;
  const columns = (query.targetList ?? []).filter(
    ({ expr, resjunk }) => !resjunk && expr.tag === "FUNCEXPR" && isEffect(expr.funcid),
  );
  const isPlain = [query.distinctClause, query.groupClause, query.setOperations].every(
    (clause) => clause === null || (Array.isArray(clause) && clause.length === 0),
  );
  return columns.length === count && isPlain ? { count, isOnce: false, isEffect } : undefined;
}

/**
 * Nothing to select from but subqueries and WITH queries of that kind, as Kysely's migrations take
 * their lock: all of it is computed, once. A WITH query that nobody reads never is.
 */
function isOneRow(query: QueryNode): boolean {
  const isCertain =
    query.jointree?.quals == null &&
    query.limitCount === null &&
    query.limitOffset === null &&
    query.havingQual === null &&
    query.setOperations === null;
  return (
    isCertain &&
    (query.cteList ?? []).every(
      ({ cterecursive, cterefcount, ctequery }) =>
        !cterecursive && cterefcount > 0 && isOneRow(ctequery),
    ) &&
    (query.rtable ?? []).every(
      ({ rtekind, subquery }) =>
        rtekind === RESULT || rtekind === CTE || (rtekind === SUBQUERY && isOneRow(subquery)),
    )
  );
}

/** All calls, also those inside of others. */
export function callsIn(text: string): readonly EffectCall[] {
  const tokens = tokenize(text);
  return tokens.flatMap((token, index) => {
    const isName = token.kind === "word" || token.kind === "quoted";
    if (!isName || !EFFECT_FUNCTIONS.has(token.value)) return [];
    const open = tokens[index + 1];
    if (open?.kind !== "symbol" || open.value !== "(") return [];
    const close = closing(tokens, index + 1);
    if (close === undefined) return [];
    const isQualified = tokens[index - 1]?.value === "." && index >= 2;
    const start = (isQualified ? tokens[index - 2] : token)?.start ?? token.start;
    return [{ name: token.value, start, end: close.end, args: text.slice(open.end, close.start) }];
  });
}

function closing(tokens: readonly Token[], open: number): Token | undefined {
  let depth = 0;
  for (const token of tokens.slice(open)) {
    if (token.kind !== "symbol") continue;
    if (token.value === "(") depth += 1;
    if (token.value === ")") depth -= 1;
    if (depth === 0) return token;
  }
  return undefined;
}

function effectCount(tree: string): number {
  return [...tree.matchAll(CALLS)].filter(([, oid]) => isEffect(Number(oid))).length;
}

function isEffect(oid: number): boolean {
  if (oid >= FIRST_OWN_OID) return false;
  return EFFECT_FUNCTIONS.has(loadCatalogue().functionByOid(oid)?.name ?? "");
}
