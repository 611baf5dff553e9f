/**
 * A time-series table's options where PostgreSQL keeps a table's storage options: `\d+` shows them,
 * and pg_dump writes them down as `CREATE TABLE ... WITH (...)`, which utility-tables.ts reads.
 */

import type { TstableDefinition } from "../catalog/entry.ts";
import type { DefinitionStatement } from "../postgres/analysis.ts";
import type { ShadowRelation } from "../postgres/relation.ts";
import { quoteLiteral } from "../postgres/settings-sql.ts";

type Options = Pick<
  TstableDefinition,
  "timeColumn" | "entityColumns" | "bucket" | "timeZone" | "overlap" | "grain" | "compression"
>;

export function optionsStatement(relation: ShadowRelation, options: Options): DefinitionStatement {
  const list = optionTexts(relation, options).map(quoteLiteral).join(", ");
  const sql = `UPDATE pg_class SET reloptions = ARRAY[${list}] WHERE oid = ${relation.oid}`;
  return { sql, isOurs: true };
}

function optionTexts(relation: ShadowRelation, options: Options): string[] {
  const nameOf = (number: number) =>
    relation.columns.find((column) => column.number === number)?.name ?? "";
  const { entityColumns, bucket, timeZone, overlap, grain, compression } = options;
  return [
    `time_column=${nameOf(options.timeColumn)}`,
    ...(entityColumns.length === 0 ? [] : [`entity=${entityColumns.map(nameOf).join(", ")}`]),
    `bucket=${bucket}`,
    ...(timeZone === undefined ? [] : [`timezone=${timeZone}`]),
    ...(overlap === "reject" ? [] : [`overlap=${overlap}`]),
    ...(grain === "auto" ? [] : [`grain=${grain}`]),
    ...(compression === undefined ? [] : [`compression=${compression}`]),
  ];
}
