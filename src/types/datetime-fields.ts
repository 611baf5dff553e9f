/**
 * The first step of reading dates, times and intervals: text → labelled fields and their keywords.
 * The rules are those of PostgreSQL's ParseDateTime (src/backend/utils/adt/datetime.c), because
 * which of the many accepted forms a text is, is decided here.
 */

export type FaultKind = "format" | "field" | "month-day" | "interval" | "displacement" | "zone";

/** A reason not to accept a text; the caller knows the whole text and words the error. */
export class DatetimeFault extends Error {
  readonly kind: FaultKind;
  readonly zone: string | undefined;

  constructor(kind: FaultKind, zone?: string) {
    super(kind);
    this.kind = kind;
    this.zone = zone;
  }
}

export function badFormat(): DatetimeFault {
  return new DatetimeFault("format");
}

export function fieldFault(): DatetimeFault {
  return new DatetimeFault("field");
}

export type FieldKind = "number" | "date" | "time" | "zone" | "word" | "signed-word";

export interface DatetimeField {
  readonly kind: FieldKind;
  /** In lower case. */
  readonly text: string;
}

const FIELDS_MAX = 25;

const BLANK = /[ \t\n\v\f\r]/;
const TIME = /\d+:[\d:.]*/y;
/** A date in digits; a point makes a number of two parts and a date of three. */
const NUMERIC_DATE = /\d+([-/.])\d+(?:(\1)(?:\d|\1)*)?/y;
const WORDY_DATE = /\d+([-/.])(?:[A-Za-z\d]|\1)*/y;
const NUMBER = /\d+|\.\d*/y;
const WORD = /[A-Za-z]+/y;
const COMPOUND = /[-+/_.:A-Za-z\d]+/y;
const SIGNED_NUMBER = /([-+])[ \t\n\v\f\r]*(\d[\d:.-]*)/y;
const SIGNED_WORD = /([-+])[ \t\n\v\f\r]*([A-Za-z]+)/y;
const PUNCTUATION = /[!-/:-@[-`{-~]/;

/** @throws DatetimeFault format */
export function splitFields(text: string, lengthMax: number): DatetimeField[] {
  const fields: DatetimeField[] = [];
  let at = 0;
  let size = 0;
  while (at < text.length) {
    const character = text[at] as string;
    if (BLANK.test(character)) {
      at += 1;
      continue;
    }
    const found = fieldAt(text, at, character);
    if (found === undefined) {
      if (!PUNCTUATION.test(character)) throw badFormat();
      at += 1;
      continue;
    }
    if (fields.length >= FIELDS_MAX) throw badFormat();
    size += found.text.length + 1;
    if (size > lengthMax) throw badFormat();
    fields.push({ kind: found.kind, text: found.text.toLowerCase() });
    at += found.length;
  }
  return fields;
}

interface Found extends DatetimeField {
  readonly length: number;
}

function fieldAt(text: string, at: number, first: string): Found | undefined {
  if (/\d/.test(first)) return digitsAt(text, at);
  if (first === ".") return found("number", match(NUMBER, text, at));
  if (/[A-Za-z]/.test(first)) return wordAt(text, at);
  if (first !== "+" && first !== "-") return undefined;
  for (const [pattern, kind] of SIGNED) {
    pattern.lastIndex = at;
    const signed = pattern.exec(text);
    if (signed !== null) {
      return { kind, text: `${signed[1]}${signed[2]}`, length: signed[0].length };
    }
  }
  throw badFormat();
}

const SIGNED: readonly (readonly [RegExp, FieldKind])[] = [
  [SIGNED_NUMBER, "zone"],
  [SIGNED_WORD, "signed-word"],
];

function digitsAt(text: string, at: number): Found | undefined {
  const time = match(TIME, text, at);
  if (time !== undefined) return found("time", time);
  NUMERIC_DATE.lastIndex = at;
  const numeric = NUMERIC_DATE.exec(text);
  if (numeric !== null) {
    const isNumber = numeric[1] === "." && numeric[2] === undefined;
    return found(isNumber ? "number" : "date", numeric[0]);
  }
  return found("date", match(WORDY_DATE, text, at)) ?? found("number", match(NUMBER, text, at));
}

/** A word; with punctuation in it a date or the name of a zone. */
function wordAt(text: string, at: number): Found | undefined {
  const word = match(WORD, text, at) ?? "";
  const next = text[at + word.length] ?? "";
  const isCompound =
    "-/.".includes(next) && next !== ""
      ? true
      : (next === "+" || /\d/.test(next)) && !KEYWORDS.has(word.toLowerCase());
  return isCompound ? found("date", match(COMPOUND, text, at)) : found("word", word);
}

function match(pattern: RegExp, text: string, at: number): string | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0];
}

function found(kind: FieldKind, text: string | undefined): Found | undefined {
  return text === undefined ? undefined : { kind, text, length: text.length };
}

export type Keyword =
  | { readonly kind: "reserved"; readonly value: Reserved }
  | { readonly kind: "month"; readonly value: number }
  | { readonly kind: "weekday"; readonly value: number }
  | { readonly kind: "half-day"; readonly value: "am" | "pm" }
  | { readonly kind: "era"; readonly value: "ad" | "bc" }
  | { readonly kind: "daylight" }
  | { readonly kind: "prefix"; readonly value: "julian" | "time" | "other" }
  | { readonly kind: "iso-time" }
  | { readonly kind: "ignored" };

export type Reserved =
  | "now"
  | "today"
  | "tomorrow"
  | "yesterday"
  | "midnight"
  | "epoch"
  | "infinity"
  | "-infinity";

const MONTH_WORDS: readonly string[][] = [
  ["jan", "january"],
  ["feb", "february"],
  ["mar", "march"],
  ["apr", "april"],
  ["may"],
  ["jun", "june"],
  ["jul", "july"],
  ["aug", "august"],
  ["sep", "sept", "september"],
  ["oct", "october"],
  ["nov", "november"],
  ["dec", "december"],
];

const WEEKDAY_WORDS: readonly string[][] = [
  ["sun", "sunday"],
  ["mon", "monday"],
  ["tue", "tues", "tuesday"],
  ["wed", "weds", "wednesday"],
  ["thu", "thur", "thurs", "thursday"],
  ["fri", "friday"],
  ["sat", "saturday"],
];

/** PostgreSQL's datetktbl. */
export const KEYWORDS: ReadonlyMap<string, Keyword> = new Map<string, Keyword>([
  ...MONTH_WORDS.flatMap((words, index) =>
    words.map((word): [string, Keyword] => [word, { kind: "month", value: index + 1 }]),
  ),
  ...WEEKDAY_WORDS.flatMap((words, index) =>
    words.map((word): [string, Keyword] => [word, { kind: "weekday", value: index }]),
  ),
  ["now", { kind: "reserved", value: "now" }],
  ["today", { kind: "reserved", value: "today" }],
  ["tomorrow", { kind: "reserved", value: "tomorrow" }],
  ["yesterday", { kind: "reserved", value: "yesterday" }],
  ["allballs", { kind: "reserved", value: "midnight" }],
  ["epoch", { kind: "reserved", value: "epoch" }],
  ["infinity", { kind: "reserved", value: "infinity" }],
  ["+infinity", { kind: "reserved", value: "infinity" }],
  ["-infinity", { kind: "reserved", value: "-infinity" }],
  ["am", { kind: "half-day", value: "am" }],
  ["pm", { kind: "half-day", value: "pm" }],
  ["ad", { kind: "era", value: "ad" }],
  ["bc", { kind: "era", value: "bc" }],
  ["dst", { kind: "daylight" }],
  ["j", { kind: "prefix", value: "julian" }],
  ["jd", { kind: "prefix", value: "julian" }],
  ["julian", { kind: "prefix", value: "julian" }],
  ["t", { kind: "iso-time" }],
  ["at", { kind: "ignored" }],
  ["on", { kind: "ignored" }],
  ...["d", "dow", "doy", "h", "isodow", "isoyear", "m", "mm", "s", "y"].map(
    (word): [string, Keyword] => [word, { kind: "prefix", value: "other" }],
  ),
]);
