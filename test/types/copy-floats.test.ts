/** Floats of COPY without strings: rounded as JavaScript and PostgreSQL do, or not at all. */

import { expect, test } from "vitest";
import { readFloat8 } from "../../src/types/copy/read-floats.ts";
import { randomFrom as random, seedOf } from "../support/random.ts";

const ROUNDS = 20_000;

function read(text: string): number | undefined {
  const bytes = Buffer.from(`<${text}>`);
  return readFloat8(bytes, 1, bytes.length - 1);
}

function randomDecimal(next: () => number): string {
  const value = (next() - 0.5) * 10 ** Math.floor(next() * 12);
  return next() < 0.5 ? String(value) : value.toFixed(Math.floor(next() * 16));
}

test("decimals of any length are rounded to the nearest float8", () => {
  const next = random(seedOf("copy floats"));
  for (let round = 0; round < ROUNDS; round += 1) {
    const text = randomDecimal(next);
    const value = read(text);
    if (value !== undefined) expect(value, text).toBe(Number(text));
  }
});

test("what programs write as the shortest decimal of a float8 needs no other reader", () => {
  for (let i = 1; i < ROUNDS; i += 1) {
    const value = i / 7;
    expect(read(String(value))).toBe(value);
    expect(read(String(-value))).toBe(-value);
  }
});

test("a decimal halfway between two floats is not rounded here, its neighbours are", () => {
  expect(read("9007199254740993")).toBeUndefined();
  expect(read("9007199254740993.00")).toBeUndefined();
  expect(read("9007199254740993.001")).toBe(9007199254740994);
  expect(read("9007199254740992.999")).toBe(9007199254740992);
});

test("what is no plain decimal is left to the exact reader", () => {
  const others = ["", "-", ".", "1.2.3", "12345678901234567890123", "1234567890.1234567e5", "NaN"];
  for (const text of others) expect(read(text), text).toBeUndefined();
});
