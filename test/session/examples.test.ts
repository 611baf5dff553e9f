/** What stands in sql/examples runs, and answers as PostgreSQL does. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { PGlite } from "@electric-sql/pglite";
import { afterAll, beforeAll, expect, test } from "vitest";
import { splitStatements } from "../../src/compile/split.ts";
import { type LocalServer, startLocalServer } from "../support/local-server.ts";
import { root } from "../support/root.ts";

let server: LocalServer;
let postgres: PGlite;

beforeAll(async () => {
  server = await startLocalServer();
  postgres = await PGlite.create();
});
afterAll(async () => {
  await server?.stop();
  await postgres?.close();
});

test("the five questions over spans have PostgreSQL's answers", async () => {
  const text = readFileSync(join(root, "sql/examples/spans.sql"), "utf8");
  const statements = splitStatements(text).map((statement) => statement.text);
  expect(statements).toHaveLength(7);
  await postgres.query("SET TimeZone = 'UTC'");
  const answers: unknown[] = [];
  for (const statement of statements) {
    const ordinary = statement
      .replace("CREATE TSTABLE", "CREATE TABLE")
      .replace(/\) TIME COLUMN.*$/s, ")");
    const asText = { rowMode: "array", parsers: textParsers } as const;
    const expected = (await postgres.query(ordinary, [], asText)).rows;
    const found = await server.rows(statement);
    expect(found, statement).toEqual(expected);
    answers.push(found);
  }
  // What the seeds of this example should have said: five buckets, and 1,095 by numeric's rounding.
  expect(answers[4]).toEqual([
    ["2025-01-17 14:30:00+00", "245"],
    ["2025-01-17 14:35:00+00", "1523"],
    ["2025-01-17 14:40:00+00", "89"],
    ["2025-01-17 14:45:00+00", "3421"],
    ["2025-01-17 14:50:00+00", "2100"],
  ]);
  expect((answers[6] as string[][]).map((row) => row[2])).toEqual([
    "245",
    "884",
    "89",
    "3421",
    "1095",
  ]);
});

/** Every type that the examples answer, as the text that came. */
const textParsers = Object.fromEntries(
  [20, 23, 25, 1009, 1184, 1700].map((oid) => [oid, (text: string) => text]),
);
