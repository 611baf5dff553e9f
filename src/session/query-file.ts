/** A query's rows in a Parquet file, of the types that a table of its columns would have. */

import { SqlError } from "../base/errors.ts";
import { quoteName } from "../compile/expression.ts";
import type { Plan } from "../compile/plan.ts";
import { quoteIdentifier } from "../compile/tokens.ts";
import { boundQuery } from "../engine/collect.ts";
import { diskExpression } from "../engine/stored-expressions.ts";
import type { FieldDescription } from "../types/field.ts";
import { Oid } from "../types/oids.ts";
import { codecOf } from "./codec-option.ts";
import { typeText } from "./column-types.ts";
import type { Execution } from "./execution.ts";
import { heavySteps } from "./heavy-rows.ts";
import { PlanValues } from "./plan-values.ts";
import { bindPlan } from "./scan-binding.ts";
import { cursorRequest, release } from "./statements/select.ts";

/** `("ts" timestamptz, ...)`. @throws SqlError 42701, 42P16 */
export function fieldList(fields: readonly FieldDescription[]): string {
  const seen = new Set<string>();
  for (const { name } of fields) {
    if (seen.has(name)) throw new SqlError("42701", `column "${name}" specified more than once`);
    seen.add(name);
  }
  const items = fields.map(({ name, typeOid, typmod }) => {
    const oid = typeOid === Oid.unknown ? Oid.text : typeOid;
    return `${quoteIdentifier(name)} ${typeText(oid, typmod)}`;
  });
  return `(${items.join(", ")})`;
}

export interface QueryFile {
  readonly path: string;
  /** Columns that the rows are sorted by; none: as the query gives them. */
  readonly orderBy: readonly string[];
  /** As COMPRESSION says it: `zstd(9)`, `none`; undefined: the default. */
  readonly compression: string | undefined;
  readonly rowGroupRows?: number | undefined;
  /** Then the path is that of a folder, and these columns the names of folders in it. */
  readonly partitionBy?: readonly string[];
  /** As DiskColumn has it. */
  readonly isExport?: boolean;
}

/** Runs the plan into a new file. */
export async function writeQueryFile(
  plan: Plan,
  fields: readonly FieldDescription[],
  { path, orderBy, compression, rowGroupRows, partitionBy, isExport = false }: QueryFile,
  execution: Execution,
): Promise<void> {
  const values = await PlanValues.of(plan, execution);
  const bound = await bindPlan(plan, values, execution);
  try {
    const columns = fields.map(({ typeOid, typmod }) => ({
      typeOid: typeOid === Oid.unknown ? Oid.text : typeOid,
      typmod,
      isTime: false,
      isExport,
    }));
    const stored = boundQuery(
      { sql: bound.sql, shapes: plan.shapes },
      columns,
      (index) => `v${index + 1}`,
    );
    const selected = columns.map((column, index) => {
      const name = quoteName(fields[index]?.name ?? "");
      return `${diskExpression(`v${index + 1}`, column)} AS ${name}`;
    });
    const rows = `SELECT ${selected.join(", ")} FROM (${stored}) AS s`;
    const order = orderBy.map(quoteName).join(", ");
    const sql = order === "" ? rows : `FROM (${rows}) ORDER BY ${order}`;
    const request = cursorRequest(plan, values, { ...bound, sql }, execution);
    const step = await heavySteps(plan, bound, execution);
    const write = { cursor: request, path, rowGroupRows, partitionBy, ...codecOf(compression) };
    await step(() => execution.services.engine.write(write, execution.signal));
  } finally {
    release(bound);
  }
}
