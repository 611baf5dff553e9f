/** Functions over random values, formats and patterns, judged by PostgreSQL. */

import { DuckDBIntervalValue, DuckDBTimestampValue } from "@duckdb/node-api";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { seedOf } from "../../support/random.ts";
import { call, choicesFrom, literal, type Oracle, openOracle } from "./oracle.ts";

let ask: Oracle;
let close: () => Promise<void>;

beforeAll(async () => {
  ({ ask, close } = await openOracle());
});
afterAll(() => close());

const seed = seedOf("random");
const random = choicesFrom(seed);

interface Case {
  readonly name: string;
  readonly args: readonly unknown[];
  readonly sql: string;
}

/** Refused (0A000) is right in any case; anything else must be PostgreSQL's answer. */
async function agree(cases: readonly Case[], answeredMin: number): Promise<void> {
  const expected = await ask(cases.map((each) => each.sql));
  let answered = 0;
  const wrong: object[] = [];
  for (const [index, each] of cases.entries()) {
    const ours = text(call(each.name, ...each.args));
    if (ours?.startsWith("!0A000") === true) continue;
    answered += 1;
    const postgres = expected[index] ?? null;
    const isSame = ours?.startsWith("!") === true ? sameState(ours, postgres) : ours === postgres;
    if (!isSame) wrong.push({ sql: each.sql, ours, postgres });
  }
  expect(wrong.slice(0, 10), `seed ${seed}, ${wrong.length} of ${cases.length} differ`).toEqual([]);
  expect(answered).toBeGreaterThan(answeredMin);
}

function sameState(ours: string, postgres: string | null): boolean {
  return postgres?.slice(0, 6) === ours.slice(0, 6);
}

function text(value: unknown): string | null {
  if (value === null) return null;
  if (value instanceof DuckDBIntervalValue) {
    return String(call("pg_interval_text", value, "postgres"));
  }
  if (value instanceof DuckDBTimestampValue) return String(call("pg_timestamp_text", value));
  if (typeof value === "boolean") return String(value);
  if (typeof value === "object" && "items" in value) {
    return String(call("pg_array_text", value));
  }
  return String(value);
}

function interval(): { readonly value: DuckDBIntervalValue; readonly sql: string } {
  const pick = (max: number) => random.pick([0, random.below(max), -random.below(max)]);
  const [months, days, micros] = [pick(500), pick(500), pick(400_000_000_000)];
  return {
    value: new DuckDBIntervalValue(months, days, BigInt(micros)),
    sql: `'${months} months ${days} days ${micros} microseconds'::interval`,
  };
}

describe("intervals", () => {
  test("are multiplied, divided and justified with PostgreSQL's cascade of fractions", async () => {
    const cases = Array.from({ length: 2_000 }, (): Case => {
      const { value, sql } = interval();
      const factor = random.pick([random.below(20) - 10, (random.next() - 0.5) * 50, 0.1, 1 / 3]);
      return random.pick<Case>([
        { name: "pg_interval_mul", args: [value, factor], sql: `${sql} * ${factor}::float8` },
        { name: "pg_interval_div", args: [value, factor], sql: `${sql} / ${factor}::float8` },
        { name: "pg_justify_hours", args: [value], sql: `justify_hours(${sql})` },
        { name: "pg_justify_days", args: [value], sql: `justify_days(${sql})` },
        { name: "pg_justify_interval", args: [value], sql: `justify_interval(${sql})` },
      ]);
    });
    await agree(cases, 1_500);
  });
});

const PATTERNS =
  `YYYY YYY YY Y Y,YYY IYYY IYY IY I MM MON Mon mon MONTH Month FMMonth DD FMDD DDth DDD D ID IDDD
  DAY Day FMDay DY Dy HH HH12 HH24 FMHH24 MI SS MS US FF1 FF3 SSSS AM a.m. Q WW IW W CC J RM BC AD`
    .trim()
    .split(/\s+/);

function format(): string {
  const length = 1 + random.below(5);
  return Array.from({ length }, () => random.pick(PATTERNS)).join(
    random.pick(["-", " ", ":", '"T"', ""]),
  );
}

