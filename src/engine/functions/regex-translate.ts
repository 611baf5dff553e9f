/**
 * PostgreSQL's advanced regular expressions as JavaScript's. What JavaScript would match
 * differently is refused: a wrong match is worse than none.
 */

import { CLASSES, SHORTHANDS } from "./regex-classes.ts";
import {
  acceptedCharacters,
  fixedLength,
  haveOwnBeginnings,
  isUnambiguous,
  type Piece,
} from "./regex-shape.ts";
import { cached, pgError } from "./scalar-function.ts";

export interface TranslatedRegex {
  readonly source: string;
  /** JavaScript flags, `g` and `y` left to the caller. */
  readonly flags: string;
  /** Capturing groups of the pattern. */
  readonly groups: number;
  /**
   * The matched text may be shorter than PostgreSQL's: alternatives, or greedy and non-greedy
   * quantifiers together, are tried in order here and for the longest match there.
   */
  readonly isFirstMatch: boolean;
}

/** `flags` as in regexp_replace's last argument, without `g`. */
export function translateRegex(pattern: string, flags: string): TranslatedRegex {
  return translated(`${flags}\u0000${pattern}`);
}

const translated = cached((key) => {
  const at = key.indexOf("\u0000");
  return new Translation(key.slice(at + 1), key.slice(0, at)).run();
}, 256);

function invalid(why: string): Error {
  return pgError("2201B", `invalid regular expression: ${why}`);
}

function unsupported(what: string): Error {
  return pgError("0A000", `regular expressions with ${what} are not supported on these tables`);
}

/** `{3}` repeats, but does not stretch. */
function isStretching(quantifier: string): boolean {
  return /^[*+?]|,/.test(quantifier);
}

/** A group without quantifier is its pieces; with one it is a piece of its own. */
function quantified(inner: readonly Piece[], quantifier: string): readonly Piece[] {
  if (quantifier === "") return inner;
  const isNested = inner.some((piece) => piece.isVariable);
  const isVariable = isStretching(quantifier) || isNested;
  return [{ kind: "group", isVariable, isNested, length: undefined }];
}

class Translation {
  readonly #pattern: string;
  #at = 0;
  #groups = 0;
  #isGreedy: boolean | undefined;
  #isMixed = false;
  /** Of the branch or group that was read last. */
  #pieces: Piece[] = [];
  #isAmbiguous = false;
  #ignoreCase = false;
  #isLiteral = false;
  /** `n`: both; `p`: only `.` and brackets stop at newlines; `w`: only ^ and $ match there. */
  #dotStops = false;
  #anchorsAtLines = false;

  constructor(pattern: string, flags: string) {
    this.#pattern = pattern;
    for (const flag of flags) this.#setFlag(flag);
  }

  run(): TranslatedRegex {
    this.#readPrefixes();
    const source = this.#isLiteral
      ? this.#pattern.slice(this.#at).replace(/[.*+?^${}()|[\]\\/]/g, "\\$&")
      : this.#alternatives(0);
    if (this.#at < this.#pattern.length && !this.#isLiteral)
      throw invalid("parentheses () not balanced");
    try {
      new RegExp(source, "u");
    } catch (cause) {
      throw pgError(
        "0A000",
        `regular expression cannot be translated: ${(cause as Error).message}`,
      );
    }
    return {
      source,
      flags: `u${this.#ignoreCase ? "i" : ""}`,
      groups: this.#groups,
      isFirstMatch: this.#isAmbiguous || this.#isMixed,
    };
  }

  #setFlag(flag: string): void {
    if (flag === "i") this.#ignoreCase = true;
    else if (flag === "c") this.#ignoreCase = false;
    else if (flag === "s") this.#setLines(false, false);
    else if (flag === "n" || flag === "m") this.#setLines(true, true);
    else if (flag === "p") this.#setLines(true, false);
    else if (flag === "w") this.#setLines(false, true);
    else if (flag === "q") this.#isLiteral = true;
    else if ("bext".includes(flag)) {
      if (flag === "x" || flag === "b") throw unsupported(`option "${flag}"`);
    } else throw pgError("22023", `invalid regular expression option: "${flag}"`);
  }

