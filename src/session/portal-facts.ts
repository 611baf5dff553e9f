/** What pg_cursors and pg_prepared_statements show of a session; columns as in sql/shadow.sql. */

import type { Portals } from "./portals.ts";

export function cursorFacts(portals: Portals): readonly object[] {
  return portals.all().map(({ name, source, cursor, createdAtMs }) => ({
    name,
    statement: source,
    is_holdable: cursor?.isHoldable ?? false,
    is_binary: cursor?.isBinary ?? false,
    is_scrollable: cursor?.isScrollable ?? false,
    creation_time: new Date(createdAtMs).toISOString(),
  }));
}

/** Types by OID, which regtype reads. An execution counts for the plan PostgreSQL would take. */
export function statementFacts(portals: Portals): readonly object[] {
  return portals
    .namedStatements()
    .map(([name, { prepared, source, isFromSql, preparedAtMs, executions }]) => {
      const hasParameters = prepared.parameterOids.length > 0;
      return {
        name,
        statement: source,
        prepare_time: new Date(preparedAtMs).toISOString(),
        parameter_types: prepared.parameterOids.map(String),
        result_types: prepared.fields?.map(({ typeOid }) => String(typeOid)) ?? null,
        from_sql: isFromSql,
        generic_plans: hasParameters ? 0 : executions.count,
        custom_plans: hasParameters ? executions.count : 0,
      };
    });
}
