/**
 * One client's session: what the simple and the extended protocol ask of it, in terms of prepared
 * statements, portals and one transaction. The wire calls, never two calls at a time; only `cancel`
 * may come from anywhere.
 */

import { type ErrorFields, SqlError } from "../base/errors.ts";
import { type StatementText, splitStatements } from "../compile/split.ts";
import type { FieldDescription } from "../types/field.ts";
import type { ActiveSession, SessionActivity } from "./activity.ts";
import { ActivityRecord } from "./activity-record.ts";
import { ParameterReader } from "./bind.ts";
import { execute } from "./execute.ts";
import type { Execution } from "./execution.ts";
import { SessionNotifications } from "./notifications.ts";
import {
  type BoundParameters,
  type Portal,
  Portals,
  spreadFormats,
  withFormats,
} from "./portals.ts";
import { endsFailed, shifted, timeoutMs } from "./prepared.ts";
import type {
  BindRequest,
  Notification,
  Reply,
  SessionPort,
  StartupRequest,
  StatementDescription,
} from "./results.ts";
import { PagedRows } from "./row-source.ts";
import type { Services } from "./services.ts";
import { SessionStatements } from "./session-statements.ts";
import type { Settings } from "./settings.ts";
import { reportable } from "./sqlstate.ts";
import type { Prepared } from "./statement.ts";
import { StatementSignal } from "./statement-signal.ts";
import { dropTemporary } from "./temporary.ts";
import { Transaction } from "./transaction.ts";

const NO_PARAMETERS: BoundParameters = { raw: [], formats: [], values: [] };

export class Session implements SessionPort, ActiveSession {
  readonly #services: Services;
  /** The same, with what the transaction has defined. */
  readonly #visible: () => Services;
  readonly #settings: Settings;
  readonly #request: StartupRequest;
  readonly #activity: ActivityRecord;
  readonly #transaction: Transaction;
  readonly #notifications: SessionNotifications;
  readonly #parameters: ParameterReader;
  readonly #portals = new Portals();
  readonly #signal = new StatementSignal();
  readonly #statements: SessionStatements;

  constructor(services: Services, settings: Settings, request: StartupRequest) {
    this.#services = services;
    this.#settings = settings;
    this.#request = request;
    this.#activity = new ActivityRecord(request);
    this.#transaction = new Transaction(settings);
    this.#parameters = new ParameterReader(settings, this.#transaction);
    this.#notifications = new SessionNotifications(services.notifications, request.processId);
    const transaction = this.#transaction;
    const visible = () => transaction.definitions?.services ?? services;
    this.#visible = visible;
    this.#statements = new SessionStatements(visible, settings, transaction, this.#portals);
    services.sessions.add(request.processId, this);
  }

  get transactionStatus(): "I" | "T" | "E" {
    return this.#transaction.status;
  }

  reportedSettings(): readonly (readonly [string, string])[] {
    return this.#settings.reported();
  }

  takeChangedSettings(): readonly (readonly [string, string])[] {
    return this.#settings.takeChanged();
  }

