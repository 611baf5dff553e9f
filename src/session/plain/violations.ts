/**
 * Rules that rows must keep, looked for by queries over a statement's staged rows. PostgreSQL stops
 * at the first row that breaks one, and in that row at the first rule: the same is told here.
 */

import type { SqlError } from "../../base/errors.ts";
import { quoteIdentifier } from "../../compile/tokens.ts";
import type { EngineParameter, RunStatement } from "../../engine/request.ts";
import type { ShadowColumn, ShadowRelation } from "../../postgres/relation.ts";
import { encodeText } from "../../types/codec.ts";
import { Oid } from "../../types/oids.ts";
import type { SqlValue } from "../../types/value.ts";
import type { Execution } from "../execution.ts";
import { INT8, type Staged, stagedValues } from "./staged.ts";

export interface Rule {
  /** Lower ones are looked at first in each row. */
  readonly rank: number;
  /** The error about a staged row. */
  refusal(row: number): Promise<SqlError>;
}

/** A query whose one row tells for each rule the first staged row that breaks it, or NULL. */
export interface Probe {
  readonly sql: string;
  readonly parameters?: readonly EngineParameter[];
  readonly rules: readonly Rule[];
}

/** @throws SqlError of the first violation */
export async function refuseViolations(
  probes: readonly Probe[],
  { services, settings, signal }: Execution,
): Promise<void> {
  if (probes.length === 0) return;
  const statements: RunStatement[] = probes.map(({ sql, parameters = [], rules }) => ({
    sql,
    parameters,
    shapes: rules.map(() => INT8),
  }));
  const timeZone = settings.text.timeZone;
  const results = await services.engine.run({ statements, timeZone }, signal);
  const found = probes.flatMap(({ rules }, at) =>
    rules.flatMap((rule, index) => {
      const row = results[at]?.rows[0]?.[index] ?? null;
      return row === null ? [] : [{ rule, row: Number(row) }];
    }),
  );
  found.sort((a, b) => a.row - b.row || a.rule.rank - b.rule.rank);
  const [first] = found;
  if (first !== undefined) throw await first.rule.refusal(first.row);
}

const SHOWN_BYTES_MAX = 64;

/** `Failing row contains (1, null, abc).` */
export async function failingRow(
  staged: Staged,
  row: number,
  execution: Execution,
): Promise<string> {
  const { columns } = staged.relation;
  const values = await stagedValues(staged, row, columns, execution);
  const shown = columns.map((column, at) => {
    if (column.generated === "virtual") return "virtual";
    return clipped(valueText(values[at] ?? null, column, execution));
  });
  return `Failing row contains (${shown.join(", ")}).`;
}

/** `(a, b)=(1, x)` */
export function keyText(
  names: readonly string[],
  values: readonly SqlValue[],
  columns: readonly Pick<ShadowColumn, "typeOid">[],
  execution: Execution,
): string {
  return `(${names.map(shownName).join(", ")})=(${valuesText(values, columns, execution)})`;
}

export function valuesText(
  values: readonly SqlValue[],
  columns: readonly Pick<ShadowColumn, "typeOid">[],
  execution: Execution,
): string {
  const shown = values.map((value, at) =>
    valueText(value, columns[at] ?? { typeOid: Oid.text }, execution),
  );
  return shown.join(", ");
}

function shownName(name: string): string {
  return /^[a-z_][a-z0-9_$]*$/.test(name) ? name : quoteIdentifier(name);
}

function valueText(
  value: SqlValue,
  { typeOid }: Pick<ShadowColumn, "typeOid">,
  { settings }: Execution,
): string {
  return value === null ? "null" : encodeText(value, typeOid, settings.text);
}

/** Of a long value the beginning, in whole characters. */
function clipped(text: string): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= SHOWN_BYTES_MAX) return text;
  let end = SHOWN_BYTES_MAX;
  while (((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return `${bytes.toString("utf8", 0, end)}...`;
}

/** The fields by which an error names a relation and what of it was broken. */
export function blame(
  { schema, name }: ShadowRelation,
  more: { readonly constraint?: string; readonly column?: string; readonly detail?: string },
) {
  return { schema, table: name, ...more };
}
