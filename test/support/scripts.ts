/** Whole scripts on the embedded PostgreSQL and on our server: every answer, every error's fields. */

import type { PGlite } from "@electric-sql/pglite";
import pg from "pg";
import { serialize } from "pg-protocol";

export interface Outcome {
  readonly sql: string;
  readonly rows?: readonly (readonly (string | null)[])[];
  readonly tag?: string;
  readonly error?: Readonly<Record<string, string>>;
}

const FIELDS = ["code", "message", "detail", "schema", "table", "column", "constraint"] as const;

function errorFields(cause: unknown): Readonly<Record<string, string>> {
  const error = cause as Readonly<Record<string, string | undefined>>;
  return Object.fromEntries(
    FIELDS.flatMap((name) => {
      const value = error[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

/** Without ORDER BY the order of rows is nobody's promise. */
function normalized(
  rows: readonly (readonly (string | null)[])[],
  sql: string,
): readonly (readonly (string | null)[])[] {
  if (/ORDER BY/i.test(sql)) return rows;
  return [...rows].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}

const asText = { getTypeParser: () => (text: string) => text };

export async function runOnServer(
  client: pg.Client,
  statements: readonly string[],
): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const sql of statements) {
    try {
      const result = await client.query({ text: sql, rowMode: "array", types: asText });
      const { command, rowCount } = result;
      const tag = `${command} ${rowCount}`;
      outcomes.push({ sql, rows: normalized(result.rows, sql), tag });
    } catch (cause) {
      if (!(cause instanceof pg.DatabaseError)) throw cause;
      outcomes.push({ sql, error: errorFields(cause) });
    }
  }
  return outcomes;
}

export async function runOnPostgres(
  database: PGlite,
  statements: readonly string[],
): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const sql of statements) outcomes.push(await one(database, sql));
  return outcomes;
}

/** By Query messages: values come as texts, and tags as they are. */
async function one(database: PGlite, sql: string): Promise<Outcome> {
  try {
    const { messages } = await database.execProtocol(serialize.query(sql), { throwOnError: true });
    const rows: (string | null)[][] = [];
    let tag = "";
    for (const message of messages) {
      const { fields, text } = message as { readonly fields?: unknown; readonly text?: string };
      if (message.name === "dataRow") rows.push([...(fields as (string | null)[])]);
      else if (message.name === "commandComplete") tag = text ?? "";
    }
    const [command = "", ...numbers] = tag.split(" ");
    const count = /^\d+$/.test(numbers.at(-1) ?? "") ? numbers.at(-1) : "null";
    return { sql, rows: normalized(rows, sql), tag: `${command} ${count}` };
  } catch (cause) {
    return { sql, error: errorFields(cause) };
  }
}