describe("to_char", () => {
  test("prints timestamps by random formats", async () => {
    const cases = Array.from({ length: 2_000 }, (): Case => {
      const micros = BigInt(Math.floor((random.next() - 0.2) * 4e15));
      const pattern = format();
      const stamp = String(call("pg_timestamp_text", new DuckDBTimestampValue(micros)));
      return {
        name: "pg_to_char",
        args: [new DuckDBTimestampValue(micros), pattern],
        sql: `to_char('${stamp}'::timestamp, ${literal(pattern)})`,
      };
    });
    await agree(cases, 1_900);
  });

  test("prints numbers by random formats", async () => {
    const digits = () => random.pick(["9", "0", "9", "99", "999", "09", ""]);
    const cases = Array.from({ length: 2_500 }, (): Case => {
      const whole = `${digits()}${random.pick(["", ",", "G"])}${digits()}${digits()}`;
      const fraction = random.pick(["", `.${digits()}${digits()}`, `D${digits()}`]);
      const signed = random.pick([
        `S${whole}${fraction}`,
        `${whole}${fraction}S`,
        `${whole}${fraction}MI`,
      ]);
      const pattern = random.pick(["", "FM"]) + random.pick([whole + fraction, signed]);
      const value = ((random.next() - 0.5) * 10 ** random.below(7)).toFixed(random.below(5));
      const float = Number(value);
      return random.pick<Case>([
        {
          name: "pg_to_char_number",
          args: [value, pattern],
          sql: `to_char(${literal(value)}::numeric, ${literal(pattern)})`,
        },
        {
          name: "pg_to_char_float",
          args: [float, pattern],
          sql: `to_char(${literal(value)}::float8, ${literal(pattern)})`,
        },
      ]);
    });
    await agree(cases, 2_000);
  });
});

describe("to_timestamp", () => {
  test("reads by a format what PostgreSQL reads, and fails where it fails", async () => {
    const formats = [
      ["YYYY-MM-DD HH24:MI:SS", "2024-06-03 14:30:15"],
      ["YYYYMMDDHH24MISS", "20240603143015"],
      ["DD Mon YYYY", "03 Jun 2024"],
      ["Month DD, YYYY", "June 3, 2024"],
      ["MM/DD/YY", "6/3/24"],
      ["YYYY-MM-DD HH12:MI AM", "2024-06-03 02:30 PM"],
      ["HH24:MI:SS.MS", "14:30:15.5"],
      ["YYYY DDD", "2024 155"],
    ] as const;
    const cases = Array.from({ length: 1_500 }, (): Case => {
      const [pattern, sample] = random.pick(formats);
      const characters = [...sample];
      for (let changes = random.below(3); changes > 0; changes -= 1) {
        const at = random.below(characters.length);
        const other = random.pick(["0", "1", "9", " ", "-", "", "x"]);
        characters[at] = other;
      }
      const value = characters.join("");
      return {
        name: "pg_to_timestamp",
        args: [value, pattern, "UTC"],
        sql: `to_timestamp(${literal(value)}, ${literal(pattern)}) AT TIME ZONE 'UTC'`,
      };
    });
    await agree(cases, 1_200);
  });
});

const ATOMS = [
  "a",
  "b",
  "o",
  ".",
  "[a-c]",
  "[^b]",
  "\\d",
  "\\s",
  "\\w",
  "(ab)",
  "(?:o+)",
  "^",
  "$",
  "\\m",
  "\\M",
  "\\y",
  "[[:alpha:]]",
  "x",
  "é",
  "-",
];
const TEXTS = [
  "",
  "a",
  "abab",
  "foo bar",
  "o",
  "a1b2 c3",
  "-x-",
  "éa",
  "line\nabc",
  "aab",
  "cab ob",
];

