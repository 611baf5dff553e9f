/** psql's backslash commands: catalogue queries of some length, none of which may fail. */

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { psql, runPsql } from "../support/programs.ts";
import { type Target, targets } from "./targets.ts";

describe.skipIf(psql === undefined).each(targets)("psql and %s", (_name, open) => {
  let target: Target;

  beforeAll(async () => {
    target = await open();
  });
  afterAll(() => target?.close());

  test.each([
    ["\\d", /public \| nvda +\| table \| postgres/],
    ["\\d nvda", /^ ts +\| timestamp with time zone \| +\| not null \|/m],
    ["\\d+ nvda", /^ close +\| double precision/m],
    ["\\dt+", /public \| nvda +\| table/],
    ["\\dt *.*", /pg_catalog +\| pg_class/],
    ["\\dn", /public/],
    ["\\dn+", /public/],
    ["\\df", /List of functions/],
    ["\\df pg_catalog.date_trunc", /timestamp with time zone/],
    ["\\l", /postgres/],
    ["\\du", /postgres/],
    ["\\di", /Did not find any relations|List of relations/],
    ["\\dv", /Did not find any relations|List of relations/],
    ["\\dp", /nvda/],
    ["\\dT", /List of data types/],
    ["\\dT+ pg_catalog.bool", /boolean/],
    // What PostgreSQL 15 shows otherwise than 18, or what is ours; the others: psql-every.test.ts.
    ["\\dA+", /heap_tableam_handler/],
    ["\\dAp btree integer_ops", /btint8cmp/],
    ["\\db+", /pg_default/],
    ["\\dconfig *", /search_path/],
    ["\\dC", /List of casts/],
    ["\\dF+", /english/],
    ["\\dFd", /english_stem/],
    ["\\di+", /Did not find any relations|List of relations/],
    ["\\ds+", /Did not find any relations|List of relations/],
    ["\\dnS+", /information_schema/],
    ["\\duS", /pg_monitor/],
    ["\\dx+", /plpgsql/],
    ["\\l+", /template0/],
    ["\\z", /Access privileges/],
    ["SELECT 1/0;\n\\errverbose", /22012: division by zero/],
    ["EXPLAIN SELECT 1;", /QUERY PLAN/],
    ["\\x\nSELECT 1 AS one", /-\[ RECORD 1 \]-*\s*one \| 1/],
    ["\\conninfo", /connected to database "postgres" as user "postgres"/],
    ["\\encoding", /UTF8/],
    ["SELECT 1 AS a \\gdesc", /a +\| integer/],
    ["SELECT 1 AS a, 2 AS b \\gx", /a \| 1/],
  ])("%s runs without an error", async (command, expected) => {
    const finished = await runPsql(target.port, `${command}\n;\n`);
    const expectedErrors = /Did not find any relations.|ERROR: {2}22012: division by zero/g;
    expect(finished.stderr.replace(expectedErrors, "")).not.toMatch(/ERROR|FATAL|error:/);
    expect(`${finished.stdout}${finished.stderr}`).toMatch(expected);
    expect(finished.status).toBe(0);
  });
});
