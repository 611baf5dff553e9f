/**
 * Statements that can only be compiled once the values of their parameters are known, as
 * `date_trunc($1, ts)`, the way PostgreSQL makes a custom plan. SQLAlchemy sends every literal as a
 * parameter.
 */

import { SqlError } from "../base/errors.ts";
import type { CompileContext } from "../compile/plan.ts";
import type { Analysis } from "../postgres/analysis.ts";
import { Oid } from "../types/oids.ts";
import type { SqlValue } from "../types/value.ts";
import type { Execution } from "./execution.ts";
import { analysedAlike } from "./privileges/analysed.ts";
import type { Settings } from "./settings.ts";
import type { Statement } from "./statement.ts";

/** A statement that PostgreSQL has analysed, compiled for certain values, or for any. */
export type CompileFor = (
  settings: Settings,
  parameterValue: NonNullable<CompileContext["parameterValue"]> | undefined,
) => Statement;

/** Some value of each type that can decide what a statement is compiled to. */
const SAMPLES: ReadonlyMap<number, SqlValue> = new Map<number, SqlValue>([
  [Oid.bool, true],
  [Oid.int2, 1],
  [Oid.int4, 1],
  [Oid.int8, 1n],
  [Oid.float8, 1],
  [Oid.numeric, "1"],
  [Oid.text, "x"],
  [Oid.varchar, "x"],
  [Oid.timestamp, 0n],
  [Oid.timestamptz, 0n],
  [Oid.interval, { kind: "interval", months: 0, days: 1, micros: 0n }],
]);

/**
 * The statement, or one that waits for its values. @throws SqlError 0A000 where they would not
 * help: with samples in their place it is refused in the same words.
 */
export function compiledOrLate(
  compile: CompileFor,
  { parameterOids }: Analysis,
  settings: Settings,
): Statement {
  try {
    return compile(settings, undefined);
  } catch (refusal) {
    if (!isRefused(refusal) || parameterOids.length === 0) throw refusal;
    try {
      compile(settings, (_, typeOid) => SAMPLES.get(typeOid));
    } catch (again) {
      if (isRefused(again) && again.message === refusal.message) throw refusal;
    }
    return { kind: "late", compile };
  }
}

/** The statement for the values that are bound. @throws SqlError 0A000, what is wrong with them */
export function compiledNow(statement: Statement, execution: Execution): Statement {
  if (statement.kind !== "late") return statement;
  const { parameters, settings } = execution;
  const compiled = statement.compile(settings, (number) => parameters.values[number - 1]);
  return analysedAlike(compiled, statement);
}

export function isRefused(cause: unknown): cause is SqlError {
  return cause instanceof SqlError && cause.fields.sqlState === "0A000";
}
