/**
 * The template patterns of to_char, to_date and to_timestamp, read once per format (formatting.c).
 */

import { cached } from "./scalar-function.ts";

export type FormatNode =
  | {
      readonly kind: "field";
      /** The pattern as written: its letters' case matters for names. */
      readonly pattern: string;
      /** The pattern in upper case. */
      readonly name: string;
      readonly isFill: boolean;
      readonly ordinal: "TH" | "th" | undefined;
    }
  | { readonly kind: "separator" | "space" | "text"; readonly text: string };

const UPPER =
  `A.D. A.M. AD AM B.C. BC CC DAY DDD DD DY D FF1 FF2 FF3 FF4 FF5 FF6 FX HH24 HH12 HH IDDD ID IW
  IYYY IYY IY I J MI MM MONTH MON MS OF P.M. PM Q RM SSSSS SSSS SS TZH TZM TZ US WW W Y,YYY YYYY YYY YY Y`
    .trim()
    .split(/\s+/);
const PATTERNS: readonly string[] = [
  ...UPPER,
  ...UPPER.map((name) => name.toLowerCase()),
  "Day",
  "Dy",
  "Month",
  "Mon",
].sort((a, b) => b.length - a.length);

/** Patterns that are read and written as digits only. */
const DIGITS = new Set(
  `CC DDD DD D FF1 FF2 FF3 FF4 FF5 FF6 HH24 HH12 HH IDDD ID IW IYYY IYY IY I J MI MM MS Q SSSSS SSSS SS
  US WW W Y,YYY YYYY YYY YY Y`
    .trim()
    .split(/\s+/),
);

export function isDigits(node: FormatNode): boolean {
  return node.kind === "field" && DIGITS.has(node.name);
}

export const readFormat: (format: string) => readonly FormatNode[] = cached(parse, 128);

function parse(format: string): readonly FormatNode[] {
  const nodes: FormatNode[] = [];
  let at = 0;
  while (at < format.length) {
    const prefix = /^(?:FM|fm|TM|tm)/.exec(format.slice(at))?.[0] ?? "";
    const rest = format.slice(at + prefix.length);
    const pattern = PATTERNS.find((each) => rest.startsWith(each));
    if (pattern !== undefined) {
      const suffix = /^(?:TH|th|SP)/.exec(rest.slice(pattern.length))?.[0] ?? "";
      nodes.push({
        kind: "field",
        pattern,
        name: pattern.toUpperCase(),
        isFill: prefix !== "",
        ordinal: suffix === "TH" || suffix === "th" ? suffix : undefined,
      });
      at += prefix.length + pattern.length + suffix.length;
    } else if (format[at] === '"') {
      at = quoted(format, at + 1, nodes);
    } else {
      if (prefix !== "") at += prefix.length;
      else at = literalCharacter(format, at, nodes);
    }
  }
  return nodes;
}

function quoted(format: string, from: number, nodes: FormatNode[]): number {
  let at = from;
  while (at < format.length && format[at] !== '"') {
    if (format[at] === "\\" && at + 1 < format.length) at += 1;
    const text = String.fromCodePoint(format.codePointAt(at) as number);
    nodes.push({ kind: "text", text });
    at += text.length;
  }
  return at + 1;
}

/** A backslash outside of quotes only protects a quote. */
function literalCharacter(format: string, from: number, nodes: FormatNode[]): number {
  const at = format.startsWith('\\"', from) ? from + 1 : from;
  const text = String.fromCodePoint(format.codePointAt(at) as number);
  const isSeparator = at === from && /^[!-/:-@[-`{-~]$/.test(text);
  const kind = /^\s$/.test(text) ? "space" : isSeparator ? "separator" : "text";
  nodes.push({ kind, text });
  return at + text.length;
}
