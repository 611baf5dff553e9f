/** Checks of a JSON value's shape. All throw plain errors whose message names what is wrong. */

export type JsonObject = Readonly<Record<string, unknown>>;

export function object(value: unknown, what: string): JsonObject {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new Error(`${what} is not an object`);
  }
  return value as JsonObject;
}

export function array(value: unknown, what: string): readonly unknown[] {
  if (!Array.isArray(value)) throw new Error(`${what} is not an array`);
  return value;
}

export function string(value: unknown, what: string): string {
  // A lone surrogate can be written as an escape, but is no text.
  if (typeof value !== "string" || /\p{Surrogate}/u.test(value)) {
    throw new Error(`${what} is not a string`);
  }
  return value;
}

export function integer(value: unknown, what: string, min: bigint, max: bigint): bigint {
  const isInteger = typeof value === "bigint" || Number.isSafeInteger(value);
  const result = isInteger ? BigInt(value as number | bigint) : undefined;
  if (result === undefined || result < min || result > max) {
    throw new Error(`${what} is not an integer in range`);
  }
  return result;
}

/** A tagged value: an object with exactly one key. */
export function single(value: unknown, what: string): readonly [string, unknown] {
  const entries = Object.entries(object(value, what));
  const [entry] = entries;
  if (entry === undefined || entries.length > 1) throw new Error(`${what} has not exactly one key`);
  return entry;
}

/** An object without any key but these. */
export function only(value: unknown, what: string, keys: readonly string[]): JsonObject {
  const body = object(value, what);
  const unknown = Object.keys(body).find((key) => !keys.includes(key));
  if (unknown !== undefined) throw new Error(`${what} has an unknown key "${unknown}"`);
  return body;
}
