/** A SELECT whose rows call sequence functions: each row is read, and then called for. */

import { SqlError } from "../../base/errors.ts";
import type { Plan } from "../../compile/plan.ts";
import type { RowCall } from "../../compile/sequence-rows.ts";
import { encodeInt8 } from "../../types/binary.ts";
import { encodeCells, readRows } from "../data-rows.ts";
import type { Execution, Result } from "../execution.ts";
import { callSequence } from "../plain/sequences.ts";
import { askOne } from "../privileges/ask.ts";
import { rowsInMemory } from "../row-source.ts";
import { select } from "./select.ts";

/** Any of these will do. */
const RIGHTS = { nextval: "USAGE, UPDATE", currval: "SELECT, USAGE", setval: "UPDATE" } as const;

type Cells = readonly (Uint8Array | null)[];

/** @throws SqlError 2200H, 22003, 25006, 42501, 55000 */
export async function selectSequenceRows(
  { plan, calls }: { readonly plan: Plan; readonly calls: readonly RowCall[] },
  execution: Execution,
): Promise<Result> {
  const called = new Set(calls.map(({ column }) => column));
  const formats = plan.columns.map((_, index) =>
    called.has(index) ? 0 : (execution.formats[index] ?? 0),
  );
  const result = await select(plan, { ...execution, formats, lines: undefined });
  if (result.kind !== "rows") return result;
  const { rows } = result;
  const width = plan.columns.length - calls.reduce((sum, { args }) => sum + args.length, 0);
  const allowed = new Set<string>();
  const next = async () => {
    const batch = await rows.next();
    if (batch === undefined) return undefined;
    const made: Uint8Array[] = [];
    for (const cells of readRows(batch.bytes)) {
      const row: (Uint8Array | null)[] = [...cells];
      for (const call of calls) {
        execution.signal.throwIfAborted();
        row[call.column] = await calledValue(call, cells, allowed, execution);
      }
      made.push(encodeCells(row.slice(0, width)));
    }
    batch.giveBack?.();
    return { bytes: Buffer.concat(made), rows: batch.rows };
  };
  // All calls are made before the first row is sent: an error leaves none behind.
  const batches = [];
  try {
    for (let batch = await next(); batch !== undefined; batch = await next()) batches.push(batch);
  } finally {
    await rows.close();
  }
  return { ...result, rows: rowsInMemory(batches) };
}

async function calledValue(
  { name, column, args }: RowCall,
  cells: Cells,
  allowed: Set<string>,
  execution: Execution,
): Promise<Uint8Array | null> {
  const text = (at: number) => {
    const cell = cells[at] ?? null;
    return cell === null ? null : Buffer.from(cell).toString();
  };
  const oid = text(column);
  const [value = null, isCalled = "t"] = args.map(text);
  if (oid === null || (name === "setval" && (value === null || isCalled === null))) return null;
  await requireRight(name, oid, allowed, execution);
  const given = name === "setval" ? [BigInt(value ?? 0), isCalled === "t"] : [];
  const answer = await callSequence({ kind: name, sequenceOid: Number(oid) }, given, execution);
  if (answer === null) return null;
  return execution.formats[column] === 1 ? encodeInt8(answer) : Buffer.from(String(answer));
}

async function requireRight(
  name: RowCall["name"],
  oid: string,
  allowed: Set<string>,
  { services, settings }: Execution,
): Promise<void> {
  if (settings.isSuperuser || allowed.has(oid + name)) return;
  const sql = `SELECT pg_catalog.has_sequence_privilege($1::pg_catalog.oid, '${RIGHTS[name]}')`;
  if ((await askOne(services.shadow, sql, [oid], settings.shadow)) !== "t") {
    const shown = services.shadow.relations().get(Number(oid))?.name ?? oid;
    throw new SqlError("42501", `permission denied for sequence ${shown}`);
  }
  allowed.add(oid + name);
}
