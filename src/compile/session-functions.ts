/** Functions whose answer is the session's, not the rows': a chapter of the closed table. */

import { SqlError } from "../base/errors.ts";
import { Oid, typeNameOf } from "../types/oids.ts";
import type { Call, Chapter } from "./closed-table.ts";
import { defaultShape } from "./duckdb-types.ts";
import type { Sql } from "./expression.ts";
import { literal } from "./literals.ts";
import { refuse } from "./refusals.ts";
import { transactionTime } from "./session-values.ts";

const now = ({ context }: Call) => transactionTime(context);

export const sessionFunctions: Chapter = {
  functions: {
    "now()": now,
    "transaction_timestamp()": now,
    "statement_timestamp()": ({ context }) =>
      context.parameter({ kind: "statement-time" }, defaultShape(Oid.timestamptz)),
    "clock_timestamp()": clockTimestamp,
    "current_database()": ({ context }) => literal(context.session.currentDatabase, Oid.name),
    "current_schema()": ({ context }) => literal(context.session.currentSchema, Oid.name),
    "current_user()": ({ context }) => literal(context.session.currentUser, Oid.name),
    "session_user()": ({ context }) => literal(context.session.sessionUser, Oid.name),
    "current_setting(text)": currentSetting,
    "pg_typeof(any)": typeOf,
  },
};

/** The moment of each row: DuckDB's own clock. */
function clockTimestamp(): Sql {
  return {
    text: "get_current_timestamp()",
    shape: defaultShape(Oid.timestamptz),
    isConstant: false,
    mayBeNull: false,
  };
}

function currentSetting({ args, context }: Call): Sql {
  const name = args[0]?.constant;
  if (typeof name !== "string") return refuse("current_setting of a name that depends on rows");
  const value = context.session.setting(name);
  if (value !== undefined) return literal(value, Oid.text);
  throw new SqlError("42704", `unrecognized configuration parameter "${name}"`);
}

/** Only built-in types: the OID is what the client prints as a name. */
function typeOf({ args }: Call): Sql {
  const typeOid = args[0]?.shape.typeOid ?? Oid.unknown;
  if (typeOid >= 16_384) return refuse(`pg_typeof of type ${typeNameOf(typeOid)}`);
  return literal(typeOid, Oid.regtype);
}
