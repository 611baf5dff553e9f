/**
 * Reads PostgreSQL's printed node trees (nodeToString) into plain objects.
 *
 * Every cold statement passes here, so this is one pass over the text by character code, without
 * regular expressions. Tokens become numbers and booleans where the field is not known to hold a
 * name.
 */

import { assert } from "../base/errors.ts";

export type NodeValue = null | boolean | number | string | Uint8Array | NodeObject | NodeValue[];
export interface NodeObject {
  readonly tag: string;
  [field: string]: NodeValue;
}

/** Fields that hold names: a column called `true` or `12` must stay text. */
const NAME_FIELDS: ReadonlySet<string> = new Set([
  "aliasname",
  "argname",
  "colname",
  "ctename",
  "enrname",
  "name",
  "refname",
  "resname",
  "tablename",
]);

/**
 * Property names met before, by hash: slicing and interning each again would take most of the time.
 */
const WORDS_MAX = 4096;
const WORDS: (string | undefined)[] = new Array(WORDS_MAX).fill(undefined);

const SPACE = 32;
const NEWLINE = 10;
const QUOTE = 34;
const OPEN_LIST = 40;
const CLOSE_LIST = 41;
const COLON = 58;
const LESS = 60;
const GREATER = 62;
const OPEN_BYTES = 91;
const BACKSLASH = 92;
const CLOSE_BYTES = 93;
const OPEN_NODE = 123;
const CLOSE_NODE = 125;
const MINUS = 45;
const ZERO = 48;
const NINE = 57;

