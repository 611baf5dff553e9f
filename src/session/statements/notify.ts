/** LISTEN, UNLISTEN, NOTIFY, pg_notify and pg_listening_channels. */

import type { Plan } from "../../compile/plan.ts";
import { Oid } from "../../types/oids.ts";
import { readTextRows } from "../data-rows.ts";
import type { Execution, Result } from "../execution.ts";
import { rowsOfValues } from "../row-source.ts";
import type { NotifyArgument, NotifyCall } from "../statement.ts";
import { select } from "./select.ts";

export async function listen(channel: string, execution: Execution): Promise<Result> {
  await execution.notifications.listen(channel, execution.transaction);
  return { kind: "done", tag: "LISTEN" };
}

/** undefined: `UNLISTEN *`. */
export async function unlisten(channel: string | undefined, execution: Execution): Promise<Result> {
  await execution.notifications.unlisten(channel, execution.transaction);
  return { kind: "done", tag: "UNLISTEN" };
}

/** @throws SqlError 22023, 54000 */
export async function notify(
  channel: string,
  payload: string,
  { notifications, transaction }: Execution,
): Promise<Result> {
  await notifications.notify(channel, payload, transaction);
  return { kind: "done", tag: "NOTIFY" };
}

/** One row, of a column for each call. @throws SqlError 22023, 54000 */
export async function notifyByCall(
  calls: readonly NotifyCall[],
  execution: Execution,
): Promise<Result> {
  for (const { channel, payload } of calls) {
    await say(textOf(channel, execution), textOf(payload, execution), execution);
  }
  return voidRows(1, calls.length, execution);
}

/** The plan's columns are channels and payloads in turn. @throws SqlError 22023, 54000 */
export async function notifyByQuery(plan: Plan, execution: Execution): Promise<Result> {
  const formats = plan.shapes.map(() => 0 as const);
  const result = await select(plan, { ...execution, formats });
  if (result.kind !== "rows") return result;
  let count = 0;
  try {
    for (;;) {
      const batch = await result.rows.next();
      if (batch === undefined) break;
      count += batch.rows;
      for (const cells of readTextRows(batch.bytes)) {
        for (let at = 0; at < cells.length; at += 2) {
          await say(cells[at] ?? null, cells[at + 1] ?? null, execution);
        }
      }
    }
  } finally {
    await result.rows.close();
  }
  return voidRows(count, formats.length / 2, execution);
}

export function listeningChannels(execution: Execution): Result {
  const columns = [{ typeOid: Oid.text, format: execution.formats[0] ?? 0 }];
  const cells = execution.notifications.channels.map((channel) => [channel]);
  const rows = rowsOfValues(cells, columns, execution.settings.text);
  return { kind: "rows", rows, tag: (count) => `SELECT ${count}` };
}

/** PostgreSQL takes NULL for the empty text. */
async function say(
  channel: string | null,
  payload: string | null,
  { notifications, transaction }: Execution,
): Promise<void> {
  await notifications.notify(channel ?? "", payload ?? "", transaction);
}

function textOf(argument: NotifyArgument, { parameters }: Execution): string | null {
  if (argument === null || typeof argument === "string") return argument;
  const value = parameters.values[argument.parameter - 1] ?? null;
  return value === null ? null : String(value);
}

/** A void is an empty text, in both formats. */
function voidRows(rows: number, columns: number, execution: Execution): Result {
  const shape = Array.from({ length: columns }, () => ({ typeOid: Oid.text, format: 0 as const }));
  const cells = Array.from({ length: rows }, () => new Array<string>(columns).fill(""));
  return {
    kind: "rows",
    rows: rowsOfValues(cells, shape, execution.settings.text),
    tag: (count) => `SELECT ${count}`,
  };
}
