/** A SELECT that reads only catalogues, or nothing: answered by PostgreSQL itself. */

import type { ErrorFields } from "../../base/errors.ts";
import type { AnalyseRequest, CatalogFacts } from "../../postgres/analysis.ts";
import { compileContext } from "../compile-context.ts";
import type { Execution, Result } from "../execution.ts";
import { cursorFacts, statementFacts } from "../portal-facts.ts";
import { hasPrivilegesOf, requireRole, roleByOid } from "../roles/directory.ts";
import { rowsInMemory } from "../row-source.ts";
import type { Settings } from "../settings.ts";

/** `known`: notices that the client has been told. */
export async function catalogQuery(
  request: AnalyseRequest,
  factsNeeded: ReadonlySet<keyof CatalogFacts>,
  known: readonly ErrorFields[],
  execution: Execution,
): Promise<Result> {
  const { parameters, formats, services, settings, signal } = execution;
  const answer = await services.shadow.catalogQuery(
    {
      ...request,
      settings: settings.shadow,
      parameters: parameters.raw,
      parameterFormats: parameters.formats,
      resultFormats: formats,
      facts: catalogFacts(factsNeeded, execution),
    },
    signal,
  );
  return {
    kind: "rows",
    rows: rowsInMemory([answer]),
    tag: (rows) => `SELECT ${rows}`,
    notices: answer.notices.filter(
      ({ message }) => !known.some((notice) => notice.message === message),
    ),
  };
}

function maySeeActivity(roleOid: number, settings: Settings): boolean {
  const { roles } = settings;
  const role = requireRole(roles, settings.currentRoleOid);
  const owner = roleByOid(roles, roleOid)?.name ?? "";
  return hasPrivilegesOf(roles, role, "pg_read_all_stats") || hasPrivilegesOf(roles, role, owner);
}

/** What the session knows and the embedded PostgreSQL must be told. */
export function catalogFacts(
  needed: ReadonlySet<keyof CatalogFacts>,
  execution: Execution,
): CatalogFacts {
  const { sessions, tables } = execution.services;
  const { settings, portals, processId } = execution;
  const known = sessions.facts(processId, needed, settings.sessionUser, (oid) =>
    maySeeActivity(oid, settings),
  );
  const schema =
    settings.temporarySchema === undefined
      ? {}
      : { currentSchema: compileContext(settings, tables).currentSchema };
  const named = {
    ...(needed.has("cursors") && { cursors: cursorFacts(portals) }),
    ...(needed.has("statements") && { statements: statementFacts(portals) }),
  };
  if (!needed.has("sizes")) return { ...known, ...schema, ...named };
  const sizes = tables.all().map(({ info, table }) => [info.oid, table.snapshot.totals.bytes]);
  const database = tables.all().reduce((sum, { table }) => sum + table.snapshot.totals.bytes, 0);
  return { ...known, ...schema, ...named, sizes: { ...Object.fromEntries(sizes), database } };
}
