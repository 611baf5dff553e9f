/**
 * ALTER TABLE over the rows there are: PostgreSQL tells what becomes of each row, in the tree of an
 * INSERT from the table as it was into the table as it is (casts, USING, defaults of new columns).
 */

import type { StatementText } from "../../compile/split.ts";
import { quoteIdentifier, type Token } from "../../compile/tokens.ts";
import type { Analysis, DefinitionChanges, ShadowSettings } from "../../postgres/analysis.ts";
import type { ShadowColumn, ShadowRelation } from "../../postgres/relation.ts";
import type { DefinitionSource } from "../../postgres/view.ts";
import { STORE_SCHEMA } from "../store-relations.ts";

/** The table as it was, while the statement is executed. */
const SCRATCH = "pg_tide_before";

export interface Rewrite {
  readonly analysis: Analysis;
  /** What the analysis calls the table as it was; its columns are those of `before`, in order. */
  readonly scratch: ShadowRelation;
  readonly before: ShadowRelation;
  readonly after: ShadowRelation;
}

export interface RewriteSources {
  readonly sources: readonly DefinitionSource[];
  /** Once they were executed; undefined: the rows stay as they are. */
  rewrite(): Rewrite | undefined;
}

/** Around an ALTER TABLE or CREATE UNIQUE INDEX of `before`. */
export function rewriteSources(
  sql: string,
  before: ShadowRelation,
  usings: ReadonlyMap<string, string>,
  settings: ShadowSettings,
): RewriteSources {
  let rewrite: Rewrite | undefined;
  let found: Omit<Rewrite, "analysis"> | undefined;
  const scratchName = `${STORE_SCHEMA}.${SCRATCH}`;
  const question = {
    ask: ({ relations }: DefinitionChanges) => {
      const after = relations.find(({ oid }) => oid === before.oid);
      const scratch = relations.find(({ name, schema }) => `${schema}.${name}` === scratchName);
      if (after === undefined || scratch === undefined || !touchesRows(before, after)) {
        return undefined;
      }
      found = { scratch, before, after };
      return { text: insertText(before, after, usings, scratchName), parameterOids: [], settings };
    },
    take: (analysis: Analysis) => {
      if (found !== undefined) rewrite = { ...found, analysis };
    },
  };
  return {
    sources: [
      { sql: `CREATE TABLE ${scratchName} (LIKE ${nameOf(before)})`, isOurs: true },
      sql,
      question,
      { sql: `DROP TABLE ${scratchName}`, isOurs: true },
    ],
    rewrite: () => rewrite,
  };
}

function insertText(
  before: ShadowRelation,
  after: ShadowRelation,
  usings: ReadonlyMap<string, string>,
  scratchName: string,
): string {
  const kept = after.columns.flatMap((column) => {
    const old = before.columns.find(({ number }) => number === column.number);
    return old === undefined || column.generated !== null ? [] : [{ column, old }];
  });
  const targets = kept.map(({ column }) => quoteIdentifier(column.name)).join(", ");
  const values = kept.map(({ old }) => usings.get(old.name) ?? quoteIdentifier(old.name));
  return (
    `INSERT INTO ${nameOf(after)} ${kept.length === 0 ? "" : `(${targets}) `}` +
    `OVERRIDING SYSTEM VALUE SELECT ${values.join(", ")}` +
    ` FROM ${scratchName} AS ${quoteIdentifier(before.name)}`
  );
}

function nameOf({ schema, name }: ShadowRelation): string {
  return `${quoteIdentifier(schema)}.${quoteIdentifier(name)}`;
}

/** Whether rows are stored otherwise or have to be checked. */
function touchesRows(before: ShadowRelation, after: ShadowRelation): boolean {
  if (before.columns.length !== after.columns.length) return true;
  const changed = after.columns.some((column) => {
    const old = before.columns.find(({ number }) => number === column.number);
    return old === undefined || isStoredOtherwise(old, column);
  });
  return changed || hasNewRule(before, after);
}

function isStoredOtherwise(old: ShadowColumn, column: ShadowColumn): boolean {
  const isComputedOtherwise = column.generated !== null && old.defaultTree !== column.defaultTree;
  return (
    old.typeOid !== column.typeOid ||
    old.typmod !== column.typmod ||
    (column.isNotNull && !old.isNotNull) ||
    isComputedOtherwise
  );
}

function hasNewRule(before: ShadowRelation, after: ShadowRelation): boolean {
  const rules = new Set(before.constraints.filter(isChecked).map(({ oid }) => oid));
  const indexes = new Set(before.indexes.map(({ oid }) => oid));
  return (
    after.constraints.some((one) => isChecked(one) && !rules.has(one.oid)) ||
    after.indexes.some((one) => one.isUnique && !indexes.has(one.oid))
  );
}

/** Every row keeps it. */
export function isChecked({
  isEnforced,
  isValidated,
}: ShadowRelation["constraints"][number]): boolean {
  return isEnforced && isValidated;
}

/** `ALTER COLUMN c TYPE t USING expression`: the expressions by column. */
export function usingExpressions({ text, tokens }: StatementText): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const part of partsOf(tokens)) {
    const [verb, ...rest] = part;
    if (verb?.kind !== "word" || verb.value !== "alter") continue;
    const hasNoise = isWord(rest[0], "column");
    const name = rest[hasNoise ? 1 : 0];
    const using = part.findIndex((token, at) => isWord(token, "using") && depthAt(part, at) === 0);
    const [first, last] = [part[using + 1], part.at(-1)];
    if (using < 0 || name === undefined || first === undefined || last === undefined) continue;
    found.set(name.value, `(${text.slice(first.start, last.end)})`);
  }
  return found;
}

/** What stands between top-level commas, without ALTER TABLE and the name in front. */
function partsOf(tokens: readonly Token[]): readonly (readonly Token[])[] {
  const parts: Token[][] = [[]];
  tokens.forEach((token, at) => {
    if (isSymbol(token, ",") && depthAt(tokens, at) === 0) parts.push([]);
    else parts.at(-1)?.push(token);
  });
  const [first = [], ...others] = parts;
  const start = first.findIndex((token, at) => at > 1 && isWord(token, "alter"));
  return [first.slice(start < 0 ? first.length : start), ...others];
}

function depthAt(tokens: readonly Token[], at: number): number {
  let depth = 0;
  for (const token of tokens.slice(0, at)) {
    if (isSymbol(token, "(") || isSymbol(token, "[")) depth += 1;
    if (isSymbol(token, ")") || isSymbol(token, "]")) depth -= 1;
  }
  return depth;
}

function isWord(token: Token | undefined, value: string): boolean {
  return token?.kind === "word" && token.value === value;
}

function isSymbol(token: Token, value: string): boolean {
  return token.kind === "symbol" && token.value === value;
}
