/** What a statement answers here and in PostgreSQL itself (PGlite), in a form that compares. */

import type { PGlite } from "@electric-sql/pglite";
import type pg from "pg";

export interface Answer {
  readonly rows?: unknown;
  readonly error?: Record<string, unknown>;
}

/** Types that the embedded PostgreSQL's driver makes something else of than their text. */
const PARSED = [16, 20, 21, 23, 26, 114, 700, 701, 1009, 1082, 1114, 1184, 1700, 3802];
const FIELDS = ["code", "message", "detail", "hint", "position", "constraint", "column"];

function errorOf(cause: unknown): Answer {
  if (!(cause instanceof Error) || !("code" in cause)) throw cause;
  const fields = cause as unknown as Record<string, unknown>;
  return { error: Object.fromEntries(FIELDS.map((name) => [name, fields[name] ?? undefined])) };
}

export async function ours(client: pg.Client, sql: string): Promise<Answer> {
  try {
    const result = await client.query({ text: sql, rowMode: "array" });
    const last = Array.isArray(result) ? result.at(-1) : result;
    return { rows: last?.rows };
  } catch (cause) {
    return errorOf(cause);
  }
}

export async function theirs(postgres: PGlite, sql: string): Promise<Answer> {
  const parsers = Object.fromEntries(PARSED.map((oid) => [oid, (text: string) => text]));
  try {
    const results = await postgres.exec(sql, { rowMode: "array", parsers });
    return { rows: results.at(-1)?.rows };
  } catch (cause) {
    return errorOf(cause);
  }
}
