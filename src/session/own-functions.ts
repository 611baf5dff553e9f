/**
 * Our functions have result columns that depend on the table they are asked about, which
 * PostgreSQL's signatures cannot say. So each time-series table has functions of its own, with
 * exact types, in the schema `pg_tide_<oid>`; before analysis that schema is put in front of the
 * name wherever the relation is a constant. Nothing else of the text changes, so names, aliases and
 * errors stay the user's.
 */

import { type ErrorFields, SqlError } from "../base/errors.ts";
import type { StatementText } from "../compile/split.ts";
import { type Token, tokenize } from "../compile/tokens.ts";

export const OWN_FUNCTIONS: ReadonlySet<string> = new Set([
  "coverage_ratio",
  "coverage_summary",
  "coverage_gaps",
]);

/** `""` gives the common beginning of all. */
export function ownSchema(tableOid: number | ""): string {
  return `pg_tide_${tableOid}`;
}

export interface NamedTable {
  readonly schema: string | undefined;
  readonly name: string;
}

/** Text put in: `at` is an offset in characters of the original. */
export interface Insertion {
  readonly at: number;
  readonly length: number;
}

export interface QualifiedText {
  readonly text: string;
  readonly insertions: readonly Insertion[];
}

/**
 * `resolve` gives the table's OID and throws 42P01 or 42809 itself.
 * @throws SqlError 0A000 when the relation is no constant.
 */
export function qualifyOwnFunctions(
  statement: StatementText,
  resolve: (table: NamedTable) => number,
): QualifiedText {
  const insertions: Insertion[] = [];
  let text = "";
  let copied = 0;
  statement.tokens.forEach((token, index) => {
    if (!isOwnCall(statement.tokens, index)) return;
    const schema = `${ownSchema(resolve(relationArgument(statement, index)))}.`;
    const from = printedSchema(statement.tokens, index)?.start ?? token.start;
    text += statement.text.slice(copied, from) + schema;
    copied = token.start;
    const length = schema.length - (token.start - from);
    insertions.push({ at: characters(statement.text, from), length });
  });
  return { text: text + statement.text.slice(copied), insertions };
}

/** Puts an error's position back to where it stands in the user's text. */
export function unshiftPosition(
  fields: ErrorFields,
  insertions: readonly Insertion[],
): ErrorFields {
  if (fields.position === undefined || insertions.length === 0) return fields;
  let position = fields.position - 1;
  for (const { at, length } of insertions) {
    if (position >= at + length) position -= length;
    else if (position > at) position = at;
  }
  return { ...fields, position: position + 1 };
}

function isOwnCall(tokens: readonly Token[], index: number): boolean {
  const token = tokens[index];
  if (token?.kind !== "word" && token?.kind !== "quoted") return false;
  if (!OWN_FUNCTIONS.has(token.value) || !isSymbol(tokens[index + 1], "(")) return false;
  const before = tokens[index - 1];
  // An alias with a list of columns.
  if (isSymbol(before, ")") || (before?.kind === "word" && before.value === "as")) return false;
  return !isSymbol(before, ".") || printedSchema(tokens, index) !== undefined;
}

/** The schema of a function in a view as PostgreSQL prints it, perhaps of another server. */
function printedSchema(tokens: readonly Token[], index: number): Token | undefined {
  const schema = tokens[index - 2];
  if (schema?.kind !== "word" || !isSymbol(tokens[index - 1], ".")) return undefined;
  return PRINTED_SCHEMA.test(schema.value) ? schema : undefined;
}

const PRINTED_SCHEMA = new RegExp(`^${ownSchema("")}\\d+$`);

/** The first argument, or the one named `relation`. */
function relationArgument(statement: StatementText, index: number): NamedTable {
  const { tokens } = statement;
  const first = tokens[index + 2];
  const named = namedRelation(tokens, index + 2);
  const constant = named ?? (first?.kind === "string" ? first : undefined);
  if (constant === undefined) {
    const name = tokens[index]?.value ?? "";
    throw new SqlError("0A000", `the relation of ${name} must be a constant`, {
      hint: `Write the table's name in quotes: ${name}('my_table').`,
      position: characters(statement.text, first?.start ?? statement.text.length) + 1,
    });
  }
  return parseName(constant.value);
}

/** `relation => 'x'` or `relation := 'x'`, outside of inner parentheses. */
function namedRelation(tokens: readonly Token[], start: number): Token | undefined {
  let depth = 1;
  for (let at = start; at < tokens.length && depth > 0; at += 1) {
    const token = tokens[at];
    if (isSymbol(token, "(")) depth += 1;
    if (isSymbol(token, ")")) depth -= 1;
    const isArrow =
      (isSymbol(tokens[at + 1], "=") && isSymbol(tokens[at + 2], ">")) ||
      (isSymbol(tokens[at + 1], ":") && isSymbol(tokens[at + 2], "="));
    const value = tokens[at + 3];
    if (depth === 1 && token?.value === "relation" && isArrow && value?.kind === "string") {
      return value;
    }
  }
  return undefined;
}

/** A relation's name as regclass reads it: `m`, `s.m`, `"odd name"`. */
function parseName(text: string): NamedTable {
  const names = tokenize(text).filter((token) => token.kind === "word" || token.kind === "quoted");
  const [first, second] = names;
  if (first === undefined || names.length > 2) {
    throw new SqlError("42602", `invalid name syntax: "${text}"`);
  }
  return second === undefined
    ? { schema: undefined, name: first.value }
    : { schema: first.value, name: second.value };
}

function isSymbol(token: Token | undefined, value: string): boolean {
  return token?.kind === "symbol" && token.value === value;
}

function characters(text: string, offset: number): number {
  return [...text.slice(0, offset)].length;
}
