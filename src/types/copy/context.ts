/** Where in the copied data an error happened, in the words of PostgreSQL's CONTEXT. */

import { SqlError } from "../../base/errors.ts";

/** How much of a line or a value is shown. */
const SHOWN_BYTES_MAX = 100;

/** Text cut at a character's end, with three dots when it was cut. */
export function shownText(bytes: Uint8Array): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (buffer.length <= SHOWN_BYTES_MAX) return buffer.toString("utf8");
  let end = SHOWN_BYTES_MAX;
  while (end > 0 && ((buffer[end] as number) & 0xc0) === 0x80) end -= 1;
  return `${buffer.toString("utf8", 0, end)}...`;
}

/** `line`: its number, and its text where that is at hand. */
export function lineContext(relation: string, line: number, text?: Uint8Array): string {
  const where = `COPY ${relation}, line ${line}`;
  return text === undefined ? where : `${where}: "${shownText(text)}"`;
}

/** `value` null: a null input; undefined: not shown. */
export function columnContext(
  relation: string,
  line: number,
  column: string,
  value: Uint8Array | null | undefined,
): string {
  const where = `COPY ${relation}, line ${line}, column ${column}`;
  if (value === undefined) return where;
  return value === null ? `${where}: null input` : `${where}: "${shownText(value)}"`;
}

/** The error with one more line of context; what is no SqlError stays as it is. */
export function withContext(cause: unknown, where: string): unknown {
  if (!(cause instanceof SqlError)) return cause;
  const { fields } = cause;
  const all = fields.where === undefined ? where : `${fields.where}\n${where}`;
  return new SqlError(fields.sqlState, fields.message, { ...fields, where: all, cause });
}
