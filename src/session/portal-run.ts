/** Running a portal: its statement's beginning and end, its rows page by page, its failure. */

import { after } from "../base/async.ts";
import { type ErrorFields, SqlError } from "../base/errors.ts";
import type { ActivityRecord } from "./activity-record.ts";
import { CursorRows } from "./cursor-rows.ts";
import { execute } from "./execute.ts";
import type { Execution } from "./execution.ts";
import { isTold } from "./message-level.ts";
import { type Portal, requireFormat, withFormats } from "./portals.ts";
import { endsFailed, shifted, timeoutMs } from "./prepared.ts";
import { withoutHiddenValues } from "./privileges/hidden-values.ts";
import type { Replies, Reply } from "./results.ts";
import type { RowBatch } from "./row-source.ts";
import { reportable } from "./sqlstate.ts";
import type { Prepared } from "./statement.ts";
import { StatementExecution, type Surroundings } from "./statement-execution.ts";
import type { StatementSignal } from "./statement-signal.ts";
import { transcoded } from "./transcoded-rows.ts";

const NOTHING: readonly Reply[] = [];
const NO_OUTPUT = /^no binary output function available/;

export class PortalRun {
  readonly #services: () => Execution["services"];
  readonly #surroundings: Surroundings;
  readonly #signal: StatementSignal;
  readonly #activity: ActivityRecord;
  readonly #terminate: (reason: SqlError) => void;

  constructor(
    services: () => Execution["services"],
    surroundings: Surroundings,
    signal: StatementSignal,
    activity: ActivityRecord,
    terminate: (reason: SqlError) => void,
  ) {
    this.#terminate = terminate;
    this.#services = services;
    this.#surroundings = surroundings;
    this.#signal = signal;
    this.#activity = activity;
  }

  /** One statement of a Query, with its row description. */
  async *whole(portal: Portal, isAlone: boolean): AsyncGenerator<Reply> {
    try {
      this.begin(portal.prepared, portal.source);
      const onReshaped = (prepared: Prepared) => {
        portal.prepared = prepared;
        portal.formats = (prepared.fields ?? []).map(() => 0);
      };
      const isToldFirst = failsInRunning(portal.prepared.statement);
      if (isToldFirst) yield* described(portal);
      yield* await this.start(portal, isAlone, onReshaped);
      if (portal.state.kind !== "running") return;
      if (!isToldFirst) yield* described(portal);
      yield* this.page(portal, 0);
    } catch (cause) {
      throw await this.failed(cause, portal);
    } finally {
      this.#end();
      if (portal.state.kind === "running") await portal.state.rows.close();
    }
  }

  /** One Execute message. */
  async part(portal: Portal, maxRows: number, isAlone: boolean): Promise<Replies> {
    let isStreamed = false;
    try {
      this.begin(portal.prepared, portal.source);
      const before = portal.state.kind === "ready" ? await this.start(portal, isAlone) : [];
      const all = Array.isArray(before) ? this.#allOf(portal, maxRows, before) : undefined;
      if (all !== undefined) return all;
      isStreamed = true;
      return this.#rest(portal, maxRows, before);
    } catch (cause) {
      throw await this.failed(cause, portal);
    } finally {
      if (!isStreamed) this.#end();
    }
  }

  /** `before` and what follows, where that is in memory. */
  #allOf(portal: Portal, maxRows: number, before: readonly Reply[]): readonly Reply[] | undefined {
    if (portal.state.kind !== "running") return before;
    if (maxRows !== 0) return undefined;
    const { rows, tag, formats } = portal.state;
    const batches = rows.takeAll();
    if (batches === undefined) return undefined;
    const replies = [...before];
    let count = 0;
    for (const batch of batches) {
      count += batch.rows;
      replies.push(this.#encoded(batch, portal, formats));
    }
    replies.push({ kind: "complete", tag: tag(count) });
    return replies;
  }

