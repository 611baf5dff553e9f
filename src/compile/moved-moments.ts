/**
 * `now() - interval '1 hour'` and the like, as far as it is plain arithmetic: a bound that needs no
 * query of its own.
 */

import { MICROS_PER_DAY } from "../types/calendar.ts";
import { Oid } from "../types/oids.ts";
import type { Interval } from "../types/value.ts";
import type { Expression } from "./expression-nodes.ts";
import type { Scope } from "./generator.ts";
import type { MovedMoment } from "./plan.ts";
import { scalarOf } from "./scalars.ts";

/** By function: which argument is the moment, and the sign of the interval. */
const MOVES: ReadonlyMap<string, readonly [moment: 0 | 1, sign: 1n | -1n]> = new Map([
  ["timestamp_pl_interval(timestamp,interval)", [0, 1n]],
  ["timestamp_mi_interval(timestamp,interval)", [0, -1n]],
  ["interval_pl_timestamp(interval,timestamp)", [1, 1n]],
  ["timestamptz_pl_interval(timestamptz,interval)", [0, 1n]],
  ["timestamptz_mi_interval(timestamptz,interval)", [0, -1n]],
  ["interval_pl_timestamptz(interval,timestamptz)", [1, 1n]],
]);

/** undefined for what depends on a calendar or a zone, and for any other expression. */
export function movedMoment(node: Expression, scope: Scope): MovedMoment | undefined {
  if (node.tag !== "OPEXPR") return undefined;
  const { catalogue, calls } = scope.generator;
  const operator = catalogue.operatorByOid(node.opno);
  const move = operator && MOVES.get(catalogue.signature(operator.functionOid) ?? "");
  if (move === undefined) return undefined;
  const [at, sign] = move;
  const [moment, interval] = [node.args[at], node.args[1 - at]];
  if (moment === undefined || interval?.tag !== "CONST" || interval.constisnull) return undefined;
  const { months, days, micros } = scope.generator.expression(interval, scope).constant as Interval;
  if (months !== 0) return undefined;
  // Days have 23 or 25 hours where clocks are changed.
  if (days !== 0 && node.opresulttype === Oid.timestamptz && !calls.isUtc) return undefined;
  const base = scalarOf(scope.generator.expression(moment, scope));
  if (base.kind === "sql") return undefined;
  return { base, micros: sign * (BigInt(days) * BigInt(MICROS_PER_DAY) + micros) };
}
