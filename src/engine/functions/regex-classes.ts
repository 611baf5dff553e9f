/**
 * Names of character classes and escapes in PostgreSQL, as JavaScript writes them. Letters are not
 * only ASCII.
 */

/** Inside of brackets: `[[:alpha:]]`. */
export const CLASSES: Readonly<Record<string, string>> = {
  alpha: "\\p{L}",
  digit: "0-9",
  alnum: "\\p{L}\\p{N}",
  upper: "\\p{Lu}",
  lower: "\\p{Ll}",
  space: "\\s",
  blank: "\\t ",
  punct: "!-\\/:-@\\[-`{-~",
  xdigit: "0-9A-Fa-f",
  word: "\\p{L}\\p{N}_",
  cntrl: "\\x00-\\x1f\\x7f",
};

/** After a backslash, outside of brackets. */
export const SHORTHANDS: Readonly<Record<string, string>> = {
  d: "[0-9]",
  D: "[^0-9]",
  s: "\\s",
  S: "\\S",
  w: "[\\p{L}\\p{N}_]",
  W: "[^\\p{L}\\p{N}_]",
  m: "(?<![\\p{L}\\p{N}_])(?=[\\p{L}\\p{N}_])",
  M: "(?<=[\\p{L}\\p{N}_])(?![\\p{L}\\p{N}_])",
  y: "(?:(?<![\\p{L}\\p{N}_])(?=[\\p{L}\\p{N}_])|(?<=[\\p{L}\\p{N}_])(?![\\p{L}\\p{N}_]))",
  Y: "(?:(?<![\\p{L}\\p{N}_])(?![\\p{L}\\p{N}_])|(?<=[\\p{L}\\p{N}_])(?=[\\p{L}\\p{N}_]))",
  A: "(?<![^])",
  Z: "(?![^])",
  n: "\\n",
  t: "\\t",
  r: "\\r",
  f: "\\f",
  v: "\\v",
  a: "\\x07",
  b: "\\x08",
  e: "\\x1b",
  B: "\\\\",
};
