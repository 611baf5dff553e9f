/** One comparison for all types: texts through PostgreSQL's type and through ours. */

import { expect } from "vitest";
import { decodeBinary, decodeText, encodeBinary, encodeText } from "../../src/types/codec.ts";
import type { TextSettings } from "../../src/types/shape.ts";
import { type Oracle, ours } from "./oracle.ts";

export const ISO: TextSettings = {
  timeZone: "UTC",
  dateStyle: { format: "ISO", order: "MDY" },
  intervalStyle: "postgres",
  extraFloatDigits: 1,
  byteaOutput: "hex",
};

/** `type` as SQL names it. Under other settings than ISO's, `apply` them first. */
export async function expectSame(
  oracle: Oracle,
  type: string,
  oid: number,
  texts: readonly string[],
  settings: TextSettings = ISO,
): Promise<void> {
  const expected = await oracle.throughType(type, texts);
  const actual = texts.map((text) =>
    ours(() => encodeText(decodeText(text, oid, settings), oid, settings)),
  );
  const differ = texts.flatMap((_, i) => (expected[i] === actual[i] ? [] : [i]));
  const pairs = (answers: readonly string[]) => differ.map((i) => `${texts[i]} → ${answers[i]}`);
  expect(pairs(actual)).toEqual(pairs(expected));
}

export async function apply(oracle: Oracle, settings: TextSettings): Promise<void> {
  await oracle.set("TimeZone", String(settings.timeZone));
  await oracle.set("DateStyle", `${settings.dateStyle.format}, ${settings.dateStyle.order}`);
  await oracle.set("IntervalStyle", settings.intervalStyle);
}

/** The bytes are PostgreSQL's, and reading them gives the value back. */
export async function expectSameBytes(
  oracle: Oracle,
  type: string,
  send: string,
  oid: number,
  texts: readonly string[],
): Promise<void> {
  const expected = await oracle.send(type, send, texts);
  for (const [index, text] of texts.entries()) {
    const value = decodeText(text, oid, ISO);
    const bytes = encodeBinary(value, oid);
    expect(`${text} ${Buffer.from(bytes).toString("hex")}`).toBe(`${text} ${expected[index]}`);
    expect(encodeText(decodeBinary(bytes, oid), oid, ISO)).toBe(encodeText(value, oid, ISO));
  }
}
