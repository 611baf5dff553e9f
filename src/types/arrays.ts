/** Arrays of any dimension as text; the element's own form is an argument. */

import { SqlError } from "../base/errors.ts";
import { SPACE } from "./input-errors.ts";
import type { SqlArray, SqlValue } from "./value.ts";

export const DIMENSIONS_MAX = 6;
/** MaxArraySize of a 64-bit PostgreSQL. */
export const ELEMENTS_MAX = 134_217_727;
const INT32_MAX = 2 ** 31 - 1;

type Dimension = SqlArray["dimensions"][number];

export function arrayText(array: SqlArray, elementText: (value: SqlValue) => string): string {
  const { dimensions, elements } = array;
  if (dimensions.length === 0) return "{}";
  const texts = elements.map((value) => (value === null ? "NULL" : quoted(elementText(value))));
  let parts = texts;
  for (const { length } of dimensions.toReversed()) {
    const groups: string[] = [];
    for (let at = 0; at < parts.length; at += length) {
      groups.push(`{${parts.slice(at, at + length).join(",")}}`);
    }
    parts = groups;
  }
  const isPlain = dimensions.every(({ lowerBound }) => lowerBound === 1);
  const bounds = dimensions.map(({ length, lowerBound }) => {
    return `[${lowerBound}:${lowerBound + length - 1}]`;
  });
  return isPlain ? (parts[0] as string) : `${bounds.join("")}=${parts[0]}`;
}