  /** Several statements share one implicit transaction; the first error ends them all. */
  async *query(text: string): AsyncGenerator<Reply> {
    this.#portals.removeStatement("");
    await this.#portals.removePortal("");
    const statements = splitStatements(text);
    if (statements.length === 0) yield { kind: "empty-query" };
    await this.#guarded(() => this.#statements.refuseSyntaxErrors(statements));
    for (const statement of statements) {
      const prepared = await this.#guarded(
        () => this.#statements.prepare(statement, []),
        statement,
      );
      yield* notices(prepared.notices);
      const formats = new Array<0 | 1>(prepared.fields?.length ?? 0).fill(0);
      const isAlone = statements.length === 1;
      const isLast = statement === statements.at(-1);
      for await (const reply of this.#run(prepared, NO_PARAMETERS, formats, isAlone)) {
        // The last statement is complete when all of them are committed.
        if (isLast && reply.kind === "complete") {
          await this.#guarded(() => this.#transaction.endImplicit(), statement);
        }
        yield reply;
      }
    }
    await this.#guarded(() => this.#transaction.endImplicit());
  }

  async parse(
    name: string,
    text: string,
    parameterOids: readonly number[],
  ): Promise<readonly ErrorFields[]> {
    const statements = splitStatements(text);
    if (name === "") this.#portals.removeStatement(""); // also when the new one is refused
    return await this.#guarded(async () => {
      if (statements.length > 1) {
        throw new SqlError("42601", "cannot insert multiple commands into a prepared statement");
      }
      const prepared = await this.#statements.prepare(statements[0], parameterOids);
      this.#portals.addStatement(name, { prepared, declaredOids: parameterOids });
      return prepared.notices;
    }, statements[0]);
  }

  async bind(request: BindRequest): Promise<void> {
    await this.#guarded(async () => {
      const { prepared } = await this.#statements.current(request.statement);
      if (!endsFailed(prepared)) this.#transaction.refuseIfFailed();
      const parameters = this.#parameters.read(request, prepared);
      const formats = spreadFormats(request.resultFormats, prepared.fields?.length ?? 0, "result");
      await this.#portals.addPortal({
        name: request.portal,
        prepared,
        parameters,
        formats,
        state: { kind: "ready" },
      });
      this.#transaction.hold({ release: () => this.#portals.removePortal(request.portal) });
    });
  }

  async describeStatement(name: string): Promise<StatementDescription> {
    return await this.#guarded(async () => {
      const { prepared } = await this.#statements.current(name);
      return { parameterOids: prepared.parameterOids, fields: prepared.fields };
    });
  }

  async describePortal(name: string): Promise<readonly FieldDescription[] | undefined> {
    return await this.#guarded(() => {
      const { prepared, formats } = this.#portals.portal(name);
      return Promise.resolve(prepared.fields && withFormats(prepared.fields, formats));
    });
  }

  async *execute(name: string, maxRows: number): AsyncGenerator<Reply> {
    const portal = await this.#guarded(() => Promise.resolve(this.#portals.portal(name)));
    if (portal.prepared.statement.kind === "empty") {
      yield { kind: "empty-query" };
      return;
    }
    if (portal.state.kind === "done") {
      yield { kind: "complete", tag: await this.#guarded(() => tagOfFinished(portal)) };
      return;
    }
    const isAlone = !this.#transaction.isStarted;
    try {
      this.#begin(portal.prepared);
      if (portal.state.kind === "ready") yield* await this.#start(portal, isAlone);
      if (portal.state.kind === "running") yield* this.#page(portal, maxRows);
    } catch (cause) {
      throw await this.#failed(cause, portal.prepared);
    } finally {
      this.#signal.end();
    }
  }

  closeStatement(name: string): Promise<void> {
    this.#portals.removeStatement(name);
    return Promise.resolve();
  }

  async closePortal(name: string): Promise<void> {
    await this.#portals.removePortal(name);
  }

  async sync(): Promise<void> {
    await this.#guarded(() => this.#transaction.endImplicit());
  }

  async fail(): Promise<void> {
    await this.#transaction.fail();
  }

  cancel(): void {
    this.#signal.cancel();
  }

  activity(): SessionActivity {
    return this.#activity.describe(
      this.#transaction,
      this.#signal.isRunning,
      this.#settings.get("application_name") ?? "",
    );
  }

  takeNotifications(): readonly Notification[] {
    return this.#transaction.isExplicit ? [] : this.#notifications.take();
  }

  onNotification(listener: () => void): void {
    this.#notifications.onArrival(listener);
  }

  async close(): Promise<void> {
    this.#services.sessions.remove(this.#request.processId);
    this.#signal.cancel();
    this.#notifications.close();
    await this.#portals.removeAllPortals();
    await this.#transaction.close();
    if (this.#settings.temporarySchema === undefined) return;
    await dropTemporary(this.#services, this.#settings.shadow, this.#request.processId);
  }

  /** One statement of a Query, with its row description. */
  async *#run(
    prepared: Prepared,
    parameters: BoundParameters,
    formats: readonly (0 | 1)[],
    isAlone: boolean,
  ): AsyncGenerator<Reply> {
    const portal: Portal = { name: "", prepared, parameters, formats, state: { kind: "ready" } };
    try {
      this.#begin(prepared);
      yield* await this.#start(portal, isAlone);
      if (portal.state.kind !== "running") return;
      if (prepared.fields !== undefined) {
        yield { kind: "row-description", fields: withFormats(prepared.fields, formats) };
      }
      yield* this.#page(portal, 0);
    } catch (cause) {
      throw await this.#failed(cause, prepared);
    } finally {
      this.#signal.end();
      if (portal.state.kind === "running") await portal.state.rows.close();
    }
  }

  /** A statement starts: failed-transaction check, clock, timeout. */
  #begin(prepared: Prepared): void {
    if (!endsFailed(prepared)) this.#transaction.refuseIfFailed();
    const nowMs = Date.now();
    this.#transaction.beginStatement(BigInt(nowMs) * 1000n);
    this.#activity.begin(prepared.text, nowMs);
    this.#signal.begin(timeoutMs(this.#settings.get("statement_timeout") ?? "0"));
  }

  /** What a failed statement's client is told. */
  async #failed(cause: unknown, prepared: Prepared): Promise<unknown> {
    const { reason } = this.#signal;
    await this.#transaction.fail();
    return shifted(reportable(cause, reason), prepared);
  }

  /** What comes before rows, or instead of them. */
  async #start(portal: Portal, isAlone: boolean): Promise<Iterable<Reply> | AsyncIterable<Reply>> {
    const signal = this.#signal;
    const execution: Execution = {
      services: this.#visible(),
      settings: this.#settings,
      transaction: this.#transaction,
      notifications: this.#notifications,
      parameters: portal.parameters,
      formats: portal.formats,
      // Made when somebody asks: many statements never wait.
      get signal() {
        return signal.current;
      },
      isAlone,
      processId: this.#request.processId,
      portals: this.#portals,
    };
    const result = await execute(portal.prepared.statement, execution);
    if (result.kind === "rows") {
      portal.state = { kind: "running", rows: new PagedRows(result.rows), tag: result.tag };
      return notices(result.notices ?? []);
    }
    portal.state = { kind: "done", tag: undefined };
    if (result.kind === "replies") return result.replies;
    return [...notices(result.notices ?? []), { kind: "complete", tag: result.tag }];
  }

  async *#page(portal: Portal, maxRows: number): AsyncGenerator<Reply> {
    if (portal.state.kind !== "running") return;
    const { rows, tag } = portal.state;
    let count = 0;
    try {
      // What is in memory already, as the result of an APPEND that is published, is not stopped.
      this.#signal.onAbort(() => rows.cancel());
      for await (const page of rows.take(maxRows)) {
        count += page.rows;
        yield { kind: "rows", bytes: page.bytes, count: page.rows };
      }
    } finally {
      this.#signal.onAbort(undefined);
    }
    if (!rows.isFinished) {
      yield { kind: "suspended" };
      return;
    }
    portal.state = { kind: "done", tag: tag(0) };
    yield { kind: "complete", tag: tag(count) };
  }

  /**
   * Work outside of an execution: an error fails the transaction and is put in the client's terms.
   */
  async #guarded<T>(work: () => Promise<T>, statement?: StatementText): Promise<T> {
    try {
      return await work();
    } catch (cause) {
      await this.#transaction.fail();
      throw shifted(reportable(cause, undefined), statement);
    }
  }
}

function* notices(fields: readonly ErrorFields[]): Generator<Reply> {
  for (const notice of fields) yield { kind: "notice", fields: notice };
}

function tagOfFinished(portal: Portal): Promise<string> {
  const tag = portal.state.kind === "done" ? portal.state.tag : undefined;
  if (tag === undefined) {
    throw new SqlError("55000", `portal "${portal.name}" cannot be run`);
  }
  return Promise.resolve(tag);
}
