/**
 * The words that the chapters are written in: rules made from a DuckDB text with `$1`, `$2` for
 * arguments.
 */

import { Oid } from "../../types/oids.ts";
import type { Shape } from "../../types/shape.ts";
import type { Call, CallContext, Rule } from "../closed-table.ts";
import { defaultShape } from "../duckdb-types.ts";
import { quoteLiteral, type Sql } from "../expression.ts";
import { toNumericText, toPlain } from "../representations.ts";
import { toLocal } from "../session-values.ts";

export const UTC: Shape = {
  typeOid: Oid.timestamptz,
  typmod: -1,
  representation: { kind: "utc" },
};

/**
 * The text of an argument in its type's usual form: TIMESTAMPTZ, exact numeric text, unpadded
 * char(n).
 */
export function argumentText(sql: Sql): string {
  if (sql.shape.typeOid === Oid.numeric) return toNumericText(sql).text;
  if (sql.shape.typeOid === Oid.bpchar) return `rtrim(${sql.text}, ' ')`;
  return toPlain(sql).text;
}

/** A value of the call's result type in its usual form; NULL when an argument is NULL. */
export function result(call: Call, text: string, more: Partial<Sql> = {}): Sql {
  return {
    text,
    shape: defaultShape(call.resultType, call.typmod),
    isConstant: call.args.every((arg) => arg.isConstant),
    mayBeNull: call.args.some((arg) => arg.mayBeNull),
    ...more,
  };
}

/** `nullable`: NULL is possible without a NULL argument. `volatile`: another value in every row. */
export interface TemplateOptions {
  readonly nullable?: true;
  readonly volatile?: true;
}

/**
 * A rule that puts the arguments into `text`, which must bind tighter than any operator (a call, a
 * CAST, or parentheses around it).
 */
export function template(text: string, options: TemplateOptions = {}): Rule {
  const pieces = text.split(/\$(\d)/);
  return (call) => {
    const args = call.args.map(argumentText);
    const filled = pieces.map((piece, index) =>
      index % 2 === 0 ? piece : (args[Number(piece) - 1] as string),
    );
    return result(call, filled.join(""), {
      ...(options.nullable === true ? { mayBeNull: true } : {}),
      ...(options.volatile === true ? { isConstant: false } : {}),
    });
  };
}

/** Rows for several signatures that are one rule. */
export function same(signatures: string, rule: Rule): Record<string, Rule> {
  return Object.fromEntries(
    signatures
      .split(/\s+/)
      .filter(Boolean)
      .map((each) => [each, rule]),
  );
}

/** The argument at `index`; the analysis guarantees that it is there. */
export function arg(call: Call, index: number): Sql {
  const found = call.args[index];
  if (found === undefined) throw new Error(`${call.signature} lacks argument ${index + 1}`);
  return found;
}

/** A constant text argument, known at compile time; undefined for parameters and columns. */
export function constantText(sql: Sql | undefined): string | undefined {
  return typeof sql?.constant === "string" ? sql.constant : undefined;
}

/** `$n` is a literal number here, not NULL. */
export function constantNumber(sql: Sql | undefined): number | undefined {
  if (typeof sql?.constant === "number") return sql.constant;
  return typeof sql?.constant === "bigint" ? Number(sql.constant) : undefined;
}

/**
 * `condition`, of arguments that are there: with a NULL among them a strict function is not called.
 */
export function ofPresent(condition: string, ...sqls: readonly (Sql | undefined)[]): string {
  const tests = sqls.flatMap((sql) => (sql?.mayBeNull === true ? [`${sql.text} IS NOT NULL`] : []));
  return [condition, ...tests].join(" AND ");
}

/** An expression that ends the statement with an error when it is evaluated. */
export function raise(sqlState: string, message: string): string {
  return `error(${quoteLiteral(`PG:${sqlState}:${message}`)})`;
}

/**
 * A TIMESTAMP: timestamptz as local time of the session, date as its midnight, timestamp as it is.
 */
export function localTimestamp(sql: Sql, context: CallContext): string {
  if (sql.shape.typeOid === Oid.timestamptz) return toLocal(sql, context);
  return sql.shape.typeOid === Oid.date ? `CAST(${sql.text} AS TIMESTAMP)` : sql.text;
}
