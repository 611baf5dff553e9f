/** A cursor over tokens for our own verbs; complains in PostgreSQL's words. */

import { SqlError } from "../base/errors.ts";
import type { Token } from "./tokens.ts";

export class TokenReader {
  readonly #text: string;
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(text: string, tokens: readonly Token[]) {
    this.#text = text;
    this.#tokens = tokens;
  }

  get peek(): Token | undefined {
    return this.#tokens[this.#at];
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#tokens.length;
  }

  /** Takes the words if all of them follow; `takes("if", "not", "exists")`. */
  takes(...words: readonly string[]): boolean {
    const follows = words.every((word, index) => {
      const token = this.#tokens[this.#at + index];
      return token?.kind === "word" && token.value === word;
    });
    if (follows) this.#at += words.length;
    return follows;
  }

  takesSymbol(symbol: string): boolean {
    const token = this.peek;
    if (token?.kind !== "symbol" || token.value !== symbol) return false;
    this.#at += 1;
    return true;
  }

  expect(...words: readonly string[]): void {
    if (!this.takes(...words)) this.fail();
  }

  expectSymbol(symbol: string): void {
    if (!this.takesSymbol(symbol)) this.fail();
  }

  /** One of the words, folded. */
  oneOf<const Word extends string>(words: readonly Word[]): Word {
    const token = this.peek;
    const word = words.find((candidate) => token?.kind === "word" && token.value === candidate);
    if (word === undefined) return this.fail();
    this.#at += 1;
    return word;
  }

  /** Any word, folded. */
  word(): string {
    const token = this.peek;
    if (token?.kind !== "word") return this.fail();
    this.#at += 1;
    return token.value;
  }

  identifier(): string {
    const token = this.peek;
    if (token?.kind !== "word" && token?.kind !== "quoted") return this.fail();
    if (token.kind === "quoted" && token.value === "") {
      throw new SqlError("42601", "zero-length delimited identifier", {
        position: this.#characters(token.start) + 1,
      });
    }
    this.#at += 1;
    return token.value;
  }

  string(): string {
    const token = this.peek;
    if (token?.kind !== "string") return this.fail();
    this.#at += 1;
    return token.value;
  }

  integer(): bigint {
    const token = this.peek;
    if (token?.kind !== "number" || !/^\d+$/.test(token.value)) return this.fail();
    this.#at += 1;
    return BigInt(token.value);
  }

  /** Comma-separated items in parentheses. */
  parenthesised<T>(item: () => T): T[] {
    this.expectSymbol("(");
    const items = [item()];
    while (this.takesSymbol(",")) items.push(item());
    this.expectSymbol(")");
    return items;
  }

  /** The text of a balanced `( ... )`, parentheses included, and where it stands. */
  balanced(): { readonly text: string; readonly start: number } {
    const open = this.peek;
    this.expectSymbol("(");
    let depth = 1;
    while (depth > 0) {
      const token = this.peek;
      if (open === undefined || token === undefined) return this.fail();
      if (token.kind === "symbol" && token.value === "(") depth += 1;
      if (token.kind === "symbol" && token.value === ")") depth -= 1;
      this.#at += 1;
      if (depth === 0) return { text: this.#text.slice(open.start, token.end), start: open.start };
    }
    return this.fail();
  }

  /**
   * The text from here to the first token, outside of parentheses, from which `isEnd` holds; else
   * to the last token. `isEnd` may read on; the reader is put back to where it was asked.
   */
  until(isEnd: (reader: TokenReader) => boolean): {
    readonly text: string;
    readonly start: number;
  } {
    const first = this.peek;
    if (first === undefined) return this.fail();
    let end = first.end;
    let depth = 0;
    for (let token = this.peek; token !== undefined; token = this.peek) {
      const here = this.#at;
      const isFound = depth === 0 && token !== first && isEnd(this);
      this.#at = here;
      if (isFound) break;
      if (token.kind === "symbol" && token.value === "(") depth += 1;
      if (token.kind === "symbol" && token.value === ")") depth -= 1;
      end = token.end;
      this.#at += 1;
    }
    return { text: this.#text.slice(first.start, end), start: first.start };
  }

  end(): void {
    if (!this.isAtEnd) this.fail();
  }

  /** @throws SqlError 42601 at the next token. */
  fail(): never {
    const token = this.peek;
    if (token === undefined) {
      throw new SqlError("42601", "syntax error at end of input", {
        position: this.#characters(this.#text.length) + 1,
      });
    }
    const raw = this.#text.slice(token.start, token.end);
    throw new SqlError("42601", `syntax error at or near "${raw}"`, {
      position: this.#characters(token.start) + 1,
    });
  }

  #characters(offset: number): number {
    return [...this.#text.slice(0, offset)].length;
  }
}
