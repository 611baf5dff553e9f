/** One Query text into its statements: PostgreSQL's Parse takes one at a time. */

import { type InsertLiterals, readInsertLiterals } from "./insert-literals.ts";
import { type Token, tokenize } from "./tokens.ts";

export interface StatementText {
  readonly text: string;
  /**
   * Characters (code points) of the whole text before this statement: error positions are shifted
   * by it.
   */
  readonly charactersBefore: number;
  readonly tokens: readonly Token[];
  /** An INSERT of nothing but literals; its tokens are made when somebody asks. */
  readonly literals?: InsertLiterals;
}

/**
 * Splits at semicolons outside of strings, comments, parentheses and `BEGIN ATOMIC ... END` bodies.
 * Empty statements are left out, so a text of blanks and comments gives none.
 */
export function splitStatements(text: string): StatementText[] {
  const literals = readInsertLiterals(text);
  return literals === undefined ? splitTokens(text) : [new LiteralInsert(text, literals)];
}

class LiteralInsert implements StatementText {
  readonly text: string;
  readonly charactersBefore: number;
  readonly literals: InsertLiterals;
  #tokens: readonly Token[] | undefined;

  constructor(text: string, literals: InsertLiterals) {
    const start = text.length - text.trimStart().length;
    this.text = text.slice(start);
    this.charactersBefore = start;
    this.literals = literals;
  }

  get tokens(): readonly Token[] {
    this.#tokens ??= splitTokens(this.text)[0]?.tokens ?? [];
    return this.#tokens;
  }
}

function splitTokens(text: string): StatementText[] {
  const statements: StatementText[] = [];
  let current: Token[] = [];
  let depth = 0;
  let atomicDepth = 0;
  let counted = 0;
  let charactersBefore = 0;
  const finish = () => {
    const first = current[0];
    const last = current.at(-1);
    if (first !== undefined && last !== undefined) {
      charactersBefore += characters(text, counted, first.start);
      counted = first.start;
      statements.push(statementOf(text, current, charactersBefore, last.end));
    }
    current = [];
    depth = 0;
  };
  for (const token of tokenize(text)) {
    if (token.kind === "symbol" && token.value === ";" && depth <= 0 && atomicDepth === 0) {
      finish();
      continue;
    }
    if (token.kind === "symbol" && token.value === "(") depth += 1;
    if (token.kind === "symbol" && token.value === ")") depth -= 1;
    atomicDepth = nextAtomicDepth(atomicDepth, token, current.at(-1));
    current.push(token);
  }
  finish();
  return statements;
}

/** Inside an atomic body CASE opens one more level that END closes. */
function nextAtomicDepth(depth: number, token: Token, previous: Token | undefined): number {
  if (token.kind !== "word") return depth;
  const isBegin = previous?.kind === "word" && previous.value === "begin";
  if (token.value === "atomic" && isBegin) return depth + 1;
  if (depth === 0) return 0;
  if (token.value === "case") return depth + 1;
  return token.value === "end" ? depth - 1 : depth;
}

/** Code points from one offset to another, as a string counts them. */
function characters(text: string, from: number, to: number): number {
  let count = 0;
  for (let at = from; at < to; count += 1) at += (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1;
  return count;
}

function statementOf(
  text: string,
  tokens: readonly Token[],
  charactersBefore: number,
  end: number,
): StatementText {
  const start = tokens[0]?.start ?? 0;
  return {
    text: text.slice(start, end),
    charactersBefore,
    tokens: tokens.map((token) => ({
      ...token,
      start: token.start - start,
      end: token.end - start,
    })),
  };
}
