import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Differential, openDifferential } from "../support/differential.ts";
import { readCases } from "../support/differential-file.ts";
import { explain, verdictOf } from "../support/differential-verdict.ts";
import { root } from "../support/root.ts";

const TABLES = `
  CREATE TABLE orders (
    id serial, a int4 DEFAULT 5, at timestamptz DEFAULT now(), n numeric(8,2) DEFAULT 1.005,
    txt varchar(5), c char(3), tags text[], j jsonb, doc json, free numeric, day date,
    local timestamp DEFAULT localtimestamp, clock time, span interval, key uuid, raw bytea,
    f8 float8, f4 float4, small int2, big int8, ok bool DEFAULT true
  );
  CREATE TABLE ident (id int8 GENERATED ALWAYS AS IDENTITY, v text);
  CREATE SEQUENCE extra;
  CREATE TABLE goods (sku int4 PRIMARY KEY, qty int4 DEFAULT 3, note text);
  CREATE VIEW shop AS SELECT sku, qty FROM goods WHERE qty > 0;
`;

let differential: Differential;

beforeAll(async () => {
  const schema = readFileSync(join(root, "test/differential/schema.sql"), "utf8");
  differential = await openDifferential(schema + TABLES);
});

afterAll(async () => {
  await differential.close();
});

describe("a change", () => {
  test.each(["UTC", "America/New_York"])("computes PostgreSQL's rows in %s", async (zone) => {
    await differential.setTimeZone(zone);
    const only = process.env["DIFFERENTIAL_ONLY"];
    const failures: string[] = [];
    for (const each of readCases(join(root, "test/compile/changes.sql"))) {
      if (only !== undefined && !each.sql.includes(only)) continue;
      const comparison = await differential.compareChange(each.sql, each.parameters);
      if (verdictOf(each, comparison) === "different") failures.push(explain(each, comparison));
    }
    expect(failures.join("\n\n")).toBe("");
  });
});
