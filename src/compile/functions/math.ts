/** Functions of float8, and the casts among integers and floats. */

import type { Chapter, Rule } from "../closed-table.ts";
import { refuse } from "../refusals.ts";
import { raise, result, same, template } from "./rules.ts";

/** DuckDB's function of the same name and meaning. */
const DIRECT = `sin cos atan sinh tanh asinh degrees radians`.split(" ");

function guarded(condition: string, sqlState: string, message: string, text: string): Rule {
  return template(`(CASE WHEN ${condition} THEN ${raise(sqlState, message)} ELSE ${text} END)`);
}

const OVERFLOW = raise("22003", "value out of range: overflow");
const UNDERFLOW = raise("22003", "value out of range: underflow");
const NEGATIVE_POWER = raise("2201F", "zero raised to a negative power is undefined");
const COMPLEX_POWER = raise(
  "2201F",
  "a negative number raised to a non-integer power yields a complex result",
);
/** Beyond these a double is infinite, or zero. */
const exponential = template(
  `(CASE WHEN $1 > 709.782712893384 AND isfinite($1) THEN ${OVERFLOW}` +
    ` WHEN $1 < -745.1332191019412 AND isfinite($1) THEN ${UNDERFLOW} ELSE exp($1) END)`,
);
const INPUT_RANGE = "input is out of range";

function logarithm(name: string): Rule {
  const zero = raise("2201E", "cannot take logarithm of zero");
  const negative = raise("2201E", "cannot take logarithm of a negative number");
  return template(
    `(CASE WHEN $1 = 0 THEN ${zero} WHEN $1 < 0 THEN ${negative} ELSE ${name}($1) END)`,
  );
}

const power = template(
  `(CASE WHEN $1 = 0 AND $2 < 0 THEN ${NEGATIVE_POWER}` +
    ` WHEN $1 < 0 AND isfinite($1) AND isfinite($2) AND $2 <> floor($2) THEN ${COMPLEX_POWER}` +
    ` WHEN isfinite($1) AND isfinite($2) AND NOT isfinite(pow($1, $2)) THEN ${OVERFLOW}` +
    ` WHEN isfinite($1) AND isfinite($2) AND $1 <> 0 AND pow($1, $2) = 0 THEN ${UNDERFLOW}` +
    ` ELSE pow($1, $2) END)`,
);

function integerOfFloat(type: string, low: string, high: string, name: string): Rule {
  const outside = raise("22003", `${name} out of range`);
  const isInside = `round_even($1, 0) >= ${low} AND round_even($1, 0) ${high}`;
  return template(
    `(CASE WHEN isnan($1) OR NOT (${isInside}) THEN ${outside}` +
      ` ELSE CAST(round_even($1, 0) AS ${type}) END)`,
  );
}

const TO_INT2 = integerOfFloat("SMALLINT", "-32768", "<= 32767", "smallint");
const TO_INT4 = integerOfFloat("INTEGER", "-2147483648", "<= 2147483647", "integer");
// 2^63 itself is not a bigint, and no float lies between it and the largest one.
const TO_INT8 = integerOfFloat("BIGINT", "-9223372036854775808", "< 9223372036854775808", "bigint");

const conversions: Record<string, Rule> = {
  ...same("int2(float8) int2(float4)", TO_INT2),
  ...same("int4(float8) int4(float4)", TO_INT4),
  ...same("int8(float8) int8(float4)", TO_INT8),
  ...same("int2(int4) int2(int8)", narrowed("SMALLINT", -32_768n, 32_767n, "smallint")),
  "int4(int8)": narrowed("INTEGER", -2_147_483_648n, 2_147_483_647n, "integer"),
  "int4(int2)": template("CAST($1 AS INTEGER)"),
  ...same("int8(int2) int8(int4) int8(oid)", template("CAST($1 AS BIGINT)")),
  ...same("float8(int2) float8(int4) float8(int8) float8(float4)", template("CAST($1 AS DOUBLE)")),
  ...same("float4(int2) float4(int4) float4(int8)", template("CAST($1 AS FLOAT)")),
  "float4(float8)": template(
    `(CASE WHEN isfinite($1) AND abs($1) > 3.4028235677973366e38 THEN ${raise("22003", "value out of range: overflow")}` +
      ` WHEN $1 <> 0 AND CAST($1 AS FLOAT) = 0 THEN ${raise("22003", "value out of range: underflow")}` +
      " ELSE CAST($1 AS FLOAT) END)",
  ),
  "int4(bool)": template("CAST($1 AS INTEGER)"),
  "bool(int4)": template("($1 <> 0)"),
  "oid(int8)": template("CAST($1 AS UINTEGER)"),
};

function narrowed(type: string, low: bigint, high: bigint, name: string): Rule {
  const outside = raise("22003", `${name} out of range`);
  return template(
    `(CASE WHEN $1 < ${low} OR $1 > ${high} THEN ${outside} ELSE CAST($1 AS ${type}) END)`,
  );
}

/** How many of the arguments pass the test. */
function counts(test: string): Rule {
  return (call) => {
    if (call.isVariadicArray) return refuse("num_nulls with VARIADIC");
    const tests = call.args.map((each) => `CAST(${each.text} ${test} AS INTEGER)`);
    return result(call, `(${tests.join(" + ")})`, { mayBeNull: false });
  };
}

export const math: Chapter = {
  functions: {
    ...Object.fromEntries(DIRECT.map((name) => [`${name}(float8)`, template(`${name}($1)`)])),
    ...conversions,
    ...same("ceil(float8) ceiling(float8)", template("ceil($1)")),
    "floor(float8)": template("floor($1)"),
    ...same("round(float8) dround(float8)", template("round_even($1, 0)")),
    ...same("trunc(float8) dtrunc(float8)", template("trunc($1)")),
    "sign(float8)": template("CAST(sign($1) AS DOUBLE)"),
    ...same(
      "sqrt(float8) dsqrt(float8)",
      guarded("$1 < 0", "2201F", "cannot take square root of a negative number", "sqrt($1)"),
    ),
    ...same("cbrt(float8) dcbrt(float8)", template("pg_cbrt($1)")),
    ...same("ln(float8) dlog1(float8)", logarithm("ln")),
    ...same("log(float8) log10(float8) dlog10(float8)", logarithm("log10")),
    ...same("exp(float8) dexp(float8)", exponential),
    ...same("power(float8,float8) pow(float8,float8) dpow(float8,float8)", power),
    "atan2(float8,float8)": template("atan2($1, $2)"),
    "asin(float8)": guarded(
      "$1 < -1 OR ($1 > 1 AND NOT isnan($1))",
      "22003",
      INPUT_RANGE,
      "asin($1)",
    ),
    "acos(float8)": guarded(
      "$1 < -1 OR ($1 > 1 AND NOT isnan($1))",
      "22003",
      INPUT_RANGE,
      "acos($1)",
    ),
    "tan(float8)": template("tan($1)"),
    "cosh(float8)": template("cosh($1)"),
    "pi()": template("pi()"),
    "random()": template("random()", { volatile: true }),
    "width_bucket(float8,float8,float8,int4)": template("pg_width_bucket($1, $2, $3, $4)"),
    "num_nulls(any)": counts("IS NULL"),
    "num_nonnulls(any)": counts("IS NOT NULL"),
    "isfinite(date)": template("isfinite($1)"),
    "isfinite(timestamp)": template("isfinite($1)"),
    "isfinite(timestamptz)": template("isfinite($1)"),
    "isfinite(interval)": template("(CASE WHEN $1 IS NOT NULL THEN TRUE END)"),
  },
};
