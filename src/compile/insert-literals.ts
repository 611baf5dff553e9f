/**
 * `INSERT INTO t (a, b) VALUES (1, 'x'), ...` of nothing but literals, found without a parser: one
 * pass over the bytes. Whatever looks otherwise is left to PostgreSQL, so nothing is judged here.
 */

import { tokenize } from "./tokens.ts";

export const CellKind = {
  null: 0,
  default: 1,
  true: 2,
  false: 3,
  /** Digits with at most a sign, a point and an exponent. */
  number: 4,
  /** A string as it stands between the quotes. */
  string: 5,
  /** Quotes in it are doubled. */
  quoted: 6,
  /** E'..' with backslashes, and perhaps doubled quotes. */
  escaped: 7,
} as const;

export interface InsertLiterals {
  /** From INSERT to VALUES. */
  readonly head: string;
  /** What stands behind the rows: ON CONFLICT, RETURNING, or nothing. */
  readonly tail: string;
  readonly rows: number;
  /** Cells a row. */
  readonly width: number;
  /** The statement in UTF-8; contents of cells stand between starts and ends. */
  readonly bytes: Uint8Array;
  /** Row by row. */
  readonly kinds: Uint8Array;
  readonly starts: Uint32Array;
  readonly ends: Uint32Array;
}

const BLANKS = "[ \\t\\n\\r\\f\\v]";
const NAME = '(?:[a-z_\\u0080-\\uffff][\\w$\\u0080-\\uffff]*|"(?:[^"]|"")+")';
const LIST = `\\(${BLANKS}*${NAME}(?:${BLANKS}*,${BLANKS}*${NAME})*${BLANKS}*\\)`;
const HEAD = new RegExp(
  `^${BLANKS}*insert${BLANKS}+into${BLANKS}+${NAME}(?:${BLANKS}*\\.${BLANKS}*${NAME})?` +
    `(?:${BLANKS}*${LIST}${BLANKS}*|${BLANKS}+)values${BLANKS}*(?=\\()`,
  "i",
);
/** Names longer than this are nobody's. */
const HEAD_MAX = 100_000;

/** undefined: it is something else, or only may be. */
export function readInsertLiterals(text: string): InsertLiterals | undefined {
  const head = HEAD.exec(text.length > HEAD_MAX ? text.slice(0, HEAD_MAX) : text)?.[0];
  if (head === undefined) return undefined;
  const bytes = Buffer.from(text);
  const scanner = new Scanner(bytes, Buffer.byteLength(head));
  const end = scanner.rows();
  if (end === undefined) return undefined;
  const tail = bytes.toString("utf8", end).trim().replace(/;$/, "").trimEnd();
  if (!isPlainTail(tail)) return undefined;
  const { rowCount, width, kinds, starts, ends } = scanner;
  return { head, tail, rows: rowCount, width, bytes, kinds, starts, ends };
}

/** One statement, without parameters. */
function isPlainTail(tail: string): boolean {
  if (tail === "") return true;
  if (!/^(?:on|returning)\b/i.test(tail)) return false;
  return tokenize(tail).every(({ kind, value }) => kind !== "parameter" && value !== ";");
}

const QUOTE = 39;
const OPEN = 40;
const CLOSE = 41;
const PLUS = 43;
const COMMA = 44;
const MINUS = 45;
const POINT = 46;
const ZERO = 48;
const NINE = 57;
const BACKSLASH = 92;
const LETTER_E = 101;
const LOWER = 32;
const CELLS_FIRST = 256;

