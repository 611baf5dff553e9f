/** EXPLAIN: what pruning left of each table, then DuckDB's own plan. */

import type { Plan } from "../../compile/plan.ts";
import { encodeText } from "../../types/codec.ts";
import { Oid } from "../../types/oids.ts";
import type { SqlValue } from "../../types/value.ts";
import type { Execution, Result } from "../execution.ts";
import { heavySteps } from "../heavy-rows.ts";
import { compiledNow } from "../late-statement.ts";
import { PlanValues } from "../plan-values.ts";
import { rowsOfValues } from "../row-source.ts";
import { bindPlan, type ScanReport } from "../scan-binding.ts";
import type { Statement } from "../statement.ts";
import { valueOfRaw } from "../time-axis.ts";
import { commandNotExplained, notBuilt } from "../utility.ts";
import { cursorRequest, release } from "./select.ts";

export async function explain(
  statement: Statement,
  isAnalyze: boolean,
  execution: Execution,
): Promise<Result> {
  const lines = await explainLines(statement, isAnalyze, execution);
  const columns = [{ typeOid: Oid.text, format: execution.formats[0] ?? 0 }];
  const cells = lines.map((line) => [line]);
  const rows = rowsOfValues(cells, columns, execution.settings.text);
  return { kind: "rows", rows, tag: () => "EXPLAIN" };
}

async function explainLines(
  statement: Statement,
  isAnalyze: boolean,
  execution: Execution,
): Promise<string[]> {
  if (statement.kind === "catalog-query") {
    return ["Catalog Query", "  Executed by: the embedded PostgreSQL"];
  }
  const plan = explainedPlan(compiledNow(statement, execution), isAnalyze);
  const values = await PlanValues.of(plan, execution);
  const bound = await bindPlan(plan, values, execution);
  try {
    const formats = plan.columns.map(() => 0 as const);
    const request = cursorRequest(plan, values, bound, { ...execution, formats });
    const { engine } = execution.services;
    const explained = () => engine.explain(request, isAnalyze, execution.signal);
    const step = isAnalyze ? await heavySteps(plan, bound, execution) : undefined;
    const text = await (step === undefined ? explained() : step(explained));
    const scans = bound.reports.flatMap((report) => scanLines(report, execution));
    return [...scans, "DuckDB Plan", ...planLines(text).map((line) => `  ${line}`)];
  } finally {
    release(bound);
  }
}

/** Of a change: what finds or computes its rows. */
function explainedPlan(statement: Statement, isAnalyze: boolean): Plan {
  if (statement.kind === "select") return statement.plan;
  if (statement.kind !== "change") throw commandNotExplained();
  if (isAnalyze) throw notBuilt("EXPLAIN ANALYZE of a change", "Use EXPLAIN without ANALYZE.");
  return statement.change.plan.source;
}

/** Without the head that ANALYZE prints: a title and the generated SQL with every file's path. */
function planLines(text: string): string[] {
  const lines = text.trimEnd().split("\n");
  const total = lines.findIndex((line) => line.includes("Total Time:"));
  return total < 0 ? lines : lines.slice(total - 2);
}

function scanLines(report: ScanReport, execution: Execution): string[] {
  const { query, isEmpty } = report.filter;
  const range = isEmpty
    ? "none, the condition is never true"
    : `${bound(report, query.min, execution)} to ${bound(report, query.max, execution)}`;
  return [
    `Time-Series Scan on ${report.name} (version ${report.version})`,
    `  Segments: ${report.segmentsConsidered} considered, ${report.segmentsRead} read`,
    `  Hot Rows: ${report.hotRowsRead}`,
    `  Bytes: ${report.bytesRead}`,
    `  Time Range: ${range}`,
    ...(query.entities ?? []).map(({ component, anyOf }) => {
      const name = report.entry.entityColumns[component]?.name ?? "";
      return `  Entity: ${name} in (${anyOf.map(({ value }) => String(value)).join(", ")})`;
    }),
  ];
}

function bound(report: ScanReport, raw: bigint | undefined, execution: Execution): string {
  if (raw === undefined) return "unbounded";
  const { axis } = report.entry;
  const value: SqlValue = valueOfRaw(axis, raw);
  return value === null ? "" : encodeText(value, axis.typeOid, execution.settings.text);
}
