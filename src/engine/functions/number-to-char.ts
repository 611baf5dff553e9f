/**
 * to_char of numbers: the patterns 9 0 . , D G FM S MI, as NUM_processor in formatting.c walks
 * them. The other patterns (EEEE, RN, V, L, PL, SG, PR, TH, B, C) are refused.
 */

import { finite, numericText, parseNumeric, roundTo } from "./numeric-value.ts";
import { cached, pgError } from "./scalar-function.ts";

interface Format {
  readonly nodes: readonly {
    readonly kind: "9" | "0" | "." | "," | "S" | "MI" | "text";
    readonly text: string;
  }[];
  /** Digits before and after the point. */
  readonly before: number;
  readonly after: number;
  /** Position of the first 0, counted from 0; undefined without one before the point. */
  readonly zeroStart: number | undefined;
  /** Digits up to the last 0. */
  readonly zeroEnd: number;
  readonly isFill: boolean;
  readonly hasPoint: boolean;
  readonly hasMinus: boolean;
  readonly sign: "none" | "before" | "after";
}

const TOKEN = /FM|MI|EEEE|RN|PL|SG|PR|TH|[90.,DGSVLBC]|"((?:[^"\\]|\\.)*)"?|\\?./gisu;

const readFormat = cached((text): Format => {
  const nodes: { kind: Format["nodes"][number]["kind"]; text: string }[] = [];
  let [before, after, zeroEnd, signAt] = [0, 0, 0, 0];
  let zeroStart: number | undefined;
  let [isFill, hasPoint, hasMinus] = [false, false, false];
  let sign: Format["sign"] = "none";
  for (const match of text.matchAll(TOKEN)) {
    const token = match[0].toUpperCase();
    if (token === "FM") isFill = true;
    else if (token === "9" || token === "0") {
      if (token === "0" && zeroStart === undefined && !hasPoint) zeroStart = before;
      if (hasPoint) after += 1;
      else before += 1;
      if (token === "0") zeroEnd = before + after;
      nodes.push({ kind: token, text: token });
    } else if (token === "." || token === "D") {
      if (hasPoint) throw pgError("42601", "multiple decimal points");
      hasPoint = true;
      nodes.push({ kind: ".", text: "." });
    } else if (token === "," || token === "G") nodes.push({ kind: ",", text: "," });
    else if (token === "S") {
      if (sign !== "none") throw pgError("42601", 'cannot use "S" twice');
      if (hasMinus) throw pgError("42601", 'cannot use "S" and "PL"/"MI"/"SG"/"PR" together');
      sign = hasPoint ? "after" : "before";
      signAt = before;
    } else if (token === "MI") {
      if (sign !== "none") throw pgError("42601", 'cannot use "S" and "MI" together');
      hasMinus = true;
      nodes.push({ kind: "MI", text: "" });
    } else if (/^(?:EEEE|RN|PL|SG|PR|TH|[VLBC])$/.test(token)) {
      throw pgError("0A000", `to_char with pattern ${token} is not supported on these tables`);
    } else
      nodes.push({ kind: "text", text: match[1]?.replace(/\\(.)/gu, "$1") ?? match[0].slice(-1) });
  }
  // PostgreSQL drops what comes behind such a point
  if (hasPoint && after === 0) {
    throw pgError(
      "0A000",
      "to_char with a point and no digit after it is not supported on these tables",
    );
  }
  if (sign === "before" && signAt === before) sign = "after";
  return { nodes, before, after, zeroStart, zeroEnd, isFill, hasPoint, hasMinus, sign };
}, 128);

/** `value` is a numeric's or an integer's text. */
export function numberToChar(value: string, format: string): string {
  const read = readFormat(format);
  const number = parseNumeric(value);
  if (number.special !== undefined) {
    throw pgError("0A000", `to_char of ${number.special} is not supported on these tables`);
  }
  return printed(read, numericText(roundTo(number, read.after)), read.after);
}

/** Floats show at most 15 digits. */
export function floatToChar(value: number, format: string): string {
  const read = readFormat(format);
  if (!Number.isFinite(value)) {
    throw pgError("0A000", `to_char of ${value} is not supported on these tables`);
  }
  const whole = exactRounded(Math.abs(value), 0).length;
  const after = whole >= 15 ? 0 : Math.min(read.after, 15 - whole);
  const isNegative = value < 0 || Object.is(value, -0);
  return printed(read, (isNegative ? "-" : "") + exactRounded(Math.abs(value), after), after);
}

/** printf's %.nf: the exact binary value, ties to even. */
function exactRounded(value: number, digits: number): string {
  let denominator = 1n;
  let scaled = value;
  while (!Number.isInteger(scaled)) {
    scaled *= 2;
    denominator *= 2n;
  }
  const numerator = BigInt(scaled) * 10n ** BigInt(digits);
  let quotient = numerator / denominator;
  const twice = (numerator % denominator) * 2n;
  if (twice > denominator || (twice === denominator && quotient % 2n === 1n)) quotient += 1n;
  return numericText(finite(quotient, digits));
}