class Scanner {
  rowCount = 0;
  width = 0;
  kinds = new Uint8Array(CELLS_FIRST);
  starts = new Uint32Array(CELLS_FIRST);
  ends = new Uint32Array(CELLS_FIRST);
  readonly #bytes: Uint8Array;
  #at: number;
  #cells = 0;

  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = bytes;
    this.#at = at;
  }

  /** Where the last row ends. */
  rows(): number | undefined {
    for (;;) {
      if (this.#next() !== OPEN) return undefined;
      this.#at += 1;
      const before = this.#cells;
      if (!this.#row()) return undefined;
      const width = this.#cells - before;
      if (this.rowCount > 0 && width !== this.width) return undefined;
      this.width = width;
      this.rowCount += 1;
      const end = this.#at;
      if (this.#next() !== COMMA) return end;
      this.#at += 1;
    }
  }

  #row(): boolean {
    for (;;) {
      if (this.#cells === this.kinds.length) this.#grow();
      if (!this.#cell(this.#next())) return false;
      this.#cells += 1;
      const code = this.#next();
      this.#at += 1;
      if (code === CLOSE) return true;
      if (code !== COMMA) return false;
    }
  }

  /** The code of the next byte that is no blank; -1 at the end. */
  #next(): number {
    for (;;) {
      const code = this.#bytes[this.#at] ?? -1;
      if (code > 32 || code === -1) return code;
      if (code !== 32 && (code < 9 || code > 13)) return code;
      this.#at += 1;
    }
  }

  #cell(code: number): boolean {
    if (code === QUOTE) return this.#string(this.#at + 1, false);
    if (code === MINUS || code === POINT || (code >= ZERO && code <= NINE)) return this.#number();
    if ((code | LOWER) === LETTER_E && this.#bytes[this.#at + 1] === QUOTE) {
      return this.#string(this.#at + 2, true);
    }
    return this.#word();
  }

  #string(start: number, hasEscapes: boolean): boolean {
    const bytes = this.#bytes;
    let kind: number = CellKind.string;
    for (let at = start; at < bytes.length; at += 1) {
      const code = bytes[at];
      if (code === BACKSLASH && hasEscapes) {
        kind = CellKind.escaped;
        at += 1;
      } else if (code === QUOTE) {
        if (bytes[at + 1] !== QUOTE) return this.#put(kind, start, at, at + 1);
        if (kind === CellKind.string) kind = CellKind.quoted;
        at += 1;
      }
    }
    return false;
  }

  #number(): boolean {
    const start = this.#at;
    const bytes = this.#bytes;
    let at = bytes[start] === MINUS ? start + 1 : start;
    const first = at;
    while (isDigit(bytes[at])) at += 1;
    let digits = at - first;
    if (bytes[at] === POINT) {
      at += 1;
      const behind = at;
      while (isDigit(bytes[at])) at += 1;
      digits += at - behind;
    }
    if (digits === 0) return false;
    if (((bytes[at] ?? 0) | LOWER) === LETTER_E) {
      at += 1;
      if (bytes[at] === MINUS || bytes[at] === PLUS) at += 1;
      const exponent = at;
      while (isDigit(bytes[at])) at += 1;
      if (at === exponent) return false;
    }
    return this.#put(CellKind.number, start, at, at);
  }

  #word(): boolean {
    const start = this.#at;
    let at = start;
    while (isLetter(this.#bytes[at])) at += 1;
    if (at - start > 7) return false;
    const word = String.fromCharCode(...this.#bytes.subarray(start, at)).toLowerCase();
    const kind = word in WORDS ? WORDS[word as keyof typeof WORDS] : undefined;
    return kind !== undefined && this.#put(kind, start, at, at);
  }

  #put(kind: number, start: number, end: number, next: number): boolean {
    this.kinds[this.#cells] = kind;
    this.starts[this.#cells] = start;
    this.ends[this.#cells] = end;
    this.#at = next;
    return true;
  }

  #grow(): void {
    const length = this.kinds.length * 2;
    const [kinds, starts, ends] = [this.kinds, this.starts, this.ends];
    this.kinds = new Uint8Array(length);
    this.starts = new Uint32Array(length);
    this.ends = new Uint32Array(length);
    this.kinds.set(kinds);
    this.starts.set(starts);
    this.ends.set(ends);
  }
}

const WORDS = {
  null: CellKind.null,
  default: CellKind.default,
  true: CellKind.true,
  false: CellKind.false,
} as const;

function isDigit(code: number | undefined): boolean {
  return code !== undefined && code >= ZERO && code <= NINE;
}

function isLetter(code: number | undefined): boolean {
  const lower = (code ?? 0) | LOWER;
  return lower >= 97 && lower <= 122;
}
