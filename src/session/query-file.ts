/** CREATE TSTABLE ... AS: the query's rows in a Parquet file of the table's future types. */

import { SqlError } from "../base/errors.ts";
import { quoteName } from "../compile/expression.ts";
import type { Plan } from "../compile/plan.ts";
import { quoteIdentifier } from "../compile/tokens.ts";
import type { WriteRequest } from "../engine/protocol.ts";
import { duckTypeOf } from "../types/duck-types.ts";
import type { FieldDescription } from "../types/field.ts";
import { Oid } from "../types/oids.ts";
import type { Shape } from "../types/shape.ts";
import { typeText } from "./column-types.ts";
import type { Execution } from "./execution.ts";
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
  /** Columns that the rows are sorted by. */
  readonly orderBy: readonly string[];
  /** As COMPRESSION says it: `zstd(9)`, `none`; undefined: the default. */
  readonly compression: string | undefined;
}

/** Runs the plan into a new file. */
export async function writeQueryFile(
  plan: Plan,
  fields: readonly FieldDescription[],
  { path, orderBy, compression }: QueryFile,
  execution: Execution,
): Promise<void> {
  const values = await PlanValues.of(plan, execution);
  const bound = await bindPlan(plan, values, execution);
  try {
    const columns = plan.columns.map(({ shape }, index) => {
      const name = quoteName(fields[index]?.name ?? "");
      const typmod = fields[index]?.typmod ?? -1;
      return `${diskExpression(`q.c${index + 1}`, shape, typmod)} AS ${name}`;
    });
    const all = plan.shapes.map((_, index) => `c${index + 1}`).join(", ");
    const rows = `SELECT ${columns.join(", ")} FROM (${bound.sql}) AS q(${all})`;
    const sql = `FROM (${rows}) ORDER BY ${orderBy.map(quoteName).join(", ")}`;
    const request = cursorRequest(plan, values, { ...bound, sql }, execution);
    await execution.services.engine.write(
      { cursor: request, path, ...codecOf(compression) },
      execution.signal,
    );
  } finally {
    release(bound);
  }
}

const CODECS = {
  zstd: "zstd",
  snappy: "snappy",
  lz4: "lz4_raw",
  none: "uncompressed",
} as const;

function codecOf(option = "zstd(3)"): Pick<WriteRequest, "compression" | "level"> {
  const [, name, level] = /^(zstd|snappy|lz4|none)(?:\((\d+)\))?$/.exec(option) ?? [];
  if (name === undefined) throw new SqlError("22023", `unknown compression "${option}"`);
  const compression = CODECS[name as keyof typeof CODECS];
  return level === undefined ? { compression } : { compression, level: Number(level) };
}

/** A value in the type that the disk has for it (architecture 4). */
function diskExpression(expression: string, shape: Shape, typmod: number): string {
  const { typeOid, representation } = shape;
  switch (representation.kind) {
    case "utc":
      return expression;
    case "numeric-text":
    case "decimal": {
      const type = typmod === -1 ? "VARCHAR" : (duckTypeOf(typeOid, typmod) ?? "VARCHAR");
      if (type !== "VARCHAR") return `CAST(${expression} AS ${type})`;
      return representation.kind === "decimal"
        ? decimalText(expression, representation.scale)
        : expression;
    }
    case "plain":
      break;
    default:
      throw new SqlError(
        "0A000",
        "a column of this type cannot be stored by CREATE TSTABLE ... AS",
        {
          hint: "Cast it in the query.",
        },
      );
  }
  switch (typeOid) {
    case Oid.timestamptz:
      return `timezone('UTC', ${expression})`;
    case Oid.int2:
      return `CAST(${expression} AS INTEGER)`;
    case Oid.uuid:
    case Oid.interval:
      return `CAST(${expression} AS VARCHAR)`;
    default:
      return expression;
  }
}

/** Free numeric is kept as text: its scale is the value's own. DuckDB leaves out 0 where p = s. */
function decimalText(expression: string, scale: number): string {
  return scale < 38 ? `CAST(CAST(${expression} AS DECIMAL(38,${scale})) AS VARCHAR)` : expression;
}
