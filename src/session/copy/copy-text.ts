/** The parts of a COPY statement's own text: what is analysed by itself, and literals. */

import { type StatementText, splitStatements } from "../../compile/split.ts";
import { type Token, tokenize } from "../../compile/tokens.ts";

/**
 * `FORMAT json` with the word in quotes: PostgreSQL 18 keeps the two words for other clauses.
 * `insertions` as those of own functions.
 */
export function withQuotedFormat(statement: StatementText): {
  readonly statement: StatementText;
  readonly insertions: readonly { readonly at: number; readonly length: number }[];
} {
  const { text, tokens } = statement;
  const words = (index: number) => (tokens[index]?.kind === "word" ? tokens[index]?.value : "");
  const format = tokens.findIndex(
    (_, index) => words(index) === "format" && words(index + 1) === "json",
  );
  const json = tokens[format + 1];
  if (words(0) !== "copy" || format < 0 || json === undefined) return { statement, insertions: [] };
  const quoted = `${text.slice(0, json.start)}'json'${text.slice(json.end)}`;
  const before = [...text.slice(0, json.start)].length;
  return {
    statement: { ...statement, text: quoted, tokens: tokenize(quoted) },
    insertions: [before, before + "json".length].map((at) => ({ at, length: 1 })),
  };
}

/** `SELECT ...` of `COPY (SELECT ...) TO`, its characters counted from the whole statement. */
export function innerQuery(statement: StatementText): StatementText | undefined {
  const { text, tokens } = statement;
  const open = tokens.findIndex(({ kind, value }) => kind === "symbol" && value === "(");
  const close = closing(tokens, open);
  const first = tokens[open];
  const last = tokens[close];
  if (first === undefined || last === undefined) return undefined;
  const [inner] = splitStatements(text.slice(first.end, last.start));
  if (inner === undefined) return undefined;
  const before = [...text.slice(0, first.end)].length;
  return { ...inner, charactersBefore: before + inner.charactersBefore };
}

/** The file's name as the statement has it: a line feed prints like a blank in the tree. */
export function fileName(statement: StatementText): string | undefined {
  const at = outside(statement.tokens, ["from", "to"]);
  const token = statement.tokens[at + 1];
  return at >= 0 && token?.kind === "string" ? token.value : undefined;
}

/** What stands behind WHERE, and how many characters before it. */
export function whereText(
  statement: StatementText,
): { readonly text: string; readonly charactersBefore: number } | undefined {
  const token = statement.tokens[outside(statement.tokens, ["where"])];
  if (token === undefined) return undefined;
  return {
    text: statement.text.slice(token.end),
    charactersBefore: [...statement.text.slice(0, token.end)].length,
  };
}

/** Position of the first of the words that stands in no parentheses; -1 without one. */
function outside(tokens: readonly Token[], words: readonly string[]): number {
  let depth = 0;
  for (const [index, { kind, value }] of tokens.entries()) {
    if (kind === "symbol" && value === "(") depth += 1;
    else if (kind === "symbol" && value === ")") depth -= 1;
    else if (depth === 0 && kind === "word" && words.includes(value)) return index;
  }
  return -1;
}

function closing(tokens: readonly Token[], open: number): number {
  let depth = 0;
  for (let index = open; index >= 0 && index < tokens.length; index += 1) {
    const token = tokens[index];
    if (token?.kind !== "symbol") continue;
    if (token.value === "(") depth += 1;
    if (token.value === ")") depth -= 1;
    if (depth === 0) return index;
  }
  return -1;
}
