/**
 * json is checked and kept as written; jsonb is kept in the canonical text PostgreSQL prints:
 * keys by length then bytes, the last of equal keys, numbers as numeric, one blank after , and :.
 */

import { SqlError } from "../base/errors.ts";
import { jsonContext, numberToken, otherToken } from "./json-tokens.ts";
import { parseNumeric } from "./numeric.ts";

const DEPTH_MAX = 6000;

/** @throws SqlError 22P02 */
export function checkJson(text: string): string {
  new JsonScanner(text, false).document();
  return text;
}

/** @throws SqlError 22P02, 22P05 (\u0000 cannot be text) */
export function canonicalJsonb(text: string): string {
  return new JsonScanner(text, true).document();
}

class JsonScanner {
  readonly #text: string;
  readonly #isCanonical: boolean;
  #at = 0;
  /** Of the token that is being looked at. */
  #start = 0;
  #depth = 0;

  constructor(text: string, isCanonical: boolean) {
    this.#text = text;
    this.#isCanonical = isCanonical;
  }

  document(): string {
    const value = this.#value();
    this.#blanks();
    if (this.#at < this.#text.length) throw this.#unexpected("end of input");
    return value;
  }

  #blanks(): void {
    while (" \t\n\r".includes(this.#text[this.#at] ?? "x")) this.#at += 1;
  }

  #value(): string {
    this.#blanks();
    const first = this.#text[this.#at];
    if (first === "{" || first === "[") {
      this.#depth += 1;
      if (this.#depth > DEPTH_MAX) {
        throw new SqlError("54001", "stack depth limit exceeded");
      }
      const nested = first === "{" ? this.#object() : this.#array();
      this.#depth -= 1;
      return nested;
    }
    if (first === '"') return this.#isCanonical ? quoteJson(this.#string()) : this.#string();
    if (first === "-" || (first !== undefined && first >= "0" && first <= "9")) {
      return this.#number();
    }
    const word = /^[A-Za-z0-9_\u0080-\uffff]+/.exec(this.#text.slice(this.#at, this.#at + 6))?.[0];
    if (word !== "true" && word !== "false" && word !== "null") {
      throw this.#unexpected("JSON value");
    }
    this.#at += word.length;
    return word;
  }

  #object(): string {
    const members = new Map<string, string>();
    this.#at += 1;
    this.#blanks();
    if (this.#takes("}")) return "{}";
    do {
      this.#blanks();
      if (this.#text[this.#at] !== '"') {
        throw this.#unexpected(members.size === 0 ? 'string or "}"' : "string");
      }
      const key = this.#string();
      this.#blanks();
      if (!this.#takes(":")) throw this.#unexpected('":"');
      members.set(key, this.#value());
      this.#blanks();
    } while (this.#takes(","));
    if (!this.#takes("}")) throw this.#unexpected('"," or "}"');
    return this.#isCanonical ? objectText(members) : "";
  }

  #array(): string {
    const elements: string[] = [];
    this.#at += 1;
    this.#blanks();
    if (this.#takes("]")) return "[]";
    do {
      const element = this.#value();
      if (this.#isCanonical) elements.push(element);
      this.#blanks();
    } while (this.#takes(","));
    if (!this.#takes("]")) throw this.#unexpected('"," or "]"');
    return `[${elements.join(", ")}]`;
  }

  #takes(character: string): boolean {
    if (this.#text[this.#at] !== character) return false;
    this.#at += 1;
    return true;
  }

  #number(): string {
    const { end, isValid } = numberToken(this.#text, this.#at);
    if (!isValid) throw this.#unexpected("JSON value");
    const token = this.#text.slice(this.#at, end);
    this.#at = end;
    return this.#isCanonical ? parseNumeric(token) : token;
  }

  /** The string's value. */
  #string(): string {
    let value = "";
    let from = this.#at + 1;
    let at = from;
    this.#start = this.#at;
    for (;;) {
      const code = this.#text.charCodeAt(at);
      if (Number.isNaN(code)) throw this.#invalidToken(at);
      if (code === 0x22) break;
      if (code < 0x20) {
        const hex = `0x${code.toString(16).padStart(2, "0")}`;
        throw this.#invalid(`Character with value ${hex} must be escaped.`, at);
      }
      if (code === 0x5c) {
        value += this.#text.slice(from, at);
        this.#at = at;
        value += this.#escape();
        from = this.#at;
        at = from;
      } else at += 1;
    }
    value += this.#text.slice(from, at);
    this.#at = at + 1;
    return value;
  }

  #escape(): string {
    const letter = this.#text[this.#at + 1] ?? "";
    const simple = SIMPLE_ESCAPES[letter];
    if (simple !== undefined) {
      this.#at += 2;
      return simple;
    }
    if (letter === "") throw this.#invalidToken(this.#text.length);
    if (letter !== "u") {
      const sign = String.fromCodePoint(this.#text.codePointAt(this.#at + 1) ?? 0);
      const end = this.#at + 1 + sign.length;
      throw this.#invalid(`Escape sequence "\\${sign}" is invalid.`, end);
    }
    const unit = this.#codeUnit();
    if (!this.#isCanonical) return String.fromCharCode(unit);
    if (unit === 0) {
      throw new SqlError("22P05", "unsupported Unicode escape sequence", {
        detail: "\\u0000 cannot be converted to text.",
        where: jsonContext(this.#text, this.#start, this.#at),
      });
    }
    if (unit >= 0xdc00 && unit <= 0xdfff) throw this.#invalid(LOW_SURROGATE, this.#at);
    if (unit < 0xd800 || unit > 0xdbff) return String.fromCharCode(unit);
    return this.#pair(unit);
  }

  /** The other half of a character that is two units. */
  #pair(high: number): string {
    const next = this.#text.codePointAt(this.#at);
    if (next === undefined) throw this.#invalidToken(this.#text.length);
    if (!this.#text.startsWith("\\u", this.#at)) {
      const isEscape = next === 0x5c;
      if (isEscape && this.#at + 1 >= this.#text.length) {
        throw this.#invalidToken(this.#text.length);
      }
      const size = isEscape ? 2 : String.fromCodePoint(next).length;
      throw this.#invalid(LOW_SURROGATE, this.#at + size);
    }
    const low = this.#codeUnit();
    if (low >= 0xd800 && low <= 0xdbff) {
      throw this.#invalid("Unicode high surrogate must not follow a high surrogate.", this.#at);
    }
    if (low < 0xdc00 || low > 0xdfff) throw this.#invalid(LOW_SURROGATE, this.#at);
    return String.fromCharCode(high, low);
  }

  #codeUnit(): number {
    for (let at = this.#at + 2; at < this.#at + 6; at += 1) {
      const digit = this.#text.codePointAt(at);
      if (digit === undefined) throw this.#invalidToken(this.#text.length);
      const sign = String.fromCodePoint(digit);
      if (/[\da-fA-F]/.test(sign)) continue;
      const detail = '"\\u" must be followed by four hexadecimal digits.';
      throw this.#invalid(detail, at + sign.length);
    }
    const digits = this.#text.slice(this.#at + 2, this.#at + 6);
    this.#at += 6;
    return Number.parseInt(digits, 16);
  }

  /** What stands here is cut as a token first: a broken one is told as such. */
  #unexpected(wanted: string): SqlError {
    const at = this.#at;
    this.#start = at;
    const first = this.#text[at];
    if (first === undefined) return this.#invalid("The input string ended unexpectedly.", at);
    if (first === '"') {
      this.#string();
      return this.#expected(wanted, this.#at);
    }
    const isNumber = /[-\d]/.test(first);
    const { end, isValid } = (isNumber ? numberToken : otherToken)(this.#text, at);
    return isValid ? this.#expected(wanted, end) : this.#invalidToken(end);
  }

  #expected(wanted: string, end: number): SqlError {
    const token = this.#text.slice(this.#start, end);
    return this.#invalid(`Expected ${wanted}, but found "${token}".`, end);
  }

  #invalidToken(end: number): SqlError {
    return this.#invalid(`Token "${this.#text.slice(this.#start, end)}" is invalid.`, end);
  }

  #invalid(detail: string, end: number): SqlError {
    const where = jsonContext(this.#text, this.#start, end);
    return new SqlError("22P02", "invalid input syntax for type json", { detail, where });
  }
}

const LOW_SURROGATE = "Unicode low surrogate must follow a high surrogate.";

const SIMPLE_ESCAPES: Readonly<Record<string, string>> = {
  '"': '"',
  "\\": "\\",
  "/": "/",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
};

function objectText(members: ReadonlyMap<string, string>): string {
  const sorted = [...members]
    .map(([key, value]) => ({ bytes: Buffer.from(key), key, value }))
    .sort((a, b) => a.bytes.length - b.bytes.length || Buffer.compare(a.bytes, b.bytes));
  return `{${sorted.map(({ key, value }) => `${quoteJson(key)}: ${value}`).join(", ")}}`;
}

/**
 * escape_json: JavaScript's own differs in no character but DEL and lone surrogates, kept as they
 * are.
 */
export function quoteJson(text: string): string {
  return JSON.stringify(text);
}
