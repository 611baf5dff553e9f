/**
 * json is checked and kept as written; jsonb is kept in the canonical text PostgreSQL prints:
 * keys by length then bytes, the last of equal keys, numbers as numeric, one blank after , and :.
 */

import { SqlError } from "../base/errors.ts";
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
    const word = /^[A-Za-z0-9_$\u0080-\uffff]+/.exec(this.#text.slice(this.#at, this.#at + 6))?.[0];
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
      if (this.#text[this.#at] !== '"') throw this.#unexpected("string");
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
    const match = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/.exec(this.#tail());
    const token = match?.[0];
    const next = token === undefined ? undefined : this.#text[this.#at + token.length];
    if (token === undefined || (next !== undefined && /[\w$.+-]/.test(next))) {
      throw this.#unexpected("JSON value");
    }
    this.#at += token.length;
    return this.#isCanonical ? parseNumeric(token) : token;
  }

  /** The number's own characters only: slicing the rest each time would be quadratic. */
  #tail(): string {
    let end = this.#at;
    while (/[\d+\-.eE]/.test(this.#text[end] ?? "")) end += 1;
    return this.#text.slice(this.#at, end);
  }

  /** The string's value. */
  #string(): string {
    let value = "";
    let from = this.#at + 1;
    let at = from;
    for (;;) {
      const code = this.#text.charCodeAt(at);
      if (Number.isNaN(code)) throw this.#invalid("The input string ended unexpectedly.");
      if (code === 0x22) break;
      if (code < 0x20) {
        const hex = `0x${code.toString(16).padStart(2, "0")}`;
        throw this.#invalid(`Character with value ${hex} must be escaped.`);
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
    if (letter !== "u") {
      if (letter === "") throw this.#invalid("The input string ended unexpectedly.");
      throw this.#invalid(`Escape sequence "\\${letter}" is invalid.`);
    }
    const unit = this.#codeUnit();
    if (!this.#isCanonical) return String.fromCharCode(unit);
    if (unit === 0) {
      throw new SqlError("22P05", "unsupported Unicode escape sequence", {
        detail: "\\u0000 cannot be converted to text.",
      });
    }
    if (unit >= 0xdc00 && unit <= 0xdfff) throw this.#invalid(LOW_SURROGATE);
    if (unit < 0xd800 || unit > 0xdbff) return String.fromCharCode(unit);
    if (!this.#text.startsWith("\\u", this.#at)) throw this.#invalid(LOW_SURROGATE);
    const low = this.#codeUnit();
    if (low < 0xdc00 || low > 0xdfff) throw this.#invalid(LOW_SURROGATE);
    return String.fromCharCode(unit, low);
  }

  #codeUnit(): number {
    const digits = this.#text.slice(this.#at + 2, this.#at + 6);
    if (!/^[\da-fA-F]{4}$/.test(digits)) {
      throw this.#invalid('"\\u" must be followed by four hexadecimal digits.');
    }
    this.#at += 6;
    return Number.parseInt(digits, 16);
  }

  #unexpected(wanted: string): SqlError {
    const rest = this.#text.slice(this.#at);
    if (rest === "") return this.#invalid("The input string ended unexpectedly.");
    const token = /^[\w$.+-]+/.exec(rest)?.[0] ?? [...rest][0];
    const known = /^(?:[{}[\],:]|true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?)$/.test(token ?? "");
    const isWellFormed = known || rest.startsWith('"');
    return this.#invalid(
      isWellFormed ? `Expected ${wanted}, but found "${token}".` : `Token "${token}" is invalid.`,
    );
  }

  #invalid(detail: string): SqlError {
    return new SqlError("22P02", "invalid input syntax for type json", { detail });
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