function pattern(): string {
  const length = 1 + random.below(4);
  const atoms = Array.from({ length }, () => {
    const atom = random.pick(ATOMS);
    const isConstraint = /^(?:\^|\$|\\[mMy])$/.test(atom);
    return atom + (isConstraint ? "" : random.pick(["", "", "*", "+", "?", "{1,2}", "*?"]));
  });
  const whole = atoms.join("");
  return random.below(5) === 0 ? `${whole}|${random.pick(ATOMS)}` : whole;
}

describe("regular expressions", () => {
  test("match, replace, split and take apart as PostgreSQL's", async () => {
    const cases = Array.from({ length: 4_000 }, (): Case => {
      const [value, regex] = [random.pick(TEXTS), pattern()];
      const flags = random.pick(["", "i", "n"]);
      const [s, p, f] = [literal(value), literal(regex), literal(flags)];
      return random.pick<Case>([
        { name: "pg_regex", args: [value, regex, flags], sql: `regexp_like(${s}, ${p}, ${f})` },
        {
          name: "pg_regexp_replace",
          args: [value, regex, "<\\&>", `${flags}g`],
          sql: `regexp_replace(${s}, ${p}, '<\\&>', '${flags}g')`,
        },
        {
          name: "pg_regexp_match",
          args: [value, regex, flags],
          sql: `regexp_match(${s}, ${p}, ${f})`,
        },
        {
          name: "pg_regexp_split",
          args: [value, regex, flags],
          sql: `regexp_split_to_array(${s}, ${p}, ${f})`,
        },
        {
          name: "pg_regexp_count",
          args: [value, regex, 1, flags],
          sql: `regexp_count(${s}, ${p}, 1, ${f})`,
        },
      ]);
    });
    await agree(cases, 2_000);
  });

  test("SIMILAR TO and LIKE with another escape character are rewritten as PostgreSQL does", async () => {
    const pieces = ["a", "%", "_", "(a|b)", "[ab]", "+", "*", ".", "#%", "\\", "b{2}"];
    const cases = Array.from({ length: 600 }, (): Case => {
      const similar = Array.from({ length: 3 }, () => random.pick(pieces)).join("");
      return random.pick<Case>([
        {
          name: "pg_similar_to_escape",
          args: [similar, "#"],
          sql: `similar_to_escape(${literal(similar)}, '#')`,
        },
        {
          name: "pg_like_escape",
          args: [similar, "#"],
          sql: `like_escape(${literal(similar)}, '#')`,
        },
      ]);
    });
    await agree(cases, 500);
  });
});

describe("text functions", () => {
  test("split, pad, overlay and quote as PostgreSQL's", async () => {
    const texts = ["", "a", "a,b,,c", "äöü€", "x'y\\z", "Group", "select", "two words", "😀b"];
    const cases = Array.from({ length: 1_500 }, (): Case => {
      const [value, other] = [random.pick(texts), random.pick([",", "", "a", "ab", "€"])];
      const [s, o] = [literal(value), literal(other)];
      const n = random.below(12) - 4;
      return random.pick<Case>([
        { name: "pg_split_part", args: [value, other, n], sql: `split_part(${s}, ${o}, ${n})` },
        { name: "pg_lpad", args: [value, n, other], sql: `lpad(${s}, ${n}, ${o})` },
        { name: "pg_rpad", args: [value, n, other], sql: `rpad(${s}, ${n}, ${o})` },
        {
          name: "pg_overlay",
          args: [value, other, n, 2],
          sql: `overlay(${s} placing ${o} from ${n} for 2)`,
        },
        { name: "pg_quote_ident", args: [value], sql: `quote_ident(${s})` },
        { name: "pg_quote_literal", args: [value], sql: `quote_literal(${s})` },
        { name: "pg_reverse", args: [value], sql: `reverse(${s})` },
        { name: "pg_initcap", args: [value], sql: `initcap(${s})` },
        {
          name: "pg_string_to_array",
          args: [value, other, null],
          sql: `string_to_array(${s}, ${o})`,
        },
        { name: "pg_repeat", args: [value, n], sql: `repeat(${s}, ${n})` },
      ]);
    });
    await agree(cases, 1_400);
  });
});
