/** Which queries are heavy, and how their rows are made under the gate before the engine. */

import type { Plan, Scan } from "../compile/plan.ts";
import { cancelled } from "../engine/failures.ts";
import type { Cursor } from "../engine/request.ts";
import type { Execution } from "./execution.ts";
import { readsByKey } from "./few-rows.ts";
import type { HeavyPlace } from "./heavy-gate.ts";
import { tableRows } from "./plain/table-rows.ts";
import type { BoundPlan } from "./scan-binding.ts";

/** So many rows, or pairs of rows, are looked at in the time that a few commits take. */
const LIGHT_ROWS_MAX = 500_000;
const LIGHT_BYTES_MAX = 16 * 2 ** 20;
/** What makes rows out of nothing. */
const MAKES_ROWS = /\bRECURSIVE\b|unnest|generate_series/;

/** Whether it needs a place in the gate. One that is free is taken rather than to ask long. */
export async function isHeavy(
  plan: Plan,
  bound: BoundPlan,
  execution: Execution,
): Promise<boolean> {
  const [scan] = plan.scans;
  const makesRows = MAKES_ROWS.test(bound.sql);
  if (!makesRows && plan.scans.length <= 1) {
    const [report] = bound.reports;
    if (report !== undefined && readsLittle(report)) return false;
    if (scan === undefined || readsByKey(scan, execution)) return false;
  }
  if (execution.heavy.tryTake()) return true;
  if (makesRows || !bound.reports.every(readsLittle)) return true;
  return (await rowPairs(plan, bound, execution)) > LIGHT_ROWS_MAX;
}

function readsLittle({ rowsRead, bytesRead }: BoundPlan["reports"][number]): boolean {
  return rowsRead <= LIGHT_ROWS_MAX && bytesRead <= LIGHT_BYTES_MAX;
}

/** How many rows a join of all that is read could have to look at. */
async function rowPairs(
  { scans }: Plan,
  { reports, rowsRelations }: BoundPlan,
  execution: Execution,
): Promise<number> {
  const counts = [
    ...reports.map(({ rowsRead }) => rowsRead),
    ...rowsRelations.map(({ rows }) => rows.length),
  ];
  for (const scan of scans) {
    const oid = ordinaryTable(scan, execution);
    if (oid !== undefined) counts.push(await tableRows(oid, execution.services.plain));
  }
  return counts.reduce((product, rows) => product * Math.max(1, rows), 1);
}

function ordinaryTable(scan: Scan, { services: { tables } }: Execution): number | undefined {
  if (scan.kind !== "table") return undefined;
  const relation = tables.relation(scan.relationOid);
  return relation?.kind === "ordinary" ? scan.relationOid : undefined;
}

/**
 * The cursor of a heavy query, opened and waited for with a place in the gate. `atOnce`: with
 * the place that is held already, before the first rows are asked for.
 */
export async function underGate(
  open: () => Promise<Cursor>,
  place: HeavyPlace,
  atOnce: boolean,
): Promise<Cursor> {
  const stop = new AbortController();
  let opened = atOnce ? open() : undefined;
  const pinned = (await opened)?.pinned;
  let hasBegun = false;
  return {
    pinned: pinned ?? Promise.resolve(),
    next: async () => {
      const batch = await place.compute(stop.signal, hasBegun, async () => {
        opened ??= open();
        return await (await opened).next();
      });
      hasBegun = true;
      if (batch === undefined) place.leave();
      return batch;
    },
    cancel: () => {
      stop.abort(cancelled());
      void opened?.then(
        (cursor) => cursor.cancel(),
        () => undefined,
      );
    },
    close: async () => {
      stop.abort(cancelled());
      // Who could not open it has been told.
      const cursor = await opened?.catch(() => undefined);
      await cursor?.close();
    },
  };
}

/** For who takes a heavy query's rows within its statement: runs each step with a place. */
export async function heavySteps(
  plan: Plan,
  bound: BoundPlan,
  execution: Execution,
): Promise<<T>(step: () => Promise<T>) => Promise<T>> {
  const { heavy, signal } = execution;
  if (!(await isHeavy(plan, bound, execution))) return async (step) => await step();
  await heavy.take(signal);
  return async (step) => await heavy.compute(signal, true, step);
}