  async *#rest(portal: Portal, maxRows: number, before: Replies): AsyncGenerator<Reply> {
    try {
      yield* before;
      if (portal.state.kind === "running") yield* this.page(portal, maxRows);
    } catch (cause) {
      throw await this.failed(cause, portal);
    } finally {
      this.#end();
    }
  }

  /** At Bind: what PostgreSQL's planner computes. A format that is none waits for Execute. */
  async plan(portal: Portal): Promise<void> {
    if (portal.formats.some((format) => format !== 0 && format !== 1)) return;
    try {
      this.begin(portal.prepared, portal.source);
      await this.start(portal, false);
    } catch (cause) {
      // An output that Execute alone would have asked for.
      if (cause instanceof SqlError && NO_OUTPUT.test(cause.message)) return;
      throw await this.failed(cause, portal);
    } finally {
      this.#end();
    }
  }

  #end(): void {
    this.#signal.end();
    this.#surroundings.heavy.leave();
    this.#activity.end(Date.now());
  }

  /** A statement starts: failed-transaction check, clock, timeout. */
  begin(prepared: Prepared, source: string): void {
    const { transaction, settings } = this.#surroundings;
    if (!endsFailed(prepared)) transaction.refuseIfFailed();
    const nowMs = Date.now();
    if (!transaction.isStarted) this.#limitTransaction();
    transaction.beginStatement(BigInt(nowMs) * 1000n);
    this.#activity.begin(source, nowMs);
    this.#signal.begin(timeoutMs(settings.get("statement_timeout") ?? "0"));
  }

  /** transaction_timeout, from its first statement to its end. */
  #limitTransaction(): void {
    const { settings, transaction } = this.#surroundings;
    const ms = timeoutMs(settings.get("transaction_timeout") ?? "0");
    if (ms === 0) return;
    const message = "terminating connection due to transaction timeout";
    const timer = after(ms, () =>
      this.#terminate(new SqlError("25P04", message, { severity: "FATAL" })),
    );
    transaction.hold({ release: () => Promise.resolve(timer.cancel()) });
  }

  /** What a failed statement's client is told. */
  async failed(cause: unknown, portal: Portal): Promise<unknown> {
    const { reason } = this.#signal;
    if (portal.state.kind === "running") await portal.state.rows.close();
    portal.state = { kind: "done", tag: undefined };
    const services = this.#services();
    const { settings, transaction } = this.#surroundings;
    await transaction.fail();
    const error = await withoutHiddenValues(reportable(cause, reason), { services, settings });
    return shifted(error, portal.prepared);
  }

  /** What comes before rows, or instead of them. */
  async start(
    portal: Portal,
    isAlone: boolean,
    onReshaped?: (prepared: Prepared) => void,
  ): Promise<Replies> {
    const execution = new StatementExecution(this.#surroundings, this.#services(), portal, {
      formats: portal.formats.map(requireFormat),
      isAlone,
      onReshaped,
      late: this.#signal.late,
    });
    const result = await execute(portal.prepared.statement, execution);
    // The commit, which comes next, may wait for others.
    if (result.kind === "done") execution.heavy.leave();
    if (result.kind === "rows") {
      const rows = new CursorRows(result.rows, "none");
      const formats = portal.formats.map(requireFormat);
      portal.state = { kind: "running", rows, formats, tag: result.tag };
      return this.notices(result.notices ?? []);
    }
    portal.state = { kind: "done", tag: undefined };
    if (result.kind === "replies") return result.replies;
    return [...this.notices(result.notices ?? []), { kind: "complete", tag: result.tag }];
  }

  async *page(portal: Portal, maxRows: number): AsyncGenerator<Reply> {
    if (portal.state.kind !== "running") return;
    const { rows, tag, formats } = portal.state;
    let count = 0;
    try {
      // What is in memory already, as the result of an APPEND that is published, is not stopped.
      this.#signal.onAbort(() => rows.cancel());
      for await (const page of rows.take(maxRows)) {
        count += page.rows;
        yield this.#encoded(page, portal, formats);
      }
    } finally {
      this.#signal.onAbort(undefined);
    }
    if (!rows.isAfterEnd) {
      yield { kind: "suspended" };
      return;
    }
    yield { kind: "complete", tag: tag(count) };
  }

  #encoded(page: RowBatch, portal: Portal, formats: readonly (0 | 1)[]): Reply {
    const { text } = this.#surroundings.settings;
    const { bytes, giveBack } = transcoded(page, portal, formats, text);
    return { kind: "rows", bytes, count: page.rows, giveBack };
  }

  /** Those that the client wants to be told. */
  notices(all: readonly ErrorFields[]): readonly Reply[] {
    if (all.length === 0) return NOTHING;
    const told = all.filter((notice) => isTold(notice, this.#surroundings.settings));
    return told.map((fields) => ({ kind: "notice", fields }));
  }
}

function* described({ prepared: { fields }, formats }: Portal): Generator<Reply> {
  if (fields !== undefined) yield { kind: "row-description", fields: withFormats(fields, formats) };
}

/** Its errors and notices are those of running it, which come behind the row description. */
function failsInRunning(statement: Prepared["statement"]): boolean {
  if (statement.kind === "effects") return true;
  return statement.kind === "catalog-query" && !statement.isConstant;
}
