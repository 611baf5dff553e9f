/**
 * numeric in its representations: native DECIMAL as long as digits and scales are known and fit,
 * exact text through our own functions otherwise. Never through a float.
 */

import { Oid } from "../../types/oids.ts";
import type { Representation } from "../../types/shape.ts";
import type { Call, Rule } from "../closed-table.ts";
import { DECIMAL_DIGITS, declaredNumeric } from "../duckdb-types.ts";
import type { Sql } from "../expression.ts";
import { refuse } from "../refusals.ts";
import { toNumericText } from "../representations.ts";
import { flooredQuotient, withQuotient, withUnits } from "./numeric-units.ts";
import { arg, constantNumber, result } from "./rules.ts";

type Decimal = Extract<Representation, { kind: "decimal" | "decimal-scaled" }>;

export function decimalOf(sql: Sql): Decimal | undefined {
  const { representation } = sql.shape;
  const isDecimal = representation.kind === "decimal" || representation.kind === "decimal-scaled";
  return isDecimal ? representation : undefined;
}

/** A numeric result as DECIMAL(precision, scale); `displayScale` where rows differ in it. */
export function decimalResult(
  call: Call,
  text: string,
  size: { readonly precision: number; readonly scale: number },
  displayScale?: string,
): Sql {
  const { precision, scale } = size;
  const representation: Representation =
    displayScale === undefined
      ? { kind: "decimal", precision, scale }
      : { kind: "decimal-scaled", precision, scale, scaleColumn: -1 };
  const shape = { typeOid: Oid.numeric, typmod: call.typmod, representation };
  return result(call, text, {
    shape,
    ...(displayScale === undefined ? {} : { scale: displayScale }),
  });
}

/** The display scale of one operand as an INTEGER expression. */
function displayScale(sql: Sql, size: Decimal): string {
  return sql.scale ?? String(size.scale);
}

function isScaled(...operands: readonly Sql[]): boolean {
  return operands.some((operand) => operand.shape.representation.kind === "decimal-scaled");
}

/** `+` and `-`: one digit more than the wider operand; the larger display scale. */
export function addition(operator: "+" | "-", fallback: string): Rule {
  return (call) => {
    const [a, b] = [arg(call, 0), arg(call, 1)];
    const [left, right] = [decimalOf(a), decimalOf(b)];
    if (left !== undefined && right !== undefined) {
      const scale = Math.max(left.scale, right.scale);
      const whole = Math.max(left.precision - left.scale, right.precision - right.scale);
      const precision = whole + scale + 1;
      if (precision <= DECIMAL_DIGITS) {
        const type = `DECIMAL(${precision},${scale})`;
        const text = `CAST(${a.text} ${operator} ${b.text} AS ${type})`;
        const shown = isScaled(a, b)
          ? `greatest(${displayScale(a, left)}, ${displayScale(b, right)})`
          : undefined;
        return decimalResult(call, text, { precision, scale }, shown);
      }
    }
    return throughText(call, fallback);
  };
}

export function multiplication(call: Call): Sql {
  const [a, b] = [arg(call, 0), arg(call, 1)];
  const [left, right] = [decimalOf(a), decimalOf(b)];
  if (left !== undefined && right !== undefined) {
    const scale = left.scale + right.scale;
    const precision = left.precision + right.precision;
    if (precision <= DECIMAL_DIGITS) {
      const shown = isScaled(a, b)
        ? `(${displayScale(a, left)} + ${displayScale(b, right)})`
        : undefined;
      return decimalResult(call, product(a, b, left, right), { precision, scale }, shown);
    }
  }
  return throughText(call, "num_mul");
}

/**
 * DuckDB multiplies two DECIMALs of up to 18 digits in 64 bits: one is widened where that
 * overflows.
 */
export function product(a: Sql, b: Sql, left: Decimal, right: Decimal): string {
  const scale = left.scale + right.scale;
  const precision = left.precision + right.precision;
  const isWide = precision > 18 && Math.max(left.precision, right.precision) <= 18;
  const wide = isWide ? `CAST(${a.text} AS DECIMAL(19,${left.scale}))` : a.text;
  return `CAST(${wide} * ${b.text} AS DECIMAL(${precision},${scale}))`;
}

/** `name` of the exact texts of all arguments that are numeric, other arguments as they are. */
function throughText(call: Call, name: string): Sql {
  const args = call.args.map((each) => toNumericText(each).text);
  return result(call, `${name}(${args.join(", ")})`);
}

export function textRule(name: string): Rule {
  return (call) => throughText(call, name);
}

/** A native function that keeps digits and scale: abs, unary minus. */
export function keepsSize(text: (value: string) => string, fallback: string): Rule {
  return (call) => {
    const value = arg(call, 0);
    if (decimalOf(value) === undefined) return throughText(call, fallback);
    return result(call, text(value.text), {
      shape: value.shape,
      ...(value.scale === undefined ? {} : { scale: value.scale }),
    });
  };
}

/** ceil and floor: no decimals, one digit more for the carry. */
export function toWhole(name: "ceil" | "floor"): Rule {
  return (call) => {
    const value = arg(call, 0);
    const size = decimalOf(value);
    const floored = name === "floor" ? flooredQuotient(value) : undefined;
    if (floored !== undefined) {
      const precision = Math.min(floored.digits, 19);
      const cast = `CAST(${floored.text} AS DECIMAL(${precision},0))`;
      return decimalResult(call, cast, { precision, scale: 0 });
    }
    if (size === undefined) return throughText(call, `num_${name}`);
    const precision = Math.min(size.precision - size.scale + 1, DECIMAL_DIGITS);
    const text = `CAST(${name}(${value.text}) AS DECIMAL(${precision},0))`;
    return decimalResult(call, text, { precision, scale: 0 });
  };
}

