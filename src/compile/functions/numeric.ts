/** The numeric chapter: operators, rounding, conversions. */

import type { Chapter } from "../closed-table.ts";
import {
  addition,
  division,
  fitsTypmod,
  floatOfNumeric,
  integerOfNumeric,
  keepsSize,
  multiplication,
  numericOfInteger,
  textRule,
  toScale,
  toWhole,
} from "./numeric-rules.ts";
import { arg, same, template } from "./rules.ts";

export const numeric: Chapter = {
  functions: {
    "numeric_add(numeric,numeric)": addition("+", "num_add"),
    "numeric_sub(numeric,numeric)": addition("-", "num_sub"),
    "numeric_mul(numeric,numeric)": multiplication,
    "numeric_div(numeric,numeric)": division,
    ...same("numeric_mod(numeric,numeric) mod(numeric,numeric)", textRule("num_mod")),
    ...same("numeric_div_trunc(numeric,numeric) div(numeric,numeric)", textRule("num_div_trunc")),
    "numeric_uminus(numeric)": keepsSize((value) => `(-${value})`, "num_neg"),
    "numeric_uplus(numeric)": (call) => arg(call, 0),
    ...same(
      "numeric_abs(numeric) abs(numeric)",
      keepsSize((value) => `abs(${value})`, "num_abs"),
    ),
    "sign(numeric)": textRule("num_sign"),
    ...same("ceil(numeric) ceiling(numeric)", toWhole("ceil")),
    "floor(numeric)": toWhole("floor"),
    ...same("round(numeric) round(numeric,int4)", toScale("round")),
    ...same("trunc(numeric) trunc(numeric,int4)", toScale("trunc")),
    ...same("sqrt(numeric) numeric_sqrt(numeric)", textRule("num_sqrt")),
    ...same("exp(numeric) numeric_exp(numeric)", textRule("num_exp")),
    ...same("ln(numeric) numeric_ln(numeric)", textRule("num_ln")),
    ...same("log(numeric) log10(numeric)", template("num_log('10', $1)")),
    ...same("log(numeric,numeric) numeric_log(numeric,numeric)", textRule("num_log")),
    ...same(
      "power(numeric,numeric) pow(numeric,numeric) numeric_power(numeric,numeric)",
      textRule("num_power"),
    ),
    "gcd(numeric,numeric)": textRule("num_gcd"),
    "lcm(numeric,numeric)": textRule("num_lcm"),
    "scale(numeric)": template("num_scale($1)", { nullable: true }),
    "min_scale(numeric)": template("num_min_scale($1)", { nullable: true }),
    "trim_scale(numeric)": textRule("num_trim_scale"),
    "width_bucket(numeric,numeric,numeric,int4)": textRule("num_width_bucket"),
    "numeric(numeric,int4)": fitsTypmod,
    ...same("numeric(int2) numeric(int4) numeric(int8)", numericOfInteger),
    "numeric(float8)": template("num_from_f8($1)"),
    "numeric(float4)": template("num_from_f4($1)"),
    "int2(numeric)": integerOfNumeric(16),
    "int4(numeric)": integerOfNumeric(32),
    "int8(numeric)": integerOfNumeric(64),
    "float8(numeric)": floatOfNumeric("DOUBLE"),
    "float4(numeric)": floatOfNumeric("FLOAT"),
  },
};
