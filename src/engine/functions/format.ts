/** format(): %s, %I, %L with positions and widths, and the quoting functions they share. */

import { KEYWORDS } from "./keywords.ts";
import { pgError } from "./scalar-function.ts";

const SPECIFIER = /%(?:(\d+)\$)?(-?)(?:(\d+)|\*(?:(\d+)\$)?)?(.?)/gsu;

/** Arguments arrive as their types' output text. */
export function formatText(format: string, args: readonly (string | null)[]): string {
  let next = 0;
  const take = (position: string | undefined): string | null => {
    if (position !== undefined) next = Number(position) - 1;
    if (position === "0") {
      throw pgError("22023", "format specifies argument 0, but arguments are numbered from 1");
    }
    if (next >= args.length) throw pgError("22023", "too few arguments for format()");
    return args[next++] as string | null;
  };
  return format.replace(SPECIFIER, (all, position, minus, width, starPosition, type) => {
    if (type === "%" && all.length === 2) return "%";
    if (type === "") throw pgError("22023", "unterminated format() type specifier");
    let columns = width === undefined ? 0 : Number(width);
    let isLeft = minus === "-";
    if (all.includes("*")) {
      columns = starWidth(take(starPosition));
      if (columns < 0) isLeft = true;
    }
    if (!"sIL".includes(type)) {
      throw pgError("22023", `unrecognized format() type specifier "${type}"`);
    }
    return align(converted(type, take(position)), Math.abs(columns), isLeft);
  });
}

function starWidth(text: string | null): number {
  return text === null ? 0 : Number.parseInt(text, 10);
}

function converted(type: string, value: string | null): string {
  if (type === "s") return value ?? "";
  if (type === "L") return value === null ? "NULL" : quoteLiteralText(value);
  if (value === null)
    throw pgError("22004", "null values cannot be formatted as an SQL identifier");
  return quoteIdentifier(value);
}

function align(text: string, columns: number, isLeft: boolean): string {
  const missing = columns - [...text].length;
  if (missing <= 0) return text;
  return isLeft ? text + " ".repeat(missing) : " ".repeat(missing) + text;
}

export function quoteIdentifier(name: string): string {
  if (/^[a-z_][a-z0-9_]*$/.test(name) && !KEYWORDS.has(name)) return name;
  return `"${name.replaceAll('"', '""')}"`;
}

export function quoteLiteralText(text: string): string {
  const doubled = text.replaceAll("'", "''");
  return text.includes("\\") ? `E'${doubled.replaceAll("\\", "\\\\")}'` : `'${doubled}'`;
}
