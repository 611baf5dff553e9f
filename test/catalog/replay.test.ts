/** Proof (d): definitions replayed from the journal after a restart give the same OIDs. */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { SqlError } from "../../src/base/errors.ts";
import { CatalogJournal } from "../../src/catalog/journal.ts";
import type { ShadowSettings } from "../../src/postgres/analysis.ts";
import { Shadow } from "../../src/postgres/shadow.ts";
import type { DefinitionSource } from "../../src/postgres/view.ts";
import { openLocalStore } from "../../src/storage/local-store.ts";
import { failure, settings, textRows } from "../postgres/support.ts";

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "pgtide-replay-"));
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

class Server {
  readonly shadow: Shadow;
  readonly journal: CatalogJournal;

  constructor(shadow: Shadow, journal: CatalogJournal) {
    this.shadow = shadow;
    this.journal = journal;
  }

  static async start(): Promise<Server> {
    const journal = await CatalogJournal.open(openLocalStore(join(folder, "catalog")));
    return new Server(await Shadow.start({ definitions: journal.entries() }), journal);
  }

  async define(sources: readonly DefinitionSource[], under = settings()): Promise<void> {
    await this.shadow.define(sources, under, async ({ definition }) => {
      await this.journal.append({ ...definition, changes: [] });
    });
  }
}

/** Everything that has an OID, by catalogue, with its name: whatever the user's definitions made. */
const EVERYTHING = `
SELECT 'class', c.oid::text, c.relname || c.relkind::text FROM pg_class c WHERE oid >= 65536
UNION ALL SELECT 'type', oid::text, typname FROM pg_type WHERE oid >= 65536
UNION ALL SELECT 'proc', oid::text, proname FROM pg_proc WHERE oid >= 65536
UNION ALL SELECT 'constraint', oid::text, conname FROM pg_constraint WHERE oid >= 65536
UNION ALL SELECT 'attrdef', oid::text, adrelid::text FROM pg_attrdef WHERE oid >= 65536
UNION ALL SELECT 'namespace', oid::text, nspname FROM pg_namespace WHERE oid >= 65536
UNION ALL SELECT 'role', oid::text, rolname FROM pg_authid WHERE oid >= 65536
UNION ALL SELECT 'enum', oid::text, enumlabel FROM pg_enum WHERE oid >= 65536
UNION ALL SELECT 'rewrite', oid::text, rulename FROM pg_rewrite WHERE oid >= 65536
UNION ALL SELECT 'policy', oid::text, polname FROM pg_policy WHERE oid >= 65536
UNION ALL SELECT 'operator', oid::text, oprname FROM pg_operator WHERE oid >= 65536
UNION ALL SELECT 'trigger', oid::text, tgname FROM pg_trigger WHERE oid >= 65536
ORDER BY 1, 2`;