/** round and trunc to a scale; natively when the scale is a literal that DECIMAL can hold. */
export function toScale(name: "round" | "trunc"): Rule {
  return (call) => {
    const value = arg(call, 0);
    const scale = call.args.length === 1 ? 0 : constantNumber(arg(call, 1));
    const size = decimalOf(value);
    if (size !== undefined && scale !== undefined && scale >= 0) {
      const precision = Math.max(size.precision - size.scale, 1) + scale + 1;
      if (precision <= DECIMAL_DIGITS) {
        const type = `DECIMAL(${precision},${scale})`;
        const digits = Math.min(scale, size.scale);
        const isExact = scale >= size.scale;
        const text = isExact ? value.text : rounded(name, value.text, size, digits);
        return decimalResult(call, `CAST(${text} AS ${type})`, { precision, scale });
      }
    }
    const exact = toNumericText(value).text;
    const digits = call.args.length === 1 ? "0" : arg(call, 1).text;
    return result(call, `num_${name}(${exact}, ${digits})`);
  };
}

function rounded(name: "round" | "trunc", text: string, size: Decimal, digits: number): string {
  if (name === "round") return `round(${text}, ${digits})`;
  // trunc(DECIMAL, n) does not exist: take the remainder of the last digits away
  const unit = `CAST('${digits === 0 ? "1" : `0.${"0".repeat(digits - 1)}1`}' AS DECIMAL(${digits + 1},${digits}))`;
  return size.precision + digits < DECIMAL_DIGITS
    ? `(${text} - ${text} % ${unit})`
    : `CAST(num_trunc(CAST(${text} AS VARCHAR), ${digits}) AS DECIMAL(38,${digits}))`;
}

/** numeric(p,s): rounds half away from zero; checks digits only where they may not fit. */
export function fitsTypmod(call: Call): Sql {
  const value = arg(call, 0);
  const typmod = constantNumber(arg(call, 1)) ?? refuse("a cast to a variable precision");
  const declared = declaredNumeric(typmod);
  if (declared === undefined) return value;
  const { precision, scale } = declared;
  const whole = precision - scale;
  const size = decimalOf(value);
  const isNative = scale >= 0 && whole >= 0 && precision <= DECIMAL_DIGITS;
  const shownPrecision = Math.max(precision, scale + 1);
  const shape = { precision: Math.min(shownPrecision, DECIMAL_DIGITS), scale };
  const type = `DECIMAL(${shape.precision},${scale})`;
  const fits =
    size !== undefined && size.precision - size.scale < whole + (scale >= size.scale ? 1 : 0);
  if (isNative && fits) return decimalResult(call, `CAST(${value.text} AS ${type})`, shape);
  const checked = `num_typmod(${toNumericText(value).text}, ${precision}, ${scale})`;
  // NaN passes numeric(p,s) and has no DECIMAL: only a DECIMAL becomes one again.
  if (isNative && size !== undefined)
    return decimalResult(call, `CAST(${checked} AS ${type})`, shape);
  return result(call, checked);
}

const DIGITS_OF_INTEGER: Readonly<Record<number, number>> = {
  [Oid.int2]: 5,
  [Oid.int4]: 10,
  [Oid.int8]: 19,
};

export function numericOfInteger(call: Call): Sql {
  const value = arg(call, 0);
  const known = constantNumber(value);
  const widest = DIGITS_OF_INTEGER[value.shape.typeOid] as number;
  const isExact = known !== undefined && Number.isSafeInteger(known);
  const precision = isExact ? String(Math.abs(known)).length : widest;
  const cast = `CAST(${value.text} AS DECIMAL(${precision},0))`;
  const units = { text: `CAST(${value.text} AS BIGINT)`, scale: 0, digits: precision };
  return withUnits(
    decimalResult(call, cast, { precision, scale: 0 }),
    isExact ? { ...units, known: BigInt(known) } : units,
  );
}

export function division(call: Call): Sql {
  return withQuotient(throughText(call, "num_div"), arg(call, 0), arg(call, 1));
}

/** Half away from zero; range errors in PostgreSQL's words. */
export function integerOfNumeric(bits: 16 | 32 | 64): Rule {
  const type = { 16: "SMALLINT", 32: "INTEGER", 64: "BIGINT" }[bits];
  return (call) => {
    const value = arg(call, 0);
    const size = decimalOf(value);
    const digits = { 16: 4, 32: 9, 64: 18 }[bits];
    if (size !== undefined && size.precision - size.scale + (size.scale > 0 ? 1 : 0) <= digits) {
      return result(call, `CAST(${value.text} AS ${type})`);
    }
    return result(call, `CAST(num_to_int(${toNumericText(value).text}, ${bits}) AS ${type})`);
  };
}

/** float8 of a DECIMAL: exact below 15 digits, else by its text, correctly rounded. */
export function floatOfNumeric(type: "DOUBLE" | "FLOAT"): Rule {
  return (call) => {
    const value = arg(call, 0);
    const size = decimalOf(value);
    if (type === "DOUBLE" && size !== undefined && size.precision <= 15) {
      return result(call, `CAST(${value.text} AS DOUBLE)`);
    }
    // DuckDB reads a text to the nearest double
    if (type === "DOUBLE" && size !== undefined) {
      return result(call, `CAST(${toNumericText(value).text} AS DOUBLE)`);
    }
    const name = type === "DOUBLE" ? "num_to_f8" : "num_to_f4";
    return result(call, `${name}(${toNumericText(value).text})`);
  };
}
