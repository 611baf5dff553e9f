/**
 * Temporary tables live in an ordinary schema of their session, which no other session's path
 * names: the embedded PostgreSQL is one backend, so its own temporary schema would be everybody's.
 */

import { log } from "../base/telemetry.ts";
import type { Token } from "../compile/tokens.ts";
import type { ShadowSettings } from "../postgres/analysis.ts";
import { SUPERUSER } from "./compile-context.ts";
import type { LockOwner } from "./locks.ts";
import { isTemporary, TEMPORARY_SCHEMA } from "./plain/physical.ts";
import type { Services } from "./services.ts";

export function temporarySchema(processId: number): string {
  return `${TEMPORARY_SCHEMA}${processId}`;
}

export function isTemporarySchema(schema: string): boolean {
  return schema.startsWith(TEMPORARY_SCHEMA);
}

const PERSISTENCE = ["local", "global", "temp", "temporary"];

/** Without TEMP and ON COMMIT: the embedded PostgreSQL makes an ordinary one. Same length. */
export function withoutTemporary({
  sql: text,
  tokens,
}: {
  readonly sql: string;
  readonly tokens: readonly Token[];
}): string {
  const blanks: Token[] = [];
  for (const token of tokens.slice(1, 3)) {
    if (token.kind === "word" && PERSISTENCE.includes(token.value)) blanks.push(token);
  }
  const on = tokens.findIndex(
    (token, at) => isWord(token, "on") && isWord(tokens[at + 1], "commit"),
  );
  if (on >= 0) {
    const isDrop = isWord(tokens[on + 2], "drop");
    blanks.push(...tokens.slice(on, on + (isDrop ? 3 : 4)));
  }
  let out = text;
  for (const { start, end } of blanks) {
    out = out.slice(0, start) + " ".repeat(end - start) + out.slice(end);
  }
  return out;
}

const AS_SERVER: ShadowSettings = { role: SUPERUSER, searchPath: "pg_catalog", settings: {} };

/** At the end of a session, and DISCARD TEMP: all of its temporary objects go. */
export async function dropTemporary(services: Services, processId: number): Promise<void> {
  const schema = temporarySchema(processId);
  const owner: LockOwner = { processId };
  const target = { key: "catalogue", title: "the catalogue" };
  const { signal } = new AbortController();
  await services.locks.acquire(owner, target, "exclusive", { signal, timeoutMs: 0 });
  try {
    const { definer, plain } = services;
    if (!definer.schemas().has(schema)) return;
    const gone = [...definer.relations().values()].filter((one) => one.schema === schema);
    await definer.dropTemporary(schema, AS_SERVER);
    const tables = gone.filter((one) => isTemporary(one) && one.relkind === "r");
    await plain.runAll(tables.map(({ oid }) => `DROP TABLE IF EXISTS memory.main.t_${oid}`));
    for (const { oid } of tables) plain.emptiedOnCommit.delete(oid);
  } catch (cause) {
    log("error", "temporary tables of a session are left", { schema, cause });
  } finally {
    services.locks.releaseAll(owner);
  }
}

function isWord(token: Token | undefined, value: string): boolean {
  return token?.kind === "word" && token.value === value;
}
