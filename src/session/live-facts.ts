/** What the session and the server know and the embedded PostgreSQL must be told for one query. */

import type { CatalogFacts } from "../postgres/analysis.ts";
import type { LiveFact } from "../postgres/live-facts.ts";
import { compileContext } from "./compile-context.ts";
import type { Execution } from "./execution.ts";
import { lockRows } from "./lock-rows.ts";
import { cursorFacts, statementFacts } from "./portal-facts.ts";
import { relationCounts } from "./relation-counts.ts";
import { hasPrivilegesOf, requireRole, roleByOid } from "./roles/directory.ts";
import { settingFacts } from "./setting-facts.ts";
import type { Settings } from "./settings.ts";

const WHO: ReadonlySet<string> = new Set<keyof CatalogFacts>([
  "processId",
  "sessionUser",
  "startTime",
]);

export async function catalogFacts(
  needed: ReadonlySet<keyof CatalogFacts>,
  execution: Execution,
): Promise<CatalogFacts> {
  const { settings, processId, services } = execution;
  const { sessions, tables } = services;
  const isNamed = settings.temporarySchema !== undefined;
  const known: CatalogFacts = {
    processId,
    startTime: sessions.startTime,
    sessionUser: settings.sessionUser,
    ...(isNamed && { currentSchema: compileContext(settings, tables).currentSchema }),
  };
  const live = [...needed].filter((name): name is LiveFact => !WHO.has(name));
  if (live.length === 0) return known;
  const counts =
    needed.has("rows") || needed.has("sizes") ? await relationCounts(services) : undefined;
  const facts = live.flatMap((name) => {
    const fact = FACTS[name]?.(execution) ?? counts?.[name as "rows" | "sizes"];
    return fact === undefined ? [] : [[name, fact] as const];
  });
  return { ...known, ...Object.fromEntries(facts) };
}

const FACTS: Readonly<Partial<Record<LiveFact, (execution: Execution) => object>>> = {
  blockers: ({ services }) => Object.fromEntries(services.locks.blockers()),
  connection: connectionFact,
  copies: ({ services, settings }) =>
    services.sessions.copyProgress((oid) => maySeeActivity(oid, settings)),
  cursors: ({ portals }) => cursorFacts(portals),
  locks: ({ services: { locks, sessions } }) => lockRows(locks.all(), sessions.transactionLocks()),
  rules: ({ services }) => services.server.rules(),
  sequences: sequenceFact,
  sessions: ({ services, settings }) =>
    services.sessions.activities((oid) => maySeeActivity(oid, settings)),
  settings: settingFacts,
  snapshot: ({ services: { sessions }, transaction }) => ({
    xid: sessions.transactionIds.known(transaction),
    text: sessions.transactionIds.snapshot(transaction),
  }),
  statements: ({ portals }) => statementFacts(portals),
  transaction: ({ services: { sessions }, transaction }) => ({
    xid: sessions.transactionIds.of(transaction),
  }),
};

function maySeeActivity(roleOid: number, settings: Settings): boolean {
  const { roles } = settings;
  const role = requireRole(roles, settings.currentRoleOid);
  const owner = roleByOid(roles, roleOid)?.name ?? "";
  return hasPrivilegesOf(roles, role, "pg_read_all_stats") || hasPrivilegesOf(roles, role, owner);
}

function connectionFact({ services, settings, processId }: Execution): object {
  const { sessions, server } = services;
  const connection = sessions.connection(processId);
  return {
    backends: sessions.count,
    client_addr: connection?.client.address,
    client_port: connection?.client.port,
    server_addr: connection?.server.address,
    server_port: connection?.server.port,
    conf_load_time: server.configuredAt,
    temp_schema: settings.temporarySchema,
  };
}

/** Of those that have given a value. */
function sequenceFact({ services }: Execution): object {
  const { plain, shadow } = services;
  const sequences = [...shadow.relations().values()].filter(({ sequence }) => sequence !== null);
  return Object.fromEntries(
    sequences.flatMap((relation) => {
      const { last, isCalled } = plain.sequences.position(relation);
      return isCalled ? [[relation.oid, String(last)]] : [];
    }),
  );
}
