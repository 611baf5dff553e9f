/**
 * to_timestamp and to_date by format, as DCH_from_char and do_to_timestamp in formatting.c, outside
 * FX mode.
 */

import { daysFromCivil, daysInMonth, JULIAN_OF_EPOCH, MONTHS } from "../../types/calendar.ts";
import { type FormatNode, isDigits, readFormat } from "./date-format.ts";
import { pgError } from "./scalar-function.ts";

type Field = Extract<FormatNode, { kind: "field" }>;

export interface Parsed {
  /** Days since 1970-01-01. */
  readonly days: number;
  /** Microseconds of the day. */
  readonly micros: number;
  /** Seconds east of Greenwich, where the text says so. */
  readonly offset: number | undefined;
}

/** Digits that a pattern takes when digits follow directly. */
const WIDTHS: Readonly<Record<string, number>> = {
  HH: 2,
  HH12: 2,
  HH24: 2,
  MI: 2,
  SS: 2,
  MS: 3,
  US: 6,
  MM: 2,
  DD: 2,
  DDD: 3,
  YYYY: 4,
  YYY: 3,
  YY: 2,
  Y: 1,
  CC: 2,
  J: 10,
  SSSS: 5,
  SSSSS: 5,
  Q: 1,
  D: 1,
  W: 1,
  WW: 2,
  FF1: 1,
  FF2: 2,
  FF3: 3,
  FF4: 4,
  FF5: 5,
  FF6: 6,
};

export function parseByFormat(text: string, format: string): Parsed {
  return new FormatReader(text, readFormat(format)).run();
}

class FormatReader {
  readonly #text: string;
  readonly #nodes: readonly FormatNode[];
  #at = 0;
  #values = new Map<string, number>();
  #isAfternoon: boolean | undefined;
  #isBefore = false;
  #yearDigits = 0;
  #fractionMicros = 0;
  #isTwelve = false;
  #zoneSign: number | undefined;

  constructor(text: string, nodes: readonly FormatNode[]) {
    this.#text = text;
    this.#nodes = nodes;
  }