const DEFINITIONS: readonly (readonly DefinitionSource[])[] = [
  ["CREATE SCHEMA site", "CREATE ROLE reader"],
  [
    "CREATE TYPE site.state AS ENUM ('on', 'off')",
    "CREATE DOMAIN site.positive AS int CHECK (VALUE > 0)",
  ],
  [
    "CREATE TABLE meters (ts timestamptz NOT NULL, device text NOT NULL, kwh float8, note text) USING tstable",
    ({ relations }) => [
      { sql: `CREATE SCHEMA pg_tide_${relations[0]?.oid}`, isOurs: true },
      {
        sql: `CREATE FUNCTION pg_tide_${relations[0]?.oid}.coverage_ratio(device text) RETURNS float8 LANGUAGE sql RETURN 1`,
        isOurs: true,
      },
    ],
  ],
  [
    `CREATE TABLE site.orders (id serial PRIMARY KEY, code text UNIQUE, state site.state DEFAULT 'on',
       amount numeric(10,2) CHECK (amount >= 0), parent int REFERENCES site.orders, tags text[])`,
    "CREATE INDEX ON site.orders (lower(code)) WHERE amount > 1",
  ],
  ["CREATE TABLE dropped (id bigserial PRIMARY KEY, v text UNIQUE)"],
  ["DROP TABLE dropped"],
  ["CREATE VIEW recent AS SELECT ts, device FROM meters WHERE ts > now() - interval '1 day'"],
  ["CREATE SEQUENCE site.numbers INCREMENT 5", "COMMENT ON SEQUENCE site.numbers IS 'fives'"],
  [
    "CREATE FUNCTION site.twice(x int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT x * 2'",
    "CREATE OPERATOR site.@@@ (RIGHTARG = int, FUNCTION = site.twice)",
  ],
  ["ALTER TABLE meters ADD COLUMN phase int DEFAULT 3, ALTER note TYPE varchar(20)"],
  ["ALTER TABLE site.orders RENAME TO sales", "ALTER TABLE site.sales DROP COLUMN tags"],
  [
    "ALTER TABLE meters ENABLE ROW LEVEL SECURITY",
    "CREATE POLICY own ON meters USING (device = current_user)",
  ],
  ["GRANT SELECT ON meters TO reader", "CREATE MATERIALIZED VIEW site.daily AS SELECT 1 AS day"],
  ["CREATE TABLE parted (ts date, v int) PARTITION BY RANGE (ts)"],
  ["CREATE TABLE parted_2024 PARTITION OF parted FOR VALUES FROM ('01.02.2024') TO ('01.03.2024')"],
];

/** A literal's meaning hangs on it: it must be replayed under it. */
const GERMAN: Partial<ShadowSettings> = { settings: { DateStyle: "German, DMY" } };

test("all OIDs are the same after a restart, with failed and dropped definitions in between", async () => {
  const first = await Server.start();
  for (const [index, sources] of DEFINITIONS.entries()) {
    await first.define(sources, settings(GERMAN));
    if (index % 3 !== 0) continue;
    const lost = first.define([
      ...sources.filter((s) => typeof s !== "string"),
      "CREATE TABLE lost (id serial PRIMARY KEY)",
      "SELECT 1/0",
    ]);
    expect((await failure(lost)).fields.sqlState).toBe("22012");
    const refused = first.shadow.define(["CREATE TABLE lost (id serial)"], settings(), async () => {
      throw new SqlError("58030", "no");
    });
    await failure(refused);
  }
  const everything = await textRows(first.shadow, EVERYTHING);
  const [, bounds] = (await textRows(first.shadow, BOUNDS)).flat();
  const relations = sorted(first.shadow);
  await first.shadow.close();
  expect(everything.length).toBeGreaterThan(50);
  expect(bounds).toContain("2024-03-01");

  for (let restart = 1; restart <= 2; restart += 1) {
    const again = await Server.start();
    expect(await textRows(again.shadow, EVERYTHING)).toEqual(everything);
    expect((await textRows(again.shadow, BOUNDS)).flat()[1]).toBe(bounds);
    expect(sorted(again.shadow)).toEqual(relations);
    // What is defined after a restart gets the OIDs that the next restart will give it.
    await again.define([`CREATE TABLE later_${restart} (id serial PRIMARY KEY)`]);
    everything.splice(0, everything.length, ...(await textRows(again.shadow, EVERYTHING)));
    relations.splice(0, relations.length, ...sorted(again.shadow));
    await again.shadow.close();
  }
});

test("a journal whose OIDs do not come out stops the start", async () => {
  const { journal, shadow } = await Server.start();
  await shadow.close();
  const [entry, ...rest] = journal.entries();
  if (entry === undefined) throw new Error("no entry");
  const definitions = [{ ...entry, oidAfter: entry.oidAfter + 1 }, ...rest];
  const broken = Shadow.start({ definitions });
  expect((await failure(broken)).fields.sqlState).toBe("XX001");
});

const BOUNDS = `SELECT relname, pg_get_expr(relpartbound, oid) FROM pg_class WHERE relname = 'parted_2024'`;

function sorted(shadow: Shadow) {
  return [...shadow.relations().values()].sort((a, b) => a.oid - b.oid);
}
