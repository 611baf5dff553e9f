/** Tokens of JSON as PostgreSQL cuts them, and where in the text an error was, as it shows it. */

/** The shown part of a line has fewer bytes. */
const SHOWN_BYTES_MAX = 50;

export interface Token {
  /** Offset behind it. */
  readonly end: number;
  readonly isValid: boolean;
}

/** The number that begins at `at`, with all that PostgreSQL takes for a part of it. */
export function numberToken(text: string, at: number): Token {
  let end = at;
  let isValid = true;
  const digits = () => {
    const from = end;
    while (isDigit(text.charCodeAt(end))) end += 1;
    if (end === from) isValid = false;
  };
  if (text[end] === "-") end += 1;
  if (text[end] === "0") end += 1;
  else digits();
  if (text[end] === ".") {
    end += 1;
    digits();
  }
  if (text[end] === "e" || text[end] === "E") {
    end += 1;
    if (text[end] === "+" || text[end] === "-") end += 1;
    digits();
  }
  const behind = wordEnd(text, end);
  return { end: behind, isValid: isValid && behind === end };
}

/** A word, or a single character. */
export function otherToken(text: string, at: number): Token {
  const end = wordEnd(text, at);
  if (end === at) return { end: at + 1, isValid: "{}[],:".includes(text[at] ?? "") };
  return { end, isValid: ["true", "false", "null"].includes(text.slice(at, end)) };
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

function wordEnd(text: string, at: number): number {
  let end = at;
  while (end < text.length && /[\w\u0080-\uffff]/.test(text[end] as string)) end += 1;
  return end;
}

/** CONTEXT of an error in the token that begins at `start`, of which all before `end` is shown. */
export function jsonContext(text: string, start: number, end: number): string {
  const lineStart = text.lastIndexOf("\n", start - 1) + 1;
  const line = text.slice(0, lineStart).split("\n").length;
  const shown = Buffer.from(text.slice(lineStart, end));
  let from = 0;
  while (shown.length - from >= SHOWN_BYTES_MAX) {
    from += 1;
    while (((shown[from] ?? 0) & 0xc0) === 0x80) from += 1;
  }
  if (from <= 3) from = 0;
  const isCut = end < text.length && text[end] !== "\n" && text[end] !== "\r";
  const parts = [from > 0 ? "..." : "", shown.toString("utf8", from), isCut ? "..." : ""];
  return `JSON data, line ${line}: ${parts.join("")}`;
}
