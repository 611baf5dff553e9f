/**
 * Arithmetic of integers and floats. DuckDB and PostgreSQL both raise when an integer overflows.
 */

import type { Call, Chapter, Rule } from "../closed-table.ts";
import { defaultShape, duckdbType } from "../duckdb-types.ts";
import type { Sql } from "../expression.ts";
import { arg, constantNumber, ofPresent, raise, result, same, template } from "./rules.ts";

/** Prefix of pg_proc's names and argument types: int24pl(int2,int4). */
const INTEGERS = [
  ["int2", "int2,int2"],
  ["int24", "int2,int4"],
  ["int28", "int2,int8"],
  ["int42", "int4,int2"],
  ["int4", "int4,int4"],
  ["int48", "int4,int8"],
  ["int82", "int8,int2"],
  ["int84", "int8,int4"],
  ["int8", "int8,int8"],
] as const;
const FLOATS = [
  ["float4", "float4,float4"],
  ["float48", "float4,float8"],
  ["float84", "float8,float4"],
  ["float8", "float8,float8"],
] as const;
const SAME_INTEGERS = ["int2", "int4", "int8"] as const;

function resultType(call: Call): string {
  return duckdbType(defaultShape(call.resultType));
}

/** Both operands in the wider type first: the narrower one would decide where DuckDB overflows. */
function infix(operator: string): Rule {
  return (call) => {
    const type = resultType(call);
    const [a, b] = [widened(arg(call, 0), type), widened(arg(call, 1), type)];
    return result(call, `(${a} ${operator} ${b})`);
  };
}

function widened(sql: Sql, type: string): string {
  return duckdbType(sql.shape) === type ? sql.text : `CAST(${sql.text} AS ${type})`;
}

/** The divisor, which raises 22012 when it is zero; NULL can be divided by it all the same. */
function nonZero(sql: Sql, text: string, dividend: Sql): string {
  const known = constantNumber(sql);
  if (known !== undefined && known !== 0) return text;
  const zero = raise("22012", "division by zero");
  return `(CASE WHEN ${ofPresent(`${text} = 0`, dividend)} THEN ${zero} ELSE ${text} END)`;
}

function divides(call: Call): Sql {
  const type = resultType(call);
  const divisor = arg(call, 1);
  const dividend = widened(arg(call, 0), type);
  const text = `${dividend} // ${nonZero(divisor, widened(divisor, type), arg(call, 0))}`;
  return result(call, `CAST(${text} AS ${type})`);
}

/** DuckDB raises for the smallest integer modulo -1; PostgreSQL says 0, as for modulo 1. */
function remainder(call: Call): Sql {
  const type = resultType(call);
  const divisor = arg(call, 1);
  const known = constantNumber(divisor);
  let text = divisor.text;
  if (known === undefined || known === 0 || known === -1) {
    const zero = raise("22012", "division by zero");
    const isZero = ofPresent(`${text} = 0`, arg(call, 0));
    text = `(CASE WHEN ${isZero} THEN ${zero} WHEN ${text} = -1 THEN 1 ELSE ${text} END)`;
  }
  return result(call, `CAST(${arg(call, 0).text} % ${text} AS ${type})`);
}

function dividesFloat(call: Call): Sql {
  const type = resultType(call);
  const divisor = arg(call, 1);
  const text = `${widened(arg(call, 0), type)} / ${nonZero(divisor, widened(divisor, type), arg(call, 0))}`;
  return result(call, `(${text})`);
}

/** DuckDB raises where bits fall off; PostgreSQL drops them and counts shifts modulo the width. */
function shiftLeft(type: "int2" | "int4" | "int8"): Rule {
  const bits = { int2: 16, int4: 32, int8: 64 }[type];
  return (call) => {
    const text = `pg_shift_left(CAST(${arg(call, 0).text} AS BIGINT), ${arg(call, 1).text}, ${bits})`;
    return result(call, `CAST(${text} AS ${resultType(call)})`);
  };
}

/** The sign fills from the left. */
function shiftRight(type: "int2" | "int4" | "int8"): Rule {
  return (call) => {
    const count = `(${arg(call, 1).text} & ${type === "int8" ? 63 : 31})`;
    return result(call, `CAST(${arg(call, 0).text} >> ${count} AS ${resultType(call)})`);
  };
}

function absolute(call: Call): Sql {
  return result(call, `CAST(abs(${arg(call, 0).text}) AS ${resultType(call)})`);
}

function negated(call: Call): Sql {
  const type = resultType(call);
  const { text } = arg(call, 0);
  // DuckDB names the type in a subtraction's overflow, not in a negation's; floats keep -0
  const isInteger = type !== "DOUBLE" && type !== "FLOAT";
  return result(call, isInteger ? `(CAST(0 AS ${type}) - ${text})` : `CAST(-${text} AS ${type})`);
}

function bitwise(operator: "&" | "|" | "xor"): Rule {
  return (call) => {
    const [a, b] = [arg(call, 0).text, arg(call, 1).text];
    return result(call, operator === "xor" ? `xor(${a}, ${b})` : `(${a} ${operator} ${b})`);
  };
}

function rows(): Record<string, Rule> {
  const functions: Record<string, Rule> = {};
  for (const [prefix, types] of [...INTEGERS, ...FLOATS]) {
    const isFloat = prefix.startsWith("float");
    functions[`${prefix}pl(${types})`] = infix("+");
    functions[`${prefix}mi(${types})`] = infix("-");
    functions[`${prefix}mul(${types})`] = infix("*");
    functions[`${prefix}div(${types})`] = isFloat ? dividesFloat : divides;
  }
  for (const type of SAME_INTEGERS) {
    Object.assign(functions, {
      [`${type}mod(${type},${type})`]: remainder,
      [`mod(${type},${type})`]: remainder,
      [`${type}and(${type},${type})`]: bitwise("&"),
      [`${type}or(${type},${type})`]: bitwise("|"),
      [`${type}xor(${type},${type})`]: bitwise("xor"),
      [`${type}not(${type})`]: template("(~$1)"),
      [`${type}shl(${type},int4)`]: shiftLeft(type),
      [`${type}shr(${type},int4)`]: shiftRight(type),
    });
    if (type === "int2") continue;
    const name = type === "int4" ? "INTEGER" : "BIGINT";
    functions[`gcd(${type},${type})`] = template(`CAST(gcd($1, $2) AS ${name})`);
    functions[`lcm(${type},${type})`] = template(`CAST(lcm($1, $2) AS ${name})`);
  }
  for (const type of [...SAME_INTEGERS, "float4", "float8"]) {
    functions[`${type}um(${type})`] = negated;
    functions[`${type}up(${type})`] = (call) => arg(call, 0);
    functions[`${type}abs(${type})`] = absolute;
    functions[`abs(${type})`] = absolute;
  }
  return functions;
}

export const arithmetic: Chapter = {
  functions: { ...rows(), ...same("int8inc(int8)", template("($1 + CAST(1 AS BIGINT))")) },
};
