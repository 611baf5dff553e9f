/**
 * Numerics that are known as integers: an epoch in microseconds, an integer's cast, a literal.
 * Their quotients can be floored in 64 bits, which is what dashboards do to every row:
 * `floor(extract(epoch FROM ts) / 300) * 300`.
 */

import type { Sql } from "../expression.ts";

/** The value is `text` (a BIGINT expression) x 10^-`scale`. */
export interface Units {
  readonly text: string;
  readonly scale: number;
  /** Decimal digits that `text` may have. */
  readonly digits: number;
  /** The value of `text`, where it is a literal. */
  readonly known?: bigint;
}

interface Quotient {
  readonly dividend: Units;
  readonly divisor: Units & { readonly known: bigint };
}

/** By identity: a copy with another text must not be taken for the original. */
const units = new WeakMap<Sql, Units>();
const quotients = new WeakMap<Sql, Quotient>();

export function withUnits(sql: Sql, known: Units): Sql {
  units.set(sql, known);
  return sql;
}

function unitsOf(sql: Sql): Units | undefined {
  const found = units.get(sql);
  if (found !== undefined || sql.shape.representation.kind !== "decimal") return found;
  const literal =
    typeof sql.constant === "string" ? /^(-?\d+)(?:\.(\d*?)0*)?$/.exec(sql.constant) : null;
  if (literal === null) return undefined;
  const decimals = literal[2] ?? "";
  const known = BigInt(`${literal[1]}${decimals}`);
  const digits = String(known).replace("-", "").length;
  return { text: String(known), scale: decimals.length, digits, known };
}

/** Remembers that `sql` is `a / b`, if b is a positive literal and all of it fits 64 bits. */
export function withQuotient(sql: Sql, a: Sql, b: Sql): Sql {
  const [dividend, divisor] = [unitsOf(a), unitsOf(b)];
  const known = divisor?.known;
  if (dividend === undefined || divisor === undefined || known === undefined || known <= 0n)
    return sql;
  const fits =
    divisor.digits + dividend.scale <= 15 &&
    (divisor.scale === 0 || dividend.digits + divisor.scale <= 18);
  if (fits) quotients.set(sql, { dividend, divisor: { ...divisor, known } });
  return sql;
}

/**
 * The floor of a quotient as a BIGINT expression with at most `digits` digits. PostgreSQL floors a
 * quotient rounded to 16 decimals or more, which is the same: with a divisor below 10^15 the
 * quotient is an integer or further from the next one than that.
 */
export function flooredQuotient(
  sql: Sql,
): { readonly text: string; readonly digits: number } | undefined {
  const quotient = quotients.get(sql);
  if (quotient === undefined) return undefined;
  const { dividend, divisor } = quotient;
  const factor = 10n ** BigInt(divisor.scale);
  const numerator = factor === 1n ? dividend.text : `(${dividend.text} * ${factor})`;
  const denominator = divisor.known * 10n ** BigInt(dividend.scale);
  const text = `(${numerator} // ${denominator} - CAST(${numerator} % ${denominator} < 0 AS BIGINT))`;
  const lost = String(denominator).length - 1;
  return { text, digits: Math.max(dividend.digits + divisor.scale - lost, 1) + 1 };
}