const NEEDS_QUOTES = /["\\{},\s]/;

function quoted(text: string): string {
  if (text !== "" && !NEEDS_QUOTES.test(text) && text.toUpperCase() !== "NULL") return text;
  // \s is wider than PostgreSQL's blanks: a no-break space alone needs no quotes.
  const isBare = text !== "" && !/["\\{}, \t\n\v\f\r]/.test(text) && text.toUpperCase() !== "NULL";
  return isBare ? text : `"${text.replace(/["\\]/g, "\\$&")}"`;
}

/** @throws SqlError 22P02 malformed array literal; what `parseElement` throws */
export function parseArray(text: string, parseElement: (text: string) => SqlValue): SqlArray {
  return new ArrayParser(text, parseElement).parse();
}

interface Level {
  count: number;
  /** Whether its members are arrays; undefined before the first. */
  isNested: boolean | undefined;
}

class ArrayParser {
  readonly #text: string;
  readonly #parseElement: (text: string) => SqlValue;
  readonly #elements: SqlValue[] = [];
  #at = 0;

  constructor(text: string, parseElement: (text: string) => SqlValue) {
    this.#text = text;
    this.#parseElement = parseElement;
  }

  parse(): SqlArray {
    const given = this.#bounds();
    if (given !== undefined) {
      if (this.#text[this.#at] !== "=")
        throw this.#malformed('Missing "=" after array dimensions.');
      this.#at += 1;
      this.#blanks();
    }
    if (this.#text[this.#at] !== "{") {
      throw this.#malformed(
        given === undefined
          ? 'Array value must start with "{" or dimension information.'
          : 'Array contents must start with "{".',
      );
    }
    const lengths = this.#contents();
    this.#blanks();
    if (this.#at < this.#text.length) throw this.#malformed("Junk after closing right brace.");
    const isEmpty = this.#elements.length === 0;
    const found = isEmpty ? [] : lengths;
    const isOther =
      given !== undefined &&
      (given.length !== found.length || given.some(({ length }, i) => length !== found[i]));
    if (isOther && !(isEmpty && given.length === 0)) {
      throw this.#malformed("Specified array dimensions do not match array contents.");
    }
    return {
      kind: "array",
      dimensions: given ?? found.map((length) => ({ length, lowerBound: 1 })),
      elements: this.#elements,
    };
  }

  #blanks(): void {
    while (this.#at < this.#text.length && SPACE.includes(this.#text[this.#at] as string)) {
      this.#at += 1;
    }
  }

  /** `[1:3][0:1]` before the contents; undefined when there is none. */
  #bounds(): Dimension[] | undefined {
    const dimensions: Dimension[] = [];
    for (;;) {
      this.#blanks();
      if (this.#text[this.#at] !== "[") break;
      this.#at += 1;
      if (dimensions.length >= DIMENSIONS_MAX) throw tooManyDimensions();
      let upper = this.#integer();
      if (upper === undefined) {
        throw this.#malformed('"[" must introduce explicitly-specified array dimensions.');
      }
      let lowerBound = 1;
      if (this.#text[this.#at] === ":") {
        this.#at += 1;
        lowerBound = upper;
        upper = this.#integer();
        if (upper === undefined) throw this.#malformed("Missing array dimension value.");
      }
      if (this.#text[this.#at] !== "]") {
        throw this.#malformed('Missing "]" after array dimensions.');
      }
      this.#at += 1;
      if (upper < lowerBound) {
        throw new SqlError("2202E", "upper bound cannot be less than lower bound");
      }
      if (upper === INT32_MAX) {
        throw new SqlError("54000", `array upper bound is too large: ${upper}`);
      }
      dimensions.push({ length: upper - lowerBound + 1, lowerBound });
    }
    return dimensions.length === 0 ? undefined : dimensions;
  }

  #integer(): number | undefined {
    const digits = /^[+-]?\d+/.exec(this.#text.slice(this.#at, this.#at + 40))?.[0];
    if (digits === undefined) return undefined;
    this.#at += digits.length;
    const value = Number(digits);
    if (Math.abs(value) > INT32_MAX) {
      throw new SqlError("54000", "array bound is out of integer range");
    }
    return value;
  }

  /** Fills #elements and gives the length of each dimension. */
  #contents(): number[] {
    const levels: Level[] = [];
    const lengths: (number | undefined)[] = [];
    let leafDepth: number | undefined;
    let isMemberExpected = true; // after "{" or ","
    for (;;) {
      this.#blanks();
      const character = this.#text[this.#at];
      if (character === undefined) throw this.#malformed("Unexpected end of input.");
      const level = levels.at(-1);
      if (character === "{") {
        if (level !== undefined && !isMemberExpected) throw this.#unexpected("{");
        if (levels.length >= DIMENSIONS_MAX) throw tooManyDimensions();
        if (leafDepth !== undefined && levels.length >= leafDepth) throw this.#mismatch();
        if (level !== undefined) {
          level.count += 1;
          level.isNested = true;
        }
        levels.push({ count: 0, isNested: undefined });
        isMemberExpected = true;
        this.#at += 1;
      } else if (character === "}") {
        if (level === undefined || (isMemberExpected && level.count > 0)) {
          throw this.#unexpected("}");
        }
        const depth = levels.length - 1;
        if ((lengths[depth] ?? level.count) !== level.count) throw this.#mismatch();
        lengths[depth] = level.count;
        levels.pop();
        isMemberExpected = false;
        this.#at += 1;
        if (levels.length === 0) return lengths.map((length) => length ?? 0);
      } else if (character === ",") {
        if (isMemberExpected) throw this.#unexpected(",");
        isMemberExpected = true;
        this.#at += 1;
      } else {
        if (!isMemberExpected) throw this.#malformed("Unexpected array element.");
        if (level?.isNested === true || (leafDepth ?? levels.length) !== levels.length) {
          throw this.#mismatch();
        }
        if (lengths[levels.length] !== undefined) throw this.#mismatch();
        leafDepth = levels.length;
        (level as Level).count += 1;
        if (this.#elements.length >= ELEMENTS_MAX) {
          throw tooManyElements();
        }
        this.#elements.push(this.#element());
        isMemberExpected = false;
      }
    }
  }

  #element(): SqlValue {
    if (this.#text[this.#at] === '"') {
      const value = this.#quoted();
      this.#blanks();
      if (!",{}".includes(this.#text[this.#at] ?? ",")) {
        throw this.#malformed("Incorrectly quoted array element.");
      }
      return this.#parseElement(value);
    }
    let value = "";
    let until = 0; // unescaped blanks at the end do not count
    let hasEscape = false;
    for (;;) {
      const character = this.#text[this.#at];
      if (character === undefined) throw this.#malformed("Unexpected end of input.");
      if (character === '"') throw this.#malformed("Incorrectly quoted array element.");
      if (",{}".includes(character)) break;
      if (character === "\\") {
        this.#at += 1;
        const next = this.#text[this.#at];
        if (next === undefined) throw this.#malformed("Unexpected end of input.");
        value += next;
        until = value.length;
        hasEscape = true;
      } else {
        value += character;
        if (!SPACE.includes(character)) until = value.length;
      }
      this.#at += 1;
    }
    value = value.slice(0, until);
    if (!hasEscape && value.toUpperCase() === "NULL") return null;
    return this.#parseElement(value);
  }

  #quoted(): string {
    let value = "";
    this.#at += 1;
    for (;;) {
      const character = this.#text[this.#at];
      if (character === undefined) throw this.#malformed("Unexpected end of input.");
      this.#at += 1;
      if (character === '"') return value;
      if (character === "\\") {
        const next = this.#text[this.#at];
        if (next === undefined) throw this.#malformed("Unexpected end of input.");
        value += next;
        this.#at += 1;
      } else value += character;
    }
  }

  #unexpected(character: string): SqlError {
    return this.#malformed(`Unexpected "${character}" character.`);
  }

  #mismatch(): SqlError {
    return this.#malformed(
      "Multidimensional arrays must have sub-arrays with matching dimensions.",
    );
  }

  #malformed(detail: string): SqlError {
    return new SqlError("22P02", `malformed array literal: "${this.#text}"`, { detail });
  }
}

export function tooManyElements(): SqlError {
  return new SqlError("54000", `array size exceeds the maximum allowed (${ELEMENTS_MAX})`);
}

export function tooManyDimensions(): SqlError {
  return new SqlError(
    "54000",
    `number of array dimensions exceeds the maximum allowed (${DIMENSIONS_MAX})`,
  );
}
