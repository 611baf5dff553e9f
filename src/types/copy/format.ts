/** What a COPY of text, csv or binary looks like, once its options are checked. */

export type CopyFormat = TextFormat | CsvFormat | BinaryFormat;

export interface TextFormat {
  readonly kind: "text";
  /** One byte. */
  readonly delimiter: number;
  readonly nullText: Uint8Array;
  /** Stands for the column's default; only when reading. */
  readonly defaultText: Uint8Array | undefined;
  readonly header: Header;
}

/** match: names are compared when reading. */
export type Header = "none" | "names" | "match";

export interface CsvFormat extends Omit<TextFormat, "kind"> {
  readonly kind: "csv";
  readonly quote: number;
  readonly escape: number;
  /** By position in the list of copied columns. */
  readonly forceQuote: readonly boolean[];
  readonly forceNotNull: readonly boolean[];
  readonly forceNull: readonly boolean[];
}

export interface BinaryFormat {
  readonly kind: "binary";
}

/** What files may be written in; PostgreSQL's names. */
export type CopyEncoding = "UTF8" | "LATIN1" | "SQL_ASCII";

export const NEWLINE = 0x0a;
export const RETURN = 0x0d;
export const DOT = 0x2e;
export const BACKSLASH = 0x5c;

export function sameBytes(
  bytes: Uint8Array,
  start: number,
  end: number,
  wanted: Uint8Array,
): boolean {
  if (end - start !== wanted.length) return false;
  for (let i = 0; i < wanted.length; i += 1) {
    if (bytes[start + i] !== wanted[i]) return false;
  }
  return true;
}