/** The value that `text` prints: for an analysed statement a list of QUERY nodes. */
export function readNodeText(text: string): NodeValue {
  const reader = new Reader(text);
  const value = reader.value(false);
  assert(reader.atEnd(), "node tree goes on after its end");
  return value;
}

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  atEnd(): boolean {
    this.#skipBlanks();
    return this.#at >= this.#text.length;
  }

  value(isName: boolean): NodeValue {
    this.#skipBlanks();
    switch (this.#text.charCodeAt(this.#at)) {
      case OPEN_NODE:
        return this.#node();
      case OPEN_LIST:
        return this.#list();
      case QUOTE:
        return this.#quoted();
      case LESS:
        if (this.#text.charCodeAt(this.#at + 1) === GREATER) {
          this.#at += 2;
          return null;
        }
        return this.#token(isName);
      default:
        return this.#token(isName);
    }
  }

  #node(): NodeObject {
    this.#at += 1;
    const node: NodeObject = { tag: this.#word() };
    for (;;) {
      this.#skipBlanks();
      const code = this.#text.charCodeAt(this.#at);
      if (code === CLOSE_NODE) break;
      if (code !== COLON) {
        // In trees that were only parsed A_CONST prints a bare NULL, A_EXPR its kind: IN, LIKE...
        assert(isCapital(code), () => `node tree: field expected at ${this.#at}`);
        this.#word();
        continue;
      }
      this.#at += 1;
      const field = this.#word();
      let value = this.value(NAME_FIELDS.has(field));
      if (field === "constvalue" && typeof value === "number") value = this.#bytes(value);
      node[field] = value;
    }
    this.#at += 1;
    return node;
  }

  #list(): NodeValue[] {
    this.#at += 1;
    const list: NodeValue[] = [];
    const isQuoted = this.#text.charCodeAt(this.#at) === QUOTE;
    for (;;) {
      this.#skipBlanks();
      if (this.#text.charCodeAt(this.#at) === CLOSE_LIST) break;
      assert(this.#at < this.#text.length, "node tree ends inside a list");
      list.push(this.value(false));
    }
    this.#at += 1;
    // (i 1 2), (o 23), (b 8 9), (x 1): the letter only says what the numbers are. A name is quoted.
    const first = isQuoted ? undefined : list[0];
    if (first === "i" || first === "o" || first === "b" || first === "x") list.shift();
    return list;
  }

  /** `[ 1 0 -1 ]`, signed decimal, after its length. */
  #bytes(length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    this.#skipBlanks();
    assert(this.#text.charCodeAt(this.#at) === OPEN_BYTES, "node tree: bytes expected");
    this.#at += 1;
    let count = 0;
    for (;;) {
      this.#skipBlanks();
      if (this.#text.charCodeAt(this.#at) === CLOSE_BYTES) break;
      const before = this.#at;
      bytes[count] = this.#integer();
      assert(this.#at > before, () => `node tree: byte expected at ${before}`);
      count += 1;
    }
    this.#at += 1;
    assert(count >= length, "node tree: too few bytes in a constant");
    return bytes;
  }

  #integer(): number {
    const text = this.#text;
    let at = this.#at;
    const isNegative = text.charCodeAt(at) === MINUS;
    if (isNegative) at += 1;
    let value = 0;
    for (;;) {
      const digit = text.charCodeAt(at) - ZERO;
      if (!(digit >= 0 && digit <= 9)) break;
      value = value * 10 + digit;
      at += 1;
    }
    this.#at = at;
    return isNegative ? -value : value;
  }

  /** A field's or node's name: never escaped. The few hundred there are come out of a table. */
  #word(): string {
    const text = this.#text;
    const start = this.#at;
    let at = start;
    let hash = 0;
    for (;;) {
      const code = text.charCodeAt(at);
      if (code === SPACE || code === NEWLINE || code === CLOSE_NODE || Number.isNaN(code)) break;
      hash = (hash * 31 + code) | 0;
      at += 1;
    }
    this.#at = at;
    const slot = hash & (WORDS_MAX - 1);
    const known = WORDS[slot];
    if (known !== undefined && known.length === at - start && text.startsWith(known, start)) {
      return known;
    }
    const word = text.slice(start, at);
    WORDS[slot] = word;
    return word;
  }

  /**
   * Quotes inside are not escaped, blanks and brackets are: the token's end is the string's end.
   */
  #quoted(): string {
    return this.#unescaped().slice(1, -1);
  }

  #token(isName: boolean): NodeValue {
    const start = this.#at;
    const first = this.#text.charCodeAt(start);
    const isNumber = first === MINUS || (first >= ZERO && first <= NINE);
    if (isNumber && !isName) {
      const integer = this.#integer();
      if (endsToken(this.#text.charCodeAt(this.#at))) return integer;
      this.#at = start;
    }
    const token = this.#unescaped();
    assert(this.#at > start, () => `node tree: value expected at ${start}`);
    if (isName || first === BACKSLASH) return token;
    if (token === "true") return true;
    if (token === "false") return false;
    if (!isNumber) return token;
    const number = Number(token);
    return Number.isNaN(number) ? token : number;
  }

  #unescaped(): string {
    const text = this.#text;
    let at = this.#at;
    let from = at;
    let pieces = "";
    for (;;) {
      const code = text.charCodeAt(at);
      if (code === BACKSLASH) {
        pieces += text.slice(from, at);
        // A line wrap may have replaced an escaped blank.
        pieces += text.charCodeAt(at + 1) === NEWLINE ? " " : text.charAt(at + 1);
        at += 2;
        from = at;
        continue;
      }
      if (endsToken(code)) break;
      at += 1;
    }
    this.#at = at;
    return pieces + text.slice(from, at);
  }

  #skipBlanks(): void {
    for (;;) {
      const code = this.#text.charCodeAt(this.#at);
      if (code !== SPACE && code !== NEWLINE) return;
      this.#at += 1;
    }
  }
}

function isCapital(code: number): boolean {
  return code >= 65 && code <= 90;
}

function endsToken(code: number): boolean {
  return (
    code === SPACE ||
    code === NEWLINE ||
    code === CLOSE_LIST ||
    code === CLOSE_NODE ||
    code === OPEN_LIST ||
    code === OPEN_NODE ||
    Number.isNaN(code)
  );
}