  #setLines(dotStops: boolean, anchors: boolean): void {
    this.#dotStops = dotStops;
    this.#anchorsAtLines = anchors;
  }

  #readPrefixes(): void {
    if (this.#pattern.startsWith("***=")) {
      this.#isLiteral = true;
      this.#at = 4;
    } else if (this.#pattern.startsWith("***:")) this.#at = 4;
    if (this.#isLiteral) return;
    const options = /^\(\?([a-z]+)\)/.exec(this.#pattern.slice(this.#at));
    if (options === null) return;
    for (const flag of options[1] as string) this.#setFlag(flag);
    this.#at += options[0].length;
  }

  #peek(): string {
    return this.#pattern[this.#at] ?? "";
  }

  /** One codepoint, so that astral characters stay whole. */
  #take(): string {
    const character = String.fromCodePoint(this.#pattern.codePointAt(this.#at) as number);
    this.#at += character.length;
    return character;
  }

  #alternatives(depth: number): string {
    const sources = [this.#branch(depth)];
    const branches = [this.#pieces];
    while (this.#peek() === "|") {
      this.#at += 1;
      sources.push(this.#branch(depth));
      branches.push(this.#pieces);
    }
    this.#pieces = branches.length === 1 ? (branches[0] as Piece[]) : [this.#choice(branches)];
    // Inside of a group a branch is judged in its sequence.
    if (depth === 0 && !branches.every(isUnambiguous)) this.#isAmbiguous = true;
    return sources.join("|");
  }

  #choice(branches: readonly (readonly Piece[])[]): Piece {
    if (!haveOwnBeginnings(branches) || !branches.every(isUnambiguous)) this.#isAmbiguous = true;
    const lengths = new Set(branches.map(fixedLength));
    const length = lengths.size === 1 ? [...lengths][0] : undefined;
    const isNested = branches.some((pieces) => pieces.some((piece) => piece.isVariable));
    return { kind: "group", isVariable: length === undefined, isNested, length };
  }

  #branch(depth: number): string {
    let result = "";
    const pieces: Piece[] = [];
    while (this.#at < this.#pattern.length && this.#peek() !== "|") {
      if (this.#peek() === ")" && depth > 0) break;
      const isConstraint = this.#isConstraint();
      const isGroup = this.#peek() === "(";
      const isReference = /^\\[1-9]/.test(this.#pattern.slice(this.#at));
      const atom = this.#atom(depth);
      const inner = this.#pieces;
      const quantifier = this.#quantifier();
      if (quantifier !== "" && isConstraint) throw invalid("quantifier operand invalid");
      if (isReference)
        pieces.push({ kind: "group", isVariable: true, isNested: true, length: undefined });
      else if (isGroup && !isConstraint) pieces.push(...quantified(inner, quantifier));
      else if (!isConstraint) pieces.push(this.#character(atom, quantifier));
      result += atom + quantifier;
    }
    this.#pieces = pieces;
    return result;
  }

  #character(source: string, quantifier: string): Piece {
    return {
      kind: "character",
      accepts: acceptedCharacters(source, this.#ignoreCase ? "ui" : "u"),
      isVariable: isStretching(quantifier),
      isOptional: /^(?:[*?]|\{0)/.test(quantifier),
    };
  }

  #isConstraint(): boolean {
    const rest = this.#pattern.slice(this.#at);
    return /^(?:[\^$]|\\[AZmMyY]|\(\?(?:[=!]|<[=!]))/.test(rest);
  }

  #atom(depth: number): string {
    const character = this.#take();
    switch (character) {
      case "(":
        return this.#group(depth);
      case "[":
        return this.#bracket();
      case ".":
        return this.#dotStops ? "[^\\n]" : "[^]";
      case "^":
        return this.#anchorsAtLines ? "(?<![^\\n])" : "(?<![^])";
      case "$":
        return this.#anchorsAtLines ? "(?![^\\n])" : "(?![^])";
      case "\\":
        return this.#escape();
      case "*":
      case "+":
      case "?":
        throw invalid("quantifier operand invalid");
      case "{":
        if (/\d/.test(this.#peek())) throw invalid("quantifier operand invalid");
        return "\\{";
      default:
        return /[\]})/]/.test(character) ? `\\${character}` : character;
    }
  }

  #group(depth: number): string {
    let open = "(";
    if (this.#peek() === "?") {
      const kind = /^\?(?::|=|!|<=|<!)/.exec(this.#pattern.slice(this.#at));
      if (kind === null) throw invalid("quantifier operand invalid");
      open += kind[0];
      this.#at += kind[0].length;
    } else this.#groups += 1;
    const inner = this.#alternatives(depth + 1);
    if (this.#peek() !== ")") throw invalid("parentheses () not balanced");
    this.#at += 1;
    return `${open}${inner})`;
  }

  #quantifier(): string {
    const match = /^(?:[*+?]|\{(\d+)(?:,(\d*))?\})(\??)/.exec(this.#pattern.slice(this.#at));
    if (match === null) return "";
    this.#at += match[0].length;
    if (/^[*+?]/.test(this.#peek())) throw invalid("quantifier operand invalid");
    const [, low, high] = match;
    if (Number(low ?? 0) > 255 || Number(high ?? 0) > 255)
      throw invalid("invalid repetition count(s)");
    const isVariable = low === undefined || match[0].includes(",");
    if (isVariable) {
      const isGreedy = match[3] !== "?";
      if (this.#isGreedy !== undefined && this.#isGreedy !== isGreedy) this.#isMixed = true;
      this.#isGreedy = isGreedy;
    }
    return match[0];
  }

  #escape(): string {
    if (this.#at >= this.#pattern.length) throw invalid("invalid escape \\ sequence");
    const character = this.#take();
    const shorthand = SHORTHANDS[character];
    if (shorthand !== undefined) return shorthand;
    if (/[1-9]/.test(character)) {
      if (/\d/.test(this.#peek())) throw unsupported("back references above 9");
      if (Number(character) > this.#groups) throw invalid("invalid backreference number");
      return `(?:\\${character})`;
    }
    if (character === "x" || character === "u" || character === "U")
      return this.#codepoint(character);
    if (/[a-zA-Z0]/.test(character)) throw unsupported(`escape \\${character}`);
    return /[.*+?^${}()|[\]\\/]/.test(character) ? `\\${character}` : character;
  }

  #codepoint(kind: string): string {
    const wanted = kind === "u" ? 4 : 8;
    const shape = kind === "x" ? /^[0-9a-fA-F]{1,255}/ : new RegExp(`^[0-9a-fA-F]{${wanted}}`);
    const digits = shape.exec(this.#pattern.slice(this.#at));
    if (digits === null) throw invalid("invalid escape \\ sequence");
    this.#at += digits[0].length;
    return `\\u{${Number.parseInt(digits[0], 16).toString(16)}}`;
  }

  #bracket(): string {
    const isNegated = this.#peek() === "^";
    if (isNegated) this.#at += 1;
    let body = "";
    let isFirst = true;
    for (;;) {
      if (this.#at >= this.#pattern.length) throw invalid("brackets [] not balanced");
      if (this.#peek() === "]" && !isFirst) break;
      isFirst = false;
      body += this.#bracketItem();
    }
    this.#at += 1;
    const newline = isNegated && this.#dotStops ? "\\n" : "";
    return isNegated ? `[^${body}${newline}]` : `[${body}]`;
  }

  #bracketItem(): string {
    const rest = this.#pattern.slice(this.#at);
    const named = /^\[:([a-z]+):\]/.exec(rest);
    if (named !== null) {
      this.#at += named[0].length;
      const members = CLASSES[named[1] as string];
      if (members === undefined) throw invalid("invalid character class");
      return members;
    }
    if (/^\[[.=<>]/.test(rest) || rest.startsWith("[:")) throw unsupported("collating elements");
    const character = this.#take();
    if (character === "\\") {
      const next = this.#peek();
      if (/[dsw]/.test(next)) {
        this.#at += 1;
        return next === "d" ? "0-9" : next === "s" ? "\\s" : "\\p{L}\\p{N}_";
      }
      if (/[DSWmMyYAZ]/.test(next)) throw unsupported(`\\${next} in brackets`);
      return this.#escape();
    }
    if (character === "-") return this.#isRangeDash() ? "-" : "\\-";
    return /[\^[\]/\\{}()|.*+?$&~!#%,:;<=>@`]/.test(character) && character !== "-"
      ? this.#escapedMember(character)
      : character;
  }

  #escapedMember(character: string): string {
    return /[\^[\]/\\{}()|.*+?$]/.test(character) ? `\\${character}` : character;
  }

  /** A dash is a range only between two members. */
  #isRangeDash(): boolean {
    const before = this.#pattern[this.#at - 2];
    const isFirst = before === "[" || (before === "^" && this.#pattern[this.#at - 3] === "[");
    return !isFirst && this.#peek() !== "]";
  }
}
