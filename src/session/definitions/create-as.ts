/** CREATE TABLE ... AS and SELECT ... INTO, taken apart: the table, and the query that fills it. */

import { SqlError } from "../../base/errors.ts";
import type { NodeObject, NodeValue } from "../../compile/node-text.ts";
import type { StatementText } from "../../compile/split.ts";
import { quoteIdentifier, type Token } from "../../compile/tokens.ts";

export interface CreateAs {
  /** PostgreSQL's command tag. */
  readonly command: "CREATE TABLE AS" | "SELECT INTO";
  /** Quoted. */
  readonly name: string;
  readonly isTemporary: boolean;
  readonly onCommit: number;
  readonly ifNotExists: boolean;
  /** Names given to the first columns. */
  readonly columnNames: readonly string[];
  readonly query: string;
  /** Of the query in the statement, in characters. */
  readonly charactersBefore: number;
  readonly isFilled: boolean;
}

/** `node` is a CREATETABLEASSTMT. @throws SqlError 0A000 */
export function createAs(node: NodeObject, statement: StatementText): CreateAs {
  const into = node["into"] as NodeObject;
  if (into["accessMethod"] === "tstable") {
    throw new SqlError("0A000", "CREATE TABLE ... USING tstable AS is not supported", {
      hint: "Use CREATE TSTABLE name AS query.",
    });
  }
  const isTemporary = (into["rel"] as NodeObject)["relpersistence"] === "t";
  if (!isTemporary && Number(into["onCommit"] ?? 0) !== 0) {
    throw new SqlError("42P16", "ON COMMIT can only be used on temporary tables");
  }
  const isInto = node["is_select_into"] === true;
  const query = isInto ? withoutInto(statement) : behindAs(statement);
  const relation = into["rel"] as NodeObject;
  const names = [relation["schemaname"], relation["relname"]].filter((name) => name !== null);
  return {
    command: isInto ? "SELECT INTO" : "CREATE TABLE AS",
    name: names.map((name) => quoteIdentifier(String(name))).join("."),
    isTemporary,
    onCommit: Number(into["onCommit"] ?? 0),
    ifNotExists: node["if_not_exists"] === true,
    columnNames: namesOf(into["colNames"]),
    ...query,
    isFilled: into["skipData"] !== true,
  };
}

type Query = Pick<CreateAs, "query" | "charactersBefore">;

function behindAs({ text, tokens }: StatementText): Query {
  const as = tokens.findIndex((token, at) => isWord(token, "as") && depthAt(tokens, at) === 0);
  const first = tokens[as + 1];
  if (as < 0 || first === undefined || isWord(first, "execute")) {
    throw new SqlError("0A000", "this form of CREATE TABLE AS is not supported");
  }
  const last = tokens.slice(0, tokens.length - dataWords(tokens)).at(-1);
  const charactersBefore = [...text.slice(0, first.start)].length;
  return { query: text.slice(first.start, last?.end), charactersBefore };
}

/** WITH [NO] DATA at the end. */
export function dataWords(tokens: readonly Token[]): number {
  if (!isWord(tokens.at(-1), "data")) return 0;
  if (isWord(tokens.at(-2), "with")) return 2;
  return isWord(tokens.at(-2), "no") && isWord(tokens.at(-3), "with") ? 3 : 0;
}

const BEFORE_NAME = ["temp", "temporary", "local", "global", "unlogged", "table"];

function withoutInto({ text, tokens }: StatementText): Query {
  const into = tokens.findIndex(
    (token, at) =>
      isWord(token, "into") && depthAt(tokens, at) === 0 && !isWord(tokens[at - 1], "as"),
  );
  let end = into + 1;
  while (BEFORE_NAME.some((word) => isWord(tokens[end], word))) end += 1;
  while (isSymbol(tokens[end + 1], ".")) end += 2;
  const [from, to] = [tokens[into]?.start, tokens[end]?.end];
  if (into < 0 || from === undefined || to === undefined) {
    throw new SqlError("0A000", "this form of SELECT INTO is not supported");
  }
  const blanks = " ".repeat(to - from);
  return { query: text.slice(0, from) + blanks + text.slice(to), charactersBefore: 0 };
}

function namesOf(value: NodeValue | undefined): string[] {
  return Array.isArray(value) ? value.map(String) : [];
}

function depthAt(tokens: readonly Token[], at: number): number {
  let depth = 0;
  for (const token of tokens.slice(0, at)) {
    if (isSymbol(token, "(")) depth += 1;
    if (isSymbol(token, ")")) depth -= 1;
  }
  return depth;
}

function isWord(token: Token | undefined, value: string): boolean {
  return token?.kind === "word" && token.value === value;
}

function isSymbol(token: Token | undefined, value: string): boolean {
  return token?.kind === "symbol" && token.value === value;
}