function printed(format: Format, signed: string, after: number): string {
  const isNegative = signed.startsWith("-");
  let digits = isNegative ? signed.slice(1) : signed;
  const whole = digits.split(".")[0] as string;
  let spaces = 0;
  if (whole.length < format.before) spaces = format.before - whole.length;
  else if (whole.length > format.before) {
    digits = `${"#".repeat(format.before)}.${"#".repeat(after)}`;
  }
  return new Printer(format, digits, isNegative, spaces, after).run();
}

/** One walk over the format's nodes; the fields are NUMProc's. */
class Printer {
  readonly #format: Format;
  readonly #digits: string;
  readonly #isNegative: boolean;
  /** Positions before the number's first digit. */
  readonly #spaces: number;
  readonly #count: number;
  /** Index of the last digit that FM keeps; undefined keeps all. */
  readonly #last: number | undefined;
  #at = 0;
  #position = 0;
  #isSignWritten: boolean;
  #isInNumber = false;
  #text = "";

  constructor(format: Format, digits: string, isNegative: boolean, spaces: number, after: number) {
    this.#format = format;
    this.#digits = digits;
    this.#isNegative = isNegative;
    this.#spaces = spaces;
    this.#isSignWritten =
      format.hasMinus || (!isNegative && format.isFill && format.sign === "none");
    this.#count = after + format.before - 1 + (!this.#isSignWritten && spaces === 0 ? 1 : 0);
    this.#last = format.isFill && format.hasPoint ? this.#lastRelevant() : undefined;
  }

  run(): string {
    for (const node of this.#format.nodes) {
      if (node.kind === "9" || node.kind === "0" || node.kind === ".") this.#digit(node.kind);
      else if (node.kind === ",") this.#write(this.#isInNumber ? "," : this.#blank());
      else if (node.kind === "MI") this.#write(this.#isNegative ? "-" : this.#blank());
      else this.#write(node.text);
    }
    return this.#text;
  }

  #write(text: string): void {
    this.#text += text;
  }

  #blank(): string {
    return this.#format.isFill ? "" : " ";
  }

  #lastRelevant(): number | undefined {
    const point = this.#digits.indexOf(".");
    if (point < 0) return undefined;
    let last = point;
    for (let index = point + 1; index < this.#digits.length; index++) {
      if (this.#digits[index] !== "0") last = index;
    }
    const { zeroEnd } = this.#format;
    if (zeroEnd <= this.#spaces) return last;
    return Math.max(last, Math.min(this.#digits.length - 1, zeroEnd - this.#spaces));
  }

  /** "0.1" in 9.9 shows no zero before the point. */
  #isBarePoint(): boolean {
    const { zeroStart, after } = this.#format;
    return zeroStart === undefined && this.#at === 0 && this.#digits[0] === "0" && after !== 0;
  }

  #endsInPoint(): boolean {
    return this.#last !== undefined && this.#digits[this.#last] === ".";
  }

  #digit(kind: "9" | "0" | "."): void {
    const { zeroStart } = this.#format;
    this.#writeSign();
    if (this.#position < this.#spaces) {
      const isZero = zeroStart !== undefined && zeroStart <= this.#position;
      this.#write(isZero ? "0" : this.#blank());
      if (isZero) this.#isInNumber = true;
    } else {
      this.#writeDigit(kind);
      if (this.#at < this.#digits.length) this.#at += 1;
    }
    let end = this.#count + (this.#spaces > 0 ? 1 : 0) + (this.#format.hasPoint ? 1 : 0);
    if (this.#last !== undefined && this.#last === this.#at) end = this.#position;
    if (this.#position + 1 === end && this.#format.sign === "after") {
      this.#write(this.#isNegative ? "-" : "+");
    }
    this.#position += 1;
  }

  #writeSign(): void {
    const { zeroStart, sign } = this.#format;
    const isAtNumber = this.#position >= this.#spaces || zeroStart === this.#position;
    if (this.#isSignWritten || !isAtNumber) return;
    if (this.#isBarePoint() && !this.#endsInPoint()) return;
    if (sign === "after") return;
    if (sign === "before") this.#write(this.#isNegative ? "-" : "+");
    else this.#write(this.#isNegative ? "-" : this.#blank());
    this.#isSignWritten = true;
  }

  #writeDigit(kind: "9" | "0" | "."): void {
    const character = this.#digits[this.#at];
    if (character === ".") {
      if (!this.#endsInPoint() || this.#format.isFill) this.#write(".");
      return;
    }
    if (this.#last !== undefined && this.#at > this.#last && kind !== "0") return;
    if (this.#isBarePoint()) {
      if (!this.#format.isFill) this.#write(" ");
      else if (this.#endsInPoint()) this.#write("0");
      return;
    }
    this.#write(character ?? "");
    this.#isInNumber = true;
  }
}
