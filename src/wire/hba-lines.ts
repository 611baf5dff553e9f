/**
 * The lines of a file in the syntax of pg_hba.conf as fields of tokens: blanks part fields, commas
 * tokens, `#` begins a comment, a backslash at its end continues a line, `@file` stands for the
 * tokens of that file.
 */

import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";

/** Quoted: without any special meaning. */
export interface HbaToken {
  readonly text: string;
  readonly isQuoted: boolean;
}

export type HbaField = readonly HbaToken[];

export interface HbaLine {
  /** From 1; of its first part where it was continued. */
  readonly number: number;
  readonly file: string;
  readonly fields: readonly HbaField[];
}

/** What is wrong with the file, with its name and the line's number. */
export class HbaError extends Error {
  override readonly name = "HbaError";

  constructor(message: string, file: string, line?: number) {
    const place = line === undefined ? "" : `line ${line} of `;
    super(`${message} (${place}file "${file}")`);
  }
}

const DEPTH_MAX = 10;

/** @throws HbaError */
export function readHbaLines(file: string, depth = 0): readonly HbaLine[] {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new HbaError(`could not read the rules: ${reason}`, file);
  }
  return splitLines(text).flatMap(({ number, line }) => {
    const fields = splitFields(line, file, number).map((tokens) =>
      tokens.flatMap((token) => expanded(token, file, number, depth)),
    );
    return fields.length === 0 ? [] : [{ number, file, fields }];
  });
}

function splitLines(text: string): { readonly number: number; readonly line: string }[] {
  const lines: { number: number; line: string }[] = [];
  let open: { number: number; line: string } | undefined;
  for (const [index, part] of text.split(/\r?\n/).entries()) {
    const line: { number: number; line: string } = open ?? { number: index + 1, line: "" };
    const isContinued = part.endsWith("\\");
    line.line += isContinued ? part.slice(0, -1) : part;
    if (isContinued) open = line;
    else {
      lines.push(line);
      open = undefined;
    }
  }
  return open === undefined ? lines : [...lines, open];
}

function splitFields(line: string, file: string, number: number): HbaToken[][] {
  const fields: HbaToken[][] = [];
  let isListOpen = false;
  const pattern = /\s+|,|#.*|((?:[^\s,#"]|"[^"]*")+)|"/gy;
  for (const [part, token] of line.matchAll(pattern)) {
    if (part.startsWith("#")) break;
    if (part === '"') throw new HbaError("unterminated quoted string", file, number);
    if (part === ",") isListOpen = fields.length > 0;
    else if (token !== undefined) {
      const one = { text: unquoted(token), isQuoted: token.startsWith('"') };
      if (isListOpen) fields.at(-1)?.push(one);
      else fields.push([one]);
      isListOpen = false;
    }
  }
  return fields;
}

function unquoted(token: string): string {
  return token.replace(/"((?:[^"]|"")*)"/g, (_, inner: string) => inner.replaceAll('""', '"'));
}

function expanded(
  token: HbaToken,
  file: string,
  number: number,
  depth: number,
): readonly HbaToken[] {
  if (token.isQuoted || !token.text.startsWith("@") || token.text.length === 1) return [token];
  if (depth >= DEPTH_MAX) {
    throw new HbaError("maximum nesting depth exceeded", file, number);
  }
  const other = resolve(dirname(file), token.text.slice(1));
  return readHbaLines(other, depth + 1).flatMap(({ fields }) => fields.flat());
}
