/** DECLARE, FETCH, MOVE and CLOSE: portals by SQL, those of Bind messages among them. */

import { SqlError } from "../../base/errors.ts";
import { CursorRows } from "../cursor-rows.ts";
import type { Execution, Result } from "../execution.ts";
import type { Portal } from "../portals.ts";
import type { RowBatch, RowSource } from "../row-source.ts";
import type { Statement } from "../statement.ts";
import { transcoded } from "../transcoded-rows.ts";

type Declare = Extract<Statement, { readonly kind: "declare-cursor" }>;
type Fetch = Extract<Statement, { readonly kind: "fetch" }>;

const AHEAD_BYTES = 1024 * 1024;

/** Runs a statement that gives rows; the one that execute.ts gives. */
export type Run = (statement: Statement, execution: Execution) => Promise<Result>;

/** @throws SqlError 25P01, 34000, 42P03 */
export async function declareCursor(
  { declaration, query, canGoBack }: Declare,
  execution: Execution,
  run: Run,
): Promise<Result> {
  const { portals, transaction, parameters } = execution;
  const { name, isBinary, isHoldable, isScrollable } = declaration;
  if (name === "") throw new SqlError("34000", "invalid cursor name: must not be empty");
  if (!isHoldable && !transaction.isExplicit && execution.isAlone) {
    throw new SqlError("25P01", "DECLARE CURSOR can only be used in transaction blocks");
  }
  portals.requireFree(name);
  const formats = (query.fields ?? []).map(() => (isBinary ? (1 as const) : (0 as const)));
  const result = await run(query.statement, { ...execution, formats, prepared: query });
  if (result.kind !== "rows") throw new SqlError("0A000", "this cursor is not supported yet");
  const canScroll = isScrollable ?? canGoBack;
  const keeps = isScrollable === true || isHoldable ? "all" : "newest";
  const rows = new CursorRows(result.rows, canScroll ? keeps : "none");
  await portals.addPortal({
    name,
    prepared: query,
    parameters,
    formats: formats.map(() => 0),
    createdAtMs: Date.now(),
    source: execution.source,
    cursor: { isBinary, isScrollable: canScroll, isHoldable },
    state: { kind: "running", rows, formats, tag: (count) => `SELECT ${count}` },
  });
  return { kind: "done", tag: "DECLARE CURSOR", notices: result.notices ?? [] };
}

/** @throws SqlError 34000, 55000 */
export async function fetchRows(
  { name, move, isMove }: Fetch,
  execution: Execution,
  run: Run,
): Promise<Result> {
  const portal = execution.portals.find(name);
  if (portal === undefined) throw new SqlError("34000", `cursor "${name}" does not exist`);
  await openPortal(portal, execution, run);
  const { state } = portal;
  if (state.kind !== "running") {
    throw new SqlError("55000", `portal "${name}" cannot be run`);
  }
  const pages = failing(portal, state.rows.fetch(move, isMove));
  const cancel = () => state.rows.cancel();
  const { formats, settings, signal } = execution;
  if (isMove) {
    const count = await cancellable(signal, cancel, async () => {
      let rows = 0;
      for await (const page of pages) rows += page.rows;
      return rows;
    });
    return { kind: "done", tag: `MOVE ${count}` };
  }
  const ahead = await cancellable(signal, cancel, async () => await firstPages(pages));
  const source: RowSource = {
    next: async () => {
      const page = ahead.shift() ?? (await pages.next()).value;
      if (page === undefined) return undefined;
      return transcoded(page, { prepared: portal.prepared, formats }, state.formats, settings.text);
    },
    cancel: () => state.rows.cancel(),
    // The cursor has moved, whether or not the client wanted to see all rows.
    close: async () => {
      for await (const _ of pages);
    },
  };
  return { kind: "rows", rows: source, tag: (rows) => `FETCH ${rows}` };
}

async function cancellable<T>(
  signal: AbortSignal,
  cancel: () => void,
  task: () => Promise<T>,
): Promise<T> {
  if (signal.aborted) cancel();
  signal.addEventListener("abort", cancel, { once: true });
  try {
    return await task();
  } finally {
    signal.removeEventListener("abort", cancel);
  }
}

/** PostgreSQL fetches all before it says a word: as far as memory is for that, so do we. */
async function firstPages(pages: AsyncGenerator<RowBatch>): Promise<RowBatch[]> {
  const all: RowBatch[] = [];
  for (let bytes = 0; bytes < AHEAD_BYTES; ) {
    const { value: page } = await pages.next();
    if (page === undefined) break;
    all.push(page);
    bytes += page.bytes.length;
  }
  return all;
}

/** A portal of Bind that FETCH is the first to ask. */
async function openPortal(portal: Portal, execution: Execution, run: Run): Promise<void> {
  if (portal.state.kind !== "ready") return;
  const { prepared, parameters } = portal;
  if (prepared.fields === undefined) return;
  const formats = portal.formats.map((format) => (format === 1 ? (1 as const) : (0 as const)));
  const result = await run(prepared.statement, { ...execution, parameters, formats, prepared });
  if (result.kind !== "rows") return;
  const rows = new CursorRows(result.rows, "none");
  portal.state = { kind: "running", rows, formats, tag: result.tag };
}

/** A cursor whose query has failed cannot go on. */
async function* failing(portal: Portal, pages: AsyncGenerator<RowBatch>): AsyncGenerator<RowBatch> {
  try {
    yield* pages;
  } catch (cause) {
    if (portal.state.kind === "running") {
      await portal.state.rows.close();
      portal.state = { kind: "done", tag: undefined };
    }
    throw cause;
  }
}

/** undefined: CLOSE ALL. @throws SqlError 34000 */
export async function closeCursor(
  name: string | undefined,
  { portals }: Execution,
): Promise<Result> {
  if (name === undefined) {
    await portals.removeAllPortals();
    return { kind: "done", tag: "CLOSE CURSOR ALL" };
  }
  if (portals.find(name) === undefined) {
    throw new SqlError("34000", `cursor "${name}" does not exist`);
  }
  await portals.removePortal(name);
  return { kind: "done", tag: "CLOSE CURSOR" };
}