  run(): Parsed {
    let extra = 0;
    for (const [index, node] of this.#nodes.entries()) {
      if (this.#at >= this.#text.length) break;
      if (node.kind === "field" || index === 0) extra += this.#skipBlanks();
      if (node.kind === "field") {
        this.#field(node, this.#nodes[index + 1]);
        extra = this.#skipBlanks();
      } else if (node.kind === "text") {
        if (extra > 0) extra -= 1;
        else this.#at += String.fromCodePoint(this.#text.codePointAt(this.#at) ?? 0).length;
      } else {
        extra -= 1;
        if (/^[\s!-/:-@[-`{-~]/.test(this.#text[this.#at] ?? "")) {
          this.#at += 1;
          extra += 1;
        }
      }
    }
    return this.#result();
  }

  #skipBlanks(): number {
    const from = this.#at;
    while (/\s/.test(this.#text[this.#at] ?? "x")) this.#at += 1;
    return this.#at - from;
  }

  #field(node: Field, next: FormatNode | undefined): void {
    const { name } = node;
    if (/^(?:A\.?M|P\.?M)/.test(name)) {
      const word = this.#word(name.includes(".") ? ["A.M.", "P.M."] : ["AM", "PM"], node);
      this.#isAfternoon = word === 1;
      this.#isTwelve = true;
    } else if (/^(?:A\.?D|B\.?C)/.test(name)) {
      this.#isBefore = this.#word(name.includes(".") ? ["A.D.", "B.C."] : ["AD", "BC"], node) === 1;
    } else if (name === "MONTH" || name === "MON") {
      const names = name === "MON" ? MONTHS.map((month) => month.slice(0, 3)) : FULL_MONTHS;
      this.#set(node, "MM", this.#word(names, node) + 1);
    } else if (name === "DAY" || name === "DY") {
      this.#word(name === "DY" ? WEEKDAYS.map((day) => day.slice(0, 3)) : WEEKDAYS, node);
    } else if (name === "TZH" || name === "TZM") this.#zone(node, next);
    else if (name === "Y,YYY") this.#commaYear(node);
    else if (name in WIDTHS) this.#number(node, next);
    else throw pgError("0A000", `pattern ${node.pattern} is not supported on these tables`);
    if (node.ordinal !== undefined) this.#at += 2;
  }

  /** Index of the word that stands here, in any case. */
  #word(words: readonly string[], node: Field): number {
    const rest = this.#text.slice(this.#at).toLowerCase();
    const found = words.findIndex((word) => rest.startsWith(word.toLowerCase()));
    if (found < 0) throw this.#invalid(this.#text.slice(this.#at).split(/\s/)[0] as string, node);
    this.#at += (words[found] as string).length;
    return found;
  }

  #invalid(value: string, node: Field): Error {
    return pgError("22007", `invalid value "${value}" for "${node.pattern}"`);
  }

  /** As strtol reads; of a fixed width where digits follow directly. */
  #digits(
    node: Field,
    next: FormatNode | undefined,
    width: number,
  ): { value: number; length: number } {
    const isOpen =
      node.isFill || node.ordinal !== undefined || next === undefined || !followsDigit(next);
    const window = isOpen
      ? this.#text.slice(this.#at)
      : this.#text.slice(this.#at, this.#at + width);
    if (!isOpen && window.length < width) {
      throw pgError("22007", `source string too short for "${node.pattern}" formatting field`);
    }
    const found = /^[+-]?\d+/.exec(window)?.[0];
    if (found === undefined || (!isOpen && found.length < width))
      throw this.#invalid(window.slice(0, width), node);
    if (Number(found) > 2_147_483_647) {
      throw pgError("22008", `value for "${node.pattern}" in source string is out of range`);
    }
    this.#at += found.length;
    return { value: Number(found), length: found.length };
  }

  #number(node: Field, next: FormatNode | undefined): void {
    const { name } = node;
    const { value, length } = this.#digits(node, next, WIDTHS[name] as number);
    if (name === "MS") this.#fractionMicros += value * 10 ** Math.max(0, 3 - length) * 1000;
    else if (name === "US" || name.startsWith("FF"))
      this.#fractionMicros += value * 10 ** Math.max(0, 6 - length);
    else if (/^Y+$/.test(name)) this.#year(node, value, length);
    else if (name === "HH" || name === "HH12" || name === "HH24") {
      if (name !== "HH24") this.#isTwelve = true;
      this.#set(node, "HH", value);
    } else if (name === "SSSSS") this.#set(node, "SSSS", value);
    else this.#set(node, name, value);
  }

  /** Years of fewer than four digits are those nearest to 2020. */
  #year(node: Field, value: number, length: number): void {
    let year = value;
    if (node.name.length < 4 && length < 4) {
      if (value < 70) year += 2000;
      else if (value < 100) year += 1900;
      else if (value < 520) year += 2000;
      else if (value < 1000) year += 1000;
    }
    this.#yearDigits = node.name.length;
    this.#set(node, "YYYY", year);
  }

  #commaYear(node: Field): void {
    const found = /^(\d+),(\d{3})/.exec(this.#text.slice(this.#at));
    if (found === null) throw pgError("22007", 'invalid input string for "Y,YYY"');
    this.#at += found[0].length;
    this.#set(node, "YYYY", Number(found[1]) * 1000 + Number(found[2]));
  }

  #zone(node: Field, next: FormatNode | undefined): void {
    if (node.name === "TZH") {
      const sign = /^[+-]/.exec(this.#text.slice(this.#at))?.[0];
      if (sign !== undefined) this.#at += 1;
      this.#zoneSign = sign === "-" ? -1 : 1;
    }
    const { value } = this.#digits(node, next, 2);
    this.#set(node, node.name, value);
  }

  #set(node: Field, key: string, value: number): void {
    const known = this.#values.get(key);
    if (known !== undefined && known !== value) {
      throw pgError("22007", `conflicting values for "${node.pattern}" field in formatting string`);
    }
    this.#values.set(key, value);
  }

  #result(): Parsed {
    const micros = this.#timeOfDay();
    return { days: this.#date(), micros, offset: this.#offset() };
  }

  #outOfRange(): Error {
    return pgError("22008", `date/time field value out of range: "${this.#text}"`);
  }

  #timeOfDay(): number {
    const of = (key: string) => this.#values.get(key) ?? 0;
    let [hour, minute, second] = [of("HH"), of("MI"), of("SS")];
    const seconds = this.#values.get("SSSS");
    if (seconds !== undefined) {
      hour = Math.trunc(seconds / 3600);
      minute = Math.trunc(seconds / 60) % 60;
      second = seconds % 60;
    }
    if (this.#isTwelve && this.#values.has("HH")) {
      if (hour < 1 || hour > 12) {
        throw pgError("22007", `hour "${hour}" is invalid for the 12-hour clock`);
      }
      if (this.#isAfternoon === true && hour < 12) hour += 12;
      else if (this.#isAfternoon === false && hour === 12) hour = 0;
    }
    const isValid =
      hour >= 0 && hour < 24 && minute >= 0 && minute < 60 && second >= 0 && second < 60;
    if (!isValid || this.#fractionMicros < 0 || this.#fractionMicros >= 1_000_000) {
      throw this.#outOfRange();
    }
    return (hour * 3600 + minute * 60 + second) * 1_000_000 + this.#fractionMicros;
  }

  #date(): number {
    for (const key of ["W", "WW", "D"]) {
      if (this.#values.has(key))
        throw pgError("0A000", `reading ${key} is not supported on these tables`);
    }
    const julian = this.#values.get("J");
    if (julian !== undefined) return julian - JULIAN_OF_EPOCH;
    const year = this.#fullYear();
    // 0 is as good as absent
    const dayOfYear = this.#values.get("DDD") || undefined;
    const hasMonth = (this.#values.get("MM") ?? 0) !== 0;
    if (dayOfYear !== undefined && !hasMonth) {
      if (year === 0) {
        throw pgError("22007", "cannot calculate day of year without year information");
      }
      const last = daysFromCivil(year + 1, 1, 1) - daysFromCivil(year, 1, 1);
      if (dayOfYear < 1 || dayOfYear > last) throw this.#outOfRange();
      return daysFromCivil(year, 1, 1) + dayOfYear - 1;
    }
    const [month, day] = [this.#values.get("MM") || 1, this.#values.get("DD") || 1];
    if (month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month)) {
      throw this.#outOfRange();
    }
    return daysFromCivil(year, month, day);
  }

  /** Year 0 is 1 BC; without a year it is that. A century completes a year of two digits. */
  #fullYear(): number {
    const century = this.#values.get("CC");
    let year = this.#values.get("YYYY");
    if (year === undefined && century === undefined) return 0;
    if (century !== undefined && (year === undefined || this.#yearDigits <= 2)) {
      const within = year === undefined ? 1 : year % 100;
      const base = within === 0 ? century * 100 : (century - 1) * 100;
      year = base + within;
    }
    const known = year as number;
    if (this.#isBefore && known > 0) return 1 - known;
    return known < 0 ? known + 1 : known;
  }

  #offset(): number | undefined {
    const hours = this.#values.get("TZH");
    if (hours === undefined || this.#zoneSign === undefined) return undefined;
    return this.#zoneSign * (hours * 3600 + (this.#values.get("TZM") ?? 0) * 60);
  }
}

/** Whether a node that follows may begin with a digit, so that widths are fixed. */
function followsDigit(node: FormatNode): boolean {
  return node.kind === "field" ? isDigits(node) : /^\d$/.test(node.text);
}

const FULL_MONTHS = `January February March April May June July August September October November
  December`.split(/\s+/);
const WEEKDAYS = "Sunday Monday Tuesday Wednesday Thursday Friday Saturday".split(" ");
