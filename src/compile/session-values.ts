/**
 * CURRENT_TIMESTAMP and its relatives, CURRENT_USER and its: what the session knows, not the rows.
 */

import { Oid } from "../types/oids.ts";
import type { CallContext } from "./closed-table.ts";
import { defaultShape } from "./duckdb-types.ts";
import { quoteLiteral, type Sql } from "./expression.ts";
import type { SqlValueFunction } from "./expression-nodes.ts";
import { literal } from "./literals.ts";
import { refuse } from "./refusals.ts";
import { toPlain, toUtc } from "./representations.ts";

export function sessionValue(node: SqlValueFunction, context: CallContext): Sql {
  const { session } = context;
  switch (node.op) {
    case 0:
      return currentDate(context);
    case 3:
      return transactionTime(context);
    case 4:
      return withPrecision(transactionTime(context), node.typmod);
    case 5:
    case 6:
      return withPrecision(localTime(context), node.op === 6 ? node.typmod : -1);
    case 7:
    case 8:
      return withPrecision(localTimestamp(context), node.op === 8 ? node.typmod : -1);
    case 9:
    case 10:
    case 11:
      return literal(session.currentUser, Oid.name);
    case 12:
      return literal(session.sessionUser, Oid.name);
    case 13:
      return literal(session.currentDatabase, Oid.name);
    case 14:
      return literal(session.currentSchema, Oid.name);
    default:
      return refuse("CURRENT_TIME");
  }
}

export function transactionTime(context: CallContext): Sql {
  return context.parameter({ kind: "transaction-time" }, defaultShape(Oid.timestamptz));
}

/** timestamptz as local time of the session's zone, a TIMESTAMP. */
export function toLocal(sql: Sql, context: CallContext): string {
  if (context.isUtc) return toUtc(sql).text;
  const { timeZone } = context;
  if (typeof timeZone === "number") return `(${toUtc(sql).text} + to_seconds(${timeZone}))`;
  return `timezone(${quoteLiteral(timeZone)}, ${toPlain(sql).text})`;
}

function currentDate(context: CallContext): Sql {
  const text = `CAST(${toLocal(transactionTime(context), context)} AS DATE)`;
  return { text, shape: defaultShape(Oid.date), isConstant: true, mayBeNull: false };
}

function localTimestamp(context: CallContext): Sql {
  const text = toLocal(transactionTime(context), context);
  return { text, shape: defaultShape(Oid.timestamp), isConstant: true, mayBeNull: false };
}

function localTime(context: CallContext): Sql {
  const text = `CAST(${toLocal(transactionTime(context), context)} AS TIME)`;
  return { text, shape: defaultShape(Oid.time), isConstant: true, mayBeNull: false };
}

function withPrecision(sql: Sql, typmod: number): Sql {
  return typmod < 0 || typmod >= 6 ? sql : refuse("a time of the session with a precision");
}
