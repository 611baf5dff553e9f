import { readdirSync, readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Differential, openDifferential } from "../../support/differential.ts";
import { sameResult } from "./same-result.ts";
import { VALUES_SCHEMA } from "./values-table.ts";

const FOLDER = new URL("../../differential/functions/", import.meta.url);
const ZONES = ["UTC", "America/New_York", "Asia/Kolkata"];

let differential: Differential;

beforeAll(async () => {
  differential = await openDifferential(VALUES_SCHEMA);
});
afterAll(() => differential?.close());

interface Statement {
  readonly sql: string;
  /** SQLSTATE that both must raise; undefined: both must give rows. */
  readonly sqlState: string | undefined;
}

/**
 * Statements end with a line's last semicolon; `-- 22012` behind it says that they fail, and how.
 */
function statements(file: string): readonly Statement[] {
  const text = readFileSync(new URL(file, FOLDER), "utf8").replace(/^--.*$/gm, "");
  return [...text.matchAll(/(\S[\s\S]*?);[ ]*(?:-- (\w{5}))?[ ]*$/gm)].map(([, sql, sqlState]) => ({
    sql: sql as string,
    sqlState,
  }));
}

const files = readdirSync(FOLDER).filter((name) => name.endsWith(".sql"));
const only = process.env["ONLY"];

describe.each(ZONES)("with the session in %s, functions answer as PostgreSQL", (zone) => {
  test.each(files.filter((file) => only === undefined || file.startsWith(only)))(
    "for every statement of %s",
    async (file) => {
      await differential.setTimeZone(zone);
      const wrong: object[] = [];
      const all = statements(file);
      expect(all.length).toBeGreaterThan(0);
      for (const { sql, sqlState } of all) {
        const difference = sameResult(await differential.compare(sql), sqlState);
        if (difference !== undefined) wrong.push({ sql, ...difference });
      }
      expect(wrong).toEqual([]);
    },
  );
});
