/**
 * Tells the strings, quoted names and comments of a statement from its code: just enough to rewrite
 * a word safely and to see which constants PostgreSQL will fold at analysis.
 * https://www.postgresql.org/docs/current/sql-syntax-lexical.html
 */

export interface Piece {
  readonly kind: "code" | "string" | "quoted" | "comment";
  readonly text: string;
}

const NOT_IN_WORD = /(?<![\w$\u0080-\uffff])/.source;
const ESCAPE_STRING = `${NOT_IN_WORD}[eE]'`;
const LINE_COMMENT = "--[^\\n\\r]*";
const BLOCK_COMMENT = "/\\*";
const DOLLAR_TAG = `${NOT_IN_WORD}\\$(?:[A-Za-z_\\u0080-\\uffff][\\w\\u0080-\\uffff]*)?\\$`;
/** What begins a piece that is not code. A line comment is matched whole. */
const OPENING = [ESCAPE_STRING, "'", '"', LINE_COMMENT, BLOCK_COMMENT, DOLLAR_TAG].join("|");

/** The pieces join to `sql` again. An unterminated one runs to the end. */
export function pieces(sql: string): readonly Piece[] {
  const found: Piece[] = [];
  const opening = new RegExp(OPENING, "g");
  let codeStart = 0;
  for (let match = opening.exec(sql); match !== null; match = opening.exec(sql)) {
    const start = match.index;
    const end = pieceEnd(sql, start, match[0]);
    if (start > codeStart) found.push({ kind: "code", text: sql.slice(codeStart, start) });
    found.push({ kind: pieceKind(match[0]), text: sql.slice(start, end) });
    codeStart = end;
    opening.lastIndex = end;
  }
  if (codeStart < sql.length) found.push({ kind: "code", text: sql.slice(codeStart) });
  return found;
}

/** Changes code only. */
export function rewriteCode(sql: string, rewrite: (code: string) => string): string {
  return pieces(sql)
    .map((piece) => (piece.kind === "code" ? rewrite(piece.text) : piece.text))
    .join("");
}

const CLOCK_WORD = /(?<![a-z])(?:now|today|tomorrow|yesterday)(?![a-z])/i;

/**
 * Whether a string may name a moment relative to now: PostgreSQL folds `'today'::date` when it
 * analyses. Strings that are put together (escapes, continuation lines) are taken to.
 */
export function mayFoldClock(sql: string): boolean {
  const all = pieces(sql);
  return all.some((piece, index) => {
    if (piece.kind !== "string") return false;
    if (piece.text.includes("\\") || CLOCK_WORD.test(piece.text)) return true;
    const [gap, next] = [all[index + 1], all[index + 2]];
    return gap?.kind === "code" && /^\s+$/.test(gap.text) && next?.kind === "string";
  });
}

function pieceKind(opening: string): Piece["kind"] {
  if (opening === '"') return "quoted";
  return opening.startsWith("--") || opening === "/*" ? "comment" : "string";
}

function pieceEnd(sql: string, start: number, opening: string): number {
  if (opening.startsWith("--")) return start + opening.length;
  if (opening === "/*") return commentEnd(sql, start);
  if (opening.startsWith("$")) return dollarEnd(sql, start, opening);
  const quote = opening.slice(-1);
  const hasEscapes = opening.length === 2;
  let at = start + opening.length;
  for (; at < sql.length; at += 1) {
    if (hasEscapes && sql[at] === "\\") at += 1;
    else if (sql[at] === quote && sql[at + 1] === quote) at += 1;
    else if (sql[at] === quote) return at + 1;
  }
  return sql.length;
}

function dollarEnd(sql: string, start: number, tag: string): number {
  const closing = sql.indexOf(tag, start + tag.length);
  return closing === -1 ? sql.length : closing + tag.length;
}

function commentEnd(sql: string, start: number): number {
  const marks = /\/\*|\*\//g;
  marks.lastIndex = start;
  let depth = 0;
  for (let match = marks.exec(sql); match !== null; match = marks.exec(sql)) {
    depth += match[0] === "/*" ? 1 : -1;
    if (depth === 0) return marks.lastIndex;
  }
  return sql.length;
}
