import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { seedOf } from "../../support/random.ts";
import { call, choicesFrom, literal, type Oracle, openOracle } from "./oracle.ts";

let ask: Oracle;
let close: () => Promise<void>;

beforeAll(async () => {
  ({ ask, close } = await openOracle());
});
afterAll(() => close());

const seed = seedOf("numeric");
const random = choicesFrom(seed);
const SPECIALS = ["0", "0.00", "1", "-1", "1.0", "NaN", "Infinity", "-Infinity", "0.5", "-2", "10"];

function randomNumeric(digitsMax: number): string {
  if (random.below(12) === 0) return random.pick(SPECIALS);
  const integerDigits = random.below(digitsMax);
  const decimals = random.below(digitsMax);
  const text = (length: number) =>
    Array.from({ length }, () => random.pick(["0", "9", String(random.below(10))])).join("");
  const sign = random.below(3) === 0 ? "-" : "";
  const integer = text(integerDigits).replace(/^0+/, "") || "0";
  const value = `${integer}${decimals > 0 ? `.${text(decimals)}` : ""}`;
  return /[1-9]/.test(value) ? sign + value : value;
}

async function agree(cases: readonly { name: string; args: readonly unknown[]; sql: string }[]) {
  const expected = await ask(cases.map((each) => each.sql));
  const wrong = cases
    .map((each, index) => {
      const ours = call(each.name, ...each.args);
      return {
        sql: each.sql,
        ours: ours === null ? null : String(ours),
        postgres: expected[index],
      };
    })
    .filter((each) => each.ours !== each.postgres);
  expect(wrong.slice(0, 10), `seed ${seed}, ${wrong.length} of ${cases.length} differ`).toEqual([]);
}

function numeric(text: string): string {
  return `${literal(text)}::numeric`;
}

