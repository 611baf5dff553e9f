/** JSON whose integers keep all 64 bits: small ones are numbers, larger ones bigints. */

import { LosslessNumber, parse, stringify } from "lossless-json";

/**
 * A number token that JSON.parse would change or that is no integer. Strings may look alike:
 * harmless.
 */
const NEEDS_CARE = /[:[,]\s*-?(?:\d{16,}|\d+[.eE])/;

/** Anything but a plain integer becomes a `LosslessNumber`. @throws SyntaxError */
export function parseJson(text: string): unknown {
  if (!NEEDS_CARE.test(text)) return JSON.parse(text);
  return parse(text, undefined, {
    parseNumber: (token) => {
      if (!/^-?\d+$/.test(token)) return new LosslessNumber(token);
      const value = Number(token);
      return Number.isSafeInteger(value) ? value : BigInt(token);
    },
    // Writers of the format keep the last of repeated keys, as JSON.parse does.
    onDuplicateKey: ({ newValue }) => newValue,
  });
}

/** Compact; bigints become plain integers. */
export function writeJson(value: unknown): string {
  const text = stringify(value);
  if (text === undefined) throw new TypeError("a value without JSON form");
  return text;
}
