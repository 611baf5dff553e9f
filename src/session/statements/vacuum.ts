/**
 * VACUUM and ANALYZE, which many programs send. There is nothing to do here: no dead rows stay in
 * tables, and DuckDB gathers its statistics itself. What PostgreSQL would refuse is refused.
 */

import { type ErrorFields, SqlError } from "../../base/errors.ts";
import type { NodeObject, NodeValue } from "../../compile/node-text.ts";
import type { ShadowRelation } from "../../postgres/relation.ts";
import type { Execution, Result } from "../execution.ts";

export interface Vacuum {
  readonly command: "VACUUM" | "ANALYZE";
  readonly isAnalyze: boolean;
  readonly tables: readonly VacuumedTable[];
}

interface VacuumedTable {
  readonly schema: string | undefined;
  readonly name: string;
  readonly columns: readonly string[];
}

const ANALYZE_OPTIONS = ["verbose", "skip_locked", "buffer_usage_limit"];
const VACUUM_OPTIONS = [
  ...ANALYZE_OPTIONS,
  "analyze",
  "freeze",
  "full",
  "disable_page_skipping",
  "index_cleanup",
  "process_main",
  "process_toast",
  "truncate",
  "parallel",
  "skip_database_stats",
  "only_database_stats",
];

/** Of VACUUMSTMT. @throws SqlError 42601 */
export function vacuumOf(node: NodeObject): Vacuum {
  const isVacuum = node["is_vacuumcmd"] === true;
  const command = isVacuum ? "VACUUM" : "ANALYZE";
  const options = nodes(node["options"]);
  const known = isVacuum ? VACUUM_OPTIONS : ANALYZE_OPTIONS;
  for (const { defname } of options) {
    if (known.includes(String(defname))) continue;
    throw new SqlError("42601", `unrecognized ${command} option "${String(defname)}"`);
  }
  const analyzes = options.some(({ defname, arg }) => defname === "analyze" && isOn(arg ?? null));
  return {
    command,
    isAnalyze: !isVacuum || analyzes,
    tables: nodes(node["rels"]).flatMap((one) => {
      const relation = one["relation"] as NodeObject;
      const schema = relation["schemaname"] ?? null;
      return {
        schema: schema === null ? undefined : String(schema),
        name: String(relation["relname"]),
        columns: Array.isArray(one["va_cols"]) ? one["va_cols"].map(String) : [],
      };
    }),
  };
}

function isOn(argument: NodeValue): boolean {
  if (argument === null) return true;
  const node = argument as NodeObject;
  const value = String(node["ival"] ?? node["sval"] ?? node["boolval"] ?? "");
  return !["0", "false", "off"].includes(value);
}

function nodes(value: NodeValue | undefined): NodeObject[] {
  return Array.isArray(value) ? (value as NodeObject[]) : [];
}

/** @throws SqlError 25001, 42P01, 42703, 0A000 */
export function vacuum({ command, isAnalyze, tables }: Vacuum, execution: Execution): Result {
  const { transaction, services, settings, isAlone } = execution;
  if (command === "VACUUM" && (transaction.isExplicit || !isAlone)) {
    throw new SqlError("25001", "VACUUM cannot run inside a transaction block");
  }
  if (!isAnalyze && tables.some(({ columns }) => columns.length > 0)) {
    const message = "ANALYZE option must be specified when a column list is provided";
    throw new SqlError("0A000", message);
  }
  const notices: ErrorFields[] = [];
  for (const table of tables) {
    if (isCatalogue(table)) continue;
    const relation = services.tables.findRelation(table, settings);
    if (relation === undefined) throw missing(table);
    if (relation.relkind === "r") refuseUnknown(table.columns, relation);
    else notices.push(skipping(relation, command));
  }
  return { kind: "done", tag: command, notices };
}

function isCatalogue({ schema, name }: VacuumedTable): boolean {
  return schema === "pg_catalog" || (schema === undefined && name.startsWith("pg_"));
}

function missing({ schema, name }: VacuumedTable): SqlError {
  const shown = schema === undefined ? name : `${schema}.${name}`;
  return new SqlError("42P01", `relation "${shown}" does not exist`);
}

function refuseUnknown(columns: readonly string[], { name, ...table }: ShadowRelation): void {
  for (const [at, column] of columns.entries()) {
    if (columns.indexOf(column) < at) {
      const message = `column "${column}" of relation "${name}" appears more than once`;
      throw new SqlError("42701", message);
    }
    if (table.columns.some((one) => one.name === column)) continue;
    throw new SqlError("42703", `column "${column}" of relation "${name}" does not exist`);
  }
}

function skipping({ name }: ShadowRelation, command: Vacuum["command"]): ErrorFields {
  const what = `cannot ${command.toLowerCase()} non-tables or special system tables`;
  return { severity: "WARNING", sqlState: "01000", message: `skipping "${name}" --- ${what}` };
}
