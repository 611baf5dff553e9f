/**
 * PostgreSQL's lexical tokens: enough to split a text into statements and to read our own verbs.
 * Everything else is left to PostgreSQL itself. Strings are read as with
 * standard_conforming_strings on. https://www.postgresql.org/docs/current/sql-syntax-lexical.html
 */

import { SqlError } from "../base/errors.ts";

export type TokenKind = "word" | "quoted" | "string" | "number" | "parameter" | "symbol";

export interface Token {
  readonly kind: TokenKind;
  /** word: folded to lower case; quoted and string: unescaped; else as written. */
  readonly value: string;
  /** Offsets in UTF-16 units of the text, end exclusive. */
  readonly start: number;
  readonly end: number;
}

const SPACE = /[ \t\n\r\f\v]+/y;
const LINE_COMMENT = /--[^\n\r]*/y;
const WORD = /[A-Za-z_\u0080-\uffff][A-Za-z0-9_$\u0080-\uffff]*/y;
const NUMBER =
  /(?:0[xX][0-9A-Fa-f_]+|0[oO][0-7_]+|0[bB][01_]+|(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)/y;
const PARAMETER = /\$\d+/y;
const DOLLAR_TAG = /\$(?:[A-Za-z_\u0080-\uffff][A-Za-z0-9_\u0080-\uffff]*)?\$/y;

/** They stand in memory while their statement is prepared, and are read at one go. */
const TOKENS_MAX = 2_000_000;

/**
 * Tokens of `text`. An unterminated string or comment runs to the end; PostgreSQL will complain of
 * it.
 * @throws SqlError 54001
 */
export function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (at < text.length) {
    const blank = skipBlank(text, at);
    if (blank > at) {
      at = blank;
      continue;
    }
    const token = readToken(text, at);
    if (tokens.length === TOKENS_MAX) throw tooComplex();
    tokens.push(token);
    at = token.end;
  }
  return tokens;
}

function tooComplex(): SqlError {
  return new SqlError("54001", "statement too complex", {
    detail: `It has more than ${TOKENS_MAX} words and symbols.`,
    hint: "Use COPY, an INSERT of nothing but literals, or array parameters.",
  });
}

function skipBlank(text: string, at: number): number {
  const space = matchAt(SPACE, text, at) ?? matchAt(LINE_COMMENT, text, at);
  if (space !== undefined) return at + space.length;
  return text.startsWith("/*", at) ? endOfBlockComment(text, at) : at;
}

/** Block comments nest. */
function endOfBlockComment(text: string, start: number): number {
  let depth = 0;
  for (let at = start; at < text.length; at += 1) {
    if (text.startsWith("/*", at)) {
      depth += 1;
      at += 1;
    } else if (text.startsWith("*/", at)) {
      depth -= 1;
      at += 1;
      if (depth === 0) return at + 1;
    }
  }
  return text.length;
}

function readToken(text: string, at: number): Token {
  const char = text[at] ?? "";
  if (char === "'") return readString(text, at, at, false);
  if (char === '"') return readQuoted(text, at, at);
  const prefixed = readPrefixed(text, at);
  if (prefixed !== undefined) return prefixed;

  const word = matchAt(WORD, text, at);
  if (word !== undefined) return token("word", foldCase(word), at, word.length);
  const parameter = matchAt(PARAMETER, text, at);
  if (parameter !== undefined) return token("parameter", parameter, at, parameter.length);
  const tag = matchAt(DOLLAR_TAG, text, at);
  if (tag !== undefined) return readDollarQuoted(text, at, tag);
  const number = matchAt(NUMBER, text, at);
  if (number !== undefined) return token("number", number, at, number.length);
  return token("symbol", char, at, 1);
}

/** E'..', B'..', X'..', N'..', U&'..', U&"..". */
function readPrefixed(text: string, at: number): Token | undefined {
  if (/^[eE]'/.test(text.slice(at, at + 2))) return readString(text, at, at + 1, true);
  if (/^[bBxXnN]'/.test(text.slice(at, at + 2))) return readString(text, at, at + 1, false);
  if (/^[uU]&'/.test(text.slice(at, at + 3))) return readString(text, at, at + 2, false);
  if (/^[uU]&"/.test(text.slice(at, at + 3))) return readQuoted(text, at, at + 2);
  return undefined;
}

function readString(text: string, start: number, open: number, hasEscapes: boolean): Token {
  let value = "";
  let at = open + 1;
  while (at < text.length) {
    const char = text[at] ?? "";
    if (char === "'") {
      if (text[at + 1] !== "'") return { kind: "string", value, start, end: at + 1 };
      value += "'";
      at += 2;
    } else if (hasEscapes && char === "\\") {
      value += escaped(text[at + 1] ?? "");
      at += 2;
    } else {
      value += char;
      at += 1;
    }
  }
  return { kind: "string", value, start, end: text.length };
}

function escaped(char: string): string {
  const known: Record<string, string> = { n: "\n", t: "\t", r: "\r", b: "\b", f: "\f" };
  return known[char] ?? char;
}

function readQuoted(text: string, start: number, open: number): Token {
  let at = open + 1;
  while (at < text.length && !(text[at] === '"' && text[at + 1] !== '"')) {
    at += text[at] === '"' ? 2 : 1;
  }
  const value = text.slice(open + 1, at).replaceAll('""', '"');
  return { kind: "quoted", value, start, end: Math.min(at + 1, text.length) };
}

function readDollarQuoted(text: string, start: number, tag: string): Token {
  const close = text.indexOf(tag, start + tag.length);
  if (close < 0) return { kind: "string", value: "", start, end: text.length };
  const value = text.slice(start + tag.length, close);
  return { kind: "string", value, start, end: close + tag.length };
}

function token(kind: TokenKind, value: string, start: number, length: number): Token {
  return { kind, value, start, end: start + length };
}

function matchAt(pattern: RegExp, text: string, at: number): string | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0];
}

/** PostgreSQL folds ASCII letters only in UTF-8 databases. */
function foldCase(word: string): string {
  return word.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

/** An identifier as SQL text, always quoted. */
export function quoteIdentifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