describe("numeric functions answer as PostgreSQL", () => {
  test("for + - * / % div over random pairs", async () => {
    const operators = [
      ["num_add", "+"],
      ["num_sub", "-"],
      ["num_mul", "*"],
      ["num_div", "/"],
      ["num_mod", "%"],
    ] as const;
    const cases = Array.from({ length: 4_000 }, () => {
      const [a, b] = [randomNumeric(24), randomNumeric(24)];
      const [name, operator] = random.pick(operators);
      return { name, args: [a, b], sql: `${numeric(a)} ${operator} ${numeric(b)}` };
    });
    await agree(cases);
    await agree(
      Array.from({ length: 500 }, () => {
        const [a, b] = [randomNumeric(12), randomNumeric(8)];
        return { name: "num_div_trunc", args: [a, b], sql: `div(${numeric(a)}, ${numeric(b)})` };
      }),
    );
  });

  test("for functions of one number", async () => {
    const names = [
      ["num_sqrt", "sqrt"],
      ["num_ceil", "ceil"],
      ["num_floor", "floor"],
      ["num_neg", "-"],
      ["num_abs", "abs"],
      ["num_sign", "sign"],
      ["num_trim_scale", "trim_scale"],
      ["num_scale", "scale"],
      ["num_min_scale", "min_scale"],
      ["num_ln", "ln"],
    ] as const;
    await agree(
      Array.from({ length: 2_000 }, () => {
        const a = randomNumeric(20);
        const [name, sqlName] = random.pick(names);
        return { name, args: [a], sql: `${sqlName}(${numeric(a)})` };
      }),
    );
  });

  test("for exp, log and power, with PostgreSQL's scale", async () => {
    await agree(
      Array.from({ length: 600 }, () => {
        const a = randomNumeric(random.pick([4, 10]));
        const b = randomNumeric(random.pick([2, 3]));
        return random.pick([
          { name: "num_exp", args: [b], sql: `exp(${numeric(b)})` },
          { name: "num_log", args: [a, b], sql: `log(${numeric(a)}, ${numeric(b)})` },
          { name: "num_power", args: [a, b], sql: `power(${numeric(a)}, ${numeric(b)})` },
        ]);
      }),
    );
  });

  test("for round and trunc at any scale, and numeric(p,s)", async () => {
    await agree(
      Array.from({ length: 1_500 }, () => {
        const a = randomNumeric(20);
        const scale = random.below(40) - 15;
        const precision = 1 + random.below(30);
        const fit = Math.abs(scale);
        return random.pick([
          { name: "num_round", args: [a, scale], sql: `round(${numeric(a)}, ${scale})` },
          { name: "num_trunc", args: [a, scale], sql: `trunc(${numeric(a)}, ${scale})` },
          {
            name: "num_typmod",
            args: [a, precision, fit],
            sql: `${numeric(a)}::numeric(${precision},${fit})`,
          },
        ]);
      }),
    );
  });

  test("for conversions to and from floats and integers", async () => {
    await agree(
      Array.from({ length: 1_500 }, () => {
        const value = (random.next() - 0.5) * 10 ** (random.below(60) - 30);
        const a = randomNumeric(random.pick([6, 14, 24]));
        const bits = random.pick([16, 32, 64]);
        return random.pick([
          { name: "num_from_f8", args: [value], sql: `${numericFloat(value)}::numeric` },
          {
            name: "num_from_f4",
            args: [Math.fround(value)],
            sql: `${numericFloat(value)}::float4::numeric`,
          },
          { name: "num_to_int", args: [a, bits], sql: `${numeric(a)}::int${bits / 8}` },
        ]);
      }),
    );
  });

  test("for sums, averages and variances", async () => {
    const cases = Array.from({ length: 400 }, () => {
      const values = Array.from({ length: 1 + random.below(6) }, () => randomNumeric(9));
      const list = `(VALUES ${values.map((value) => `(${numeric(value)})`).join(",")}) t(x)`;
      const sum = String(call("num_sum", { items: values }));
      const squares = values.map((value) => String(call("num_mul", value, value)));
      const kind = random.pick(["var_pop", "var_samp", "stddev_pop", "stddev_samp"]);
      const sumOfSquares = String(call("num_sum", { items: squares }));
      const count = BigInt(values.length);
      return random.pick([
        { name: "num_sum", args: [{ items: values }], sql: `SELECT sum(x) FROM ${list}` },
        { name: "num_mean", args: [sum, count], sql: `SELECT avg(x) FROM ${list}` },
        {
          name: "num_variance",
          args: [sum, sumOfSquares, count, kind],
          sql: `SELECT ${kind}(x) FROM ${list}`,
        },
      ]);
    });
    await agree(cases);
  });

  test("for width_bucket in both directions", async () => {
    await agree(
      Array.from({ length: 400 }, () => {
        const [a, low, high] = [randomNumeric(4), randomNumeric(3), randomNumeric(3)];
        const count = random.below(12);
        return {
          name: "num_width_bucket",
          args: [a, low, high, count],
          sql: `width_bucket(${numeric(a)}, ${numeric(low)}, ${numeric(high)}, ${count})`,
        };
      }),
    );
  });
});

describe("num_key", () => {
  test("orders texts as PostgreSQL orders their values, and is one for equal values", async () => {
    const pairs = Array.from(
      { length: 2_000 },
      () => [randomNumeric(8), randomNumeric(8)] as const,
    );
    const expected = await ask(
      pairs.map(
        ([a, b]) => `SELECT CASE WHEN a < b THEN -1 WHEN a > b THEN 1 ELSE 0 END FROM
        (VALUES (${numeric(a)}, ${numeric(b)})) t(a, b)`,
      ),
    );
    const wrong = pairs.filter(([a, b], index) => {
      const [left, right] = [String(call("num_key", a)), String(call("num_key", b))];
      return String(left < right ? -1 : left > right ? 1 : 0) !== expected[index];
    });
    expect(wrong, `seed ${seed}`).toEqual([]);
    expect(call("num_key", "1.0")).toBe(call("num_key", "1.000"));
  });
});

function numericFloat(value: number): string {
  return `${literal(String(value))}::float8`;
}
