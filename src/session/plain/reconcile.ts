/**
 * At start: plain.duckdb has exactly the tables that the catalogue knows. A transaction makes its
 * tables before its definitions are decided, so one that was never decided leaves tables behind.
 */

import { log } from "../../base/telemetry.ts";
import type { Engine } from "../../engine/remote.ts";
import type { ShadowRelation } from "../../postgres/relation.ts";
import { Oid } from "../../types/oids.ts";
import type { Shape } from "../../types/shape.ts";
import { baseTable, createTable, isOrdinary, isTemporary } from "./physical.ts";

const INT8: Shape = { typeOid: Oid.int8, typmod: -1, representation: { kind: "plain" } };

export async function reconcile(
  engine: Engine,
  relations: readonly ShadowRelation[],
): Promise<void> {
  const [found] = await engine.run({
    statements: [
      {
        sql:
          "SELECT CAST(substr(table_name, 3) AS BIGINT) FROM duckdb_tables()" +
          " WHERE database_name = 'plain' AND regexp_full_match(table_name, 't_[0-9]+')",
        shapes: [INT8],
      },
    ],
  });
  const there = new Set((found?.rows ?? []).map(([oid]) => Number(oid)));
  const known = relations.filter((one) => isOrdinary(one) && !isTemporary(one));
  const oids = new Set(known.map(({ oid }) => oid));
  const orphans = [...there].filter((oid) => !oids.has(oid));
  const missing = known.filter(({ oid }) => !there.has(oid));
  if (orphans.length > 0) log("info", "removing tables that were never decided", { orphans });
  for (const { name, oid } of missing) {
    log("warn", "an ordinary table is missing and is made anew, empty", { table: name, oid });
  }
  const statements = [
    ...orphans.map((oid) => `DROP TABLE ${baseTable(oid, false)}`),
    ...missing.map((relation) => createTable(baseTable(relation.oid, false), relation)),
  ];
  if (statements.length === 0) return;
  await engine.run({ statements: statements.map((sql) => ({ sql })) });
}
