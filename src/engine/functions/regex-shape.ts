/**
 * Whether a pattern's first match is also its longest. JavaScript tries possibilities in order,
 * PostgreSQL takes the longest text; they agree where at most one part of the pattern can stretch,
 * or where every stretching part must stop before what follows can begin.
 */

/** A piece of a pattern in sequence; constraints of no width are left out. */
export type Piece =
  | {
      readonly kind: "character";
      /** The characters it matches, of the sample. */
      readonly accepts: ReadonlySet<string>;
      readonly isVariable: boolean;
      readonly isOptional: boolean;
    }
  | {
      readonly kind: "group";
      readonly isVariable: boolean;
      /** Something inside stretches as well. */
      readonly isNested: boolean;
      readonly length: number | undefined;
    };

/** ASCII, and letters, digits, spaces and signs beyond it. */
const SAMPLE: readonly string[] = [
  ...Array.from({ length: 128 }, (_, code) => String.fromCharCode(code)),
  ..."éÉßäÖñøçλΩЖж٣५中かﬀ\u00a0\u2003€–😀ſK²",
];

export function acceptedCharacters(source: string, flags: string): ReadonlySet<string> {
  const regex = new RegExp(`^(?:${source})$`, flags);
  return new Set(SAMPLE.filter((character) => regex.test(character)));
}

/** The pieces of a sequence match the same text first and longest. */
export function isUnambiguous(pieces: readonly Piece[]): boolean {
  const variables = pieces.flatMap((piece, index) => (piece.isVariable ? [index] : []));
  if (pieces.some((piece) => piece.kind === "group" && piece.isVariable && piece.isNested))
    return false;
  return variables.slice(0, -1).every((index) => stopsBefore(pieces, index));
}

/** What follows, up to the first piece that must be there, begins with none of its characters. */
function stopsBefore(pieces: readonly Piece[], index: number): boolean {
  const piece = pieces[index];
  if (piece?.kind !== "character") return false;
  for (const next of pieces.slice(index + 1)) {
    if (next.kind !== "character" || !areDisjoint(piece.accepts, next.accepts)) return false;
    if (!next.isOptional) return true;
  }
  return true;
}

function areDisjoint(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  return ![...a].some((character) => b.has(character));
}

/** At most one branch can match at any place: each begins with characters of its own. */
export function haveOwnBeginnings(branches: readonly (readonly Piece[])[]): boolean {
  const firsts = branches.map(([first]) =>
    first?.kind === "character" && !first.isOptional ? first.accepts : undefined,
  );
  return firsts.every((first, index) =>
    firsts.slice(index + 1).every((other) => first && other && areDisjoint(first, other)),
  );
}

/** Characters matched, where that is one number. */
export function fixedLength(pieces: readonly Piece[]): number | undefined {
  let total = 0;
  for (const piece of pieces) {
    if (piece.isVariable) return undefined;
    if (piece.kind === "group" && piece.length === undefined) return undefined;
    total += piece.kind === "group" ? (piece.length as number) : 1;
  }
  return total;
}
