/** DECLARE, FETCH, MOVE, PREPARE, EXECUTE taken apart: options from the tree, texts by tokens. */

import type { NodeObject } from "../compile/node-text.ts";
import { type StatementText, splitStatements } from "../compile/split.ts";
import { TokenReader } from "../compile/token-reader.ts";
import type { Move } from "./cursor-rows.ts";
import type { Statement } from "./statement.ts";

/** Bits of parsenodes.h. */
const BINARY = 0x01;
const SCROLL = 0x02;
const NO_SCROLL = 0x04;
const HOLD = 0x20;

/** What the tree says for ALL: the greatest long of either word size. */
const ALL = new Set([2_147_483_647, Number("9223372036854775807")]);

const DIRECTIONS = ["forward", "backward", "absolute", "relative"] as const;

export interface CursorDeclaration {
  readonly name: string;
  readonly isBinary: boolean;
  /** undefined: as the query allows. */
  readonly isScrollable: boolean | undefined;
  readonly isHoldable: boolean;
}

export function cursorDeclaration(node: NodeObject): CursorDeclaration {
  const options = Number(node["options"]);
  const scroll = (options & NO_SCROLL) !== 0 ? false : undefined;
  return {
    name: String(node["portalname"] ?? ""),
    isBinary: (options & BINARY) !== 0,
    isScrollable: (options & SCROLL) !== 0 ? true : scroll,
    isHoldable: (options & HOLD) !== 0,
  };
}

/** The query of a DECLARE, and the characters before it. */
export function declaredQuery(statement: StatementText): StatementText {
  const reader = new TokenReader(statement.text, statement.tokens);
  reader.expect("declare");
  reader.identifier();
  while (!reader.takes("cursor")) reader.word();
  while (!reader.takes("for")) reader.word();
  return restOf(statement, reader);
}

export function fetchStatement(node: NodeObject): Statement {
  const count = Number(node["howMany"]);
  const move: Move = {
    direction: DIRECTIONS[Number(node["direction"])] ?? "forward",
    count: ALL.has(count) ? Infinity : count,
  };
  return {
    kind: "fetch",
    name: String(node["portalname"] ?? ""),
    move,
    isMove: node["ismove"] === true,
  };
}

export function prepareStatement(node: NodeObject, statement: StatementText): Statement {
  const reader = new TokenReader(statement.text, statement.tokens);
  reader.expect("prepare");
  reader.identifier();
  const list = reader.peek?.value === "(" ? reader.balanced() : undefined;
  const types = list === undefined ? [] : parts(list.text.slice(1, -1), list.start + 1);
  reader.expect("as");
  const query = restOf(statement, reader);
  return { kind: "prepare", name: String(node["name"]), types, query };
}

export function executeStatement(node: NodeObject, statement: StatementText): Statement {
  const reader = new TokenReader(statement.text, statement.tokens);
  reader.expect("execute");
  reader.identifier();
  const list = reader.peek?.value === "(" ? reader.balanced() : undefined;
  const values = list === undefined ? [] : parts(list.text.slice(1, -1), list.start + 1);
  return { kind: "execute-prepared", name: String(node["name"]), values };
}

/** A piece of a statement's text, and the characters of the statement before it. */
export interface TextPart {
  readonly text: string;
  readonly charactersBefore: number;
}

function restOf(statement: StatementText, reader: TokenReader): StatementText {
  const start = reader.peek?.start ?? statement.text.length;
  const rest = statement.text.slice(start);
  const [inner] = splitStatements(rest);
  const charactersBefore = [...statement.text.slice(0, start)].length;
  return { text: inner?.text ?? rest, charactersBefore, tokens: inner?.tokens ?? [] };
}

/** The arguments in a call's parentheses. */
export function argumentParts(text: string): string[] {
  return parts(text, 0).map((part) => part.text);
}

/** What commas outside of parentheses and brackets set apart. */
function parts(text: string, start: number): TextPart[] {
  const tokens = splitStatements(text)[0]?.tokens ?? [];
  const all: TextPart[] = [];
  let depth = 0;
  let from = 0;
  const add = (until: number) => {
    const part = text.slice(from, until);
    if (part.trim() !== "") all.push({ text: part, charactersBefore: start + from });
  };
  for (const { kind, value, start: at } of tokens) {
    if (kind !== "symbol") continue;
    if (value === "(" || value === "[") depth += 1;
    if (value === ")" || value === "]") depth -= 1;
    if (value !== "," || depth > 0) continue;
    add(at);
    from = at + 1;
  }
  add(text.length);
  return all;
}
