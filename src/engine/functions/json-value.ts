/**
 * json and jsonb read into values that keep what JavaScript's own reader loses: digits of numbers,
 * order and repetition of keys, and each value's own text.
 */

import { checkJson } from "../../types/json.ts";

export type JsonValue =
  | {
      readonly kind: "object";
      readonly text: string;
      readonly entries: readonly (readonly [string, JsonValue])[];
    }
  | { readonly kind: "array"; readonly text: string; readonly items: readonly JsonValue[] }
  | { readonly kind: "string"; readonly text: string; readonly value: string }
  | { readonly kind: "number" | "boolean" | "null"; readonly text: string };

/** Files of others may hold anything in a text column. @throws SqlError 22P02 */
export function readJson(text: string): JsonValue {
  return new Reader(checkJson(text)).value();
}

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  value(): JsonValue {
    this.#blanks();
    const from = this.#at;
    const first = this.#text[from];
    if (first === "{") return this.#object(from);
    if (first === "[") return this.#array(from);
    if (first === '"') {
      const value = this.#string();
      return { kind: "string", text: this.#text.slice(from, this.#at), value };
    }
    while (this.#at < this.#text.length && !" \t\n\r,]}".includes(this.#text[this.#at] as string)) {
      this.#at += 1;
    }
    const text = this.#text.slice(from, this.#at);
    const kind = text === "null" ? "null" : /^[tf]/.test(text) ? "boolean" : "number";
    return { kind, text };
  }

  #blanks(): void {
    while (" \t\n\r".includes(this.#text[this.#at] ?? "x")) this.#at += 1;
  }

  #object(from: number): JsonValue {
    const entries: (readonly [string, JsonValue])[] = [];
    this.#at += 1;
    this.#blanks();
    while (this.#text[this.#at] !== "}") {
      const key = this.#string();
      this.#blanks();
      this.#at += 1;
      entries.push([key, this.value()]);
      this.#next();
    }
    this.#at += 1;
    return { kind: "object", text: this.#text.slice(from, this.#at), entries };
  }

  #array(from: number): JsonValue {
    const items: JsonValue[] = [];
    this.#at += 1;
    this.#blanks();
    while (this.#text[this.#at] !== "]") {
      items.push(this.value());
      this.#next();
    }
    this.#at += 1;
    return { kind: "array", text: this.#text.slice(from, this.#at), items };
  }

  #next(): void {
    this.#blanks();
    if (this.#text[this.#at] === ",") this.#at += 1;
    this.#blanks();
  }

  #string(): string {
    const from = this.#at;
    this.#at += 1;
    while (this.#text[this.#at] !== '"') this.#at += this.#text[this.#at] === "\\" ? 2 : 1;
    this.#at += 1;
    return JSON.parse(this.#text.slice(from, this.#at)) as string;
  }
}
