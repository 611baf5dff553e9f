/**
 * One client's session: what the simple and the extended protocol ask of it, in terms of prepared
 * statements, portals and one transaction. The wire calls, never two calls at a time; only `cancel`
 * may come from anywhere.
 */

import { type Awaitable, whenDone } from "../base/async.ts";
import { type ErrorFields, SqlError } from "../base/errors.ts";
import { splitStatements } from "../compile/split.ts";
import type { FieldDescription } from "../types/field.ts";
import type { ActiveSession, SessionActivity } from "./activity.ts";
import { ActivityRecord } from "./activity-record.ts";
import { AdvisoryLocks } from "./advisory-locks.ts";
import { ParameterReader } from "./bind.ts";
import { Guard } from "./guard.ts";
import { HeavyPlace } from "./heavy-gate.ts";
import { idleLimit } from "./idle-limit.ts";
import type { TransactionLocks } from "./lock-rows.ts";
import { lockOwner } from "./locks.ts";
import { isTold } from "./message-level.ts";
import { SessionNotifications } from "./notifications.ts";
import { PortalRun } from "./portal-run.ts";
import {
  type BoundParameters,
  type Portal,
  Portals,
  type PreparedStatement,
  spreadFormats,
  withFormats,
} from "./portals.ts";
import { endsFailed } from "./prepared.ts";
import { relationLocks } from "./relation-locks.ts";
import type {
  BindRequest,
  IdleLimit,
  Notification,
  Replies,
  Reply,
  SessionPort,
  StartupRequest,
  StatementDescription,
} from "./results.ts";
import type { Services } from "./services.ts";
import { SessionStatements } from "./session-statements.ts";
import type { Settings } from "./settings.ts";
import { StatementSignal } from "./statement-signal.ts";
import { dropTemporary } from "./temporary.ts";
import { Transaction } from "./transaction.ts";

/** As pg_stat_activity shows it. */
const HEAVY_WAIT = { type: "Extension", event: "HeavyStatement" } as const;
const FATAL = { severity: "FATAL" } as const;
const NO_PARAMETERS: BoundParameters = { raw: [], formats: [], values: [] };

export class Session implements SessionPort, ActiveSession {
  readonly #services: Services;
  readonly #settings: Settings;
  readonly #request: StartupRequest;
  readonly #activity: ActivityRecord;
  readonly #transaction: Transaction;
  readonly #notifications: SessionNotifications;
  readonly #parameters: ParameterReader;
  readonly #portals = new Portals();
  readonly #signal = new StatementSignal();
  readonly #guard: Guard;
  readonly #statements: SessionStatements;
  readonly #run: PortalRun;
  readonly #advisoryLocks: AdvisoryLocks;
  #onTermination: (reason: SqlError) => void = () => undefined;

  constructor(services: Services, settings: Settings, request: StartupRequest) {
    this.#services = services;
    this.#settings = settings;
    this.#request = request;
    this.#activity = new ActivityRecord(request);
    this.#transaction = new Transaction(settings, this.#portals);
    this.#parameters = new ParameterReader(settings, this.#transaction);
    this.#guard = new Guard(this.#signal, settings, this.#transaction);
    this.#notifications = new SessionNotifications(services.notifications, request.processId);
    const transaction = this.#transaction;
    const visible = () => {
      const seen = transaction.definitions?.services ?? services;
      settings.useRoles(seen.shadow.roles());
      return seen;
    };
    this.#statements = new SessionStatements(visible, settings, transaction, this.#portals);
    const owner = lockOwner(transaction, request.processId);
    this.#advisoryLocks = new AdvisoryLocks(services.locks, owner);
    const heavy = new HeavyPlace(services.heavyGate, (isWaiting) =>
      this.#activity.waitFor(isWaiting ? HEAVY_WAIT : undefined),
    );
    const surroundings = {
      settings,
      transaction,
      notifications: this.#notifications,
      processId: request.processId,
      portals: this.#portals,
      advisoryLocks: this.#advisoryLocks,
      heavy,
      statements: this.#statements,
    };
    this.#run = new PortalRun(visible, surroundings, this.#signal, this.#activity, (reason) =>
      this.#end(reason),
    );
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
    this.#activity.begin(text, Date.now());
    await this.#guard.run(() =>
      this.#statements.refuseSyntaxErrors(statements, this.#signal.current),
    );
    for (const statement of statements) {
      const prepared = await this.#guard.run(
        () => this.#statements.prepareAlone(statement, this.#signal.current),
        statement,
      );
      yield* this.#run.notices(prepared.notices);
      const portal: Portal = {
        name: "",
        prepared,
        parameters: NO_PARAMETERS,
        formats: this.#statements.formats(prepared),
        createdAtMs: 0, // nobody sees it
        source: text,
        state: { kind: "ready" },
      };
      const isLast = statement === statements.at(-1);
      for await (const reply of this.#run.whole(portal, statements.length === 1)) {
        // The last statement is complete when all of them are committed.
        if (isLast && reply.kind === "complete") {
          await this.#guard.run(() => this.#transaction.endImplicit(), statement);
        }
        yield reply;
      }
    }
    await this.#guard.run(() => this.#transaction.endImplicit());
  }

  async parse(
    name: string,
    text: string,
    parameterOids: readonly number[],
  ): Promise<readonly ErrorFields[]> {
    this.#activity.begin(text, Date.now());
    const statements = splitStatements(text);
    if (name === "") this.#portals.removeStatement(""); // also when the new one is refused
    return await this.#guard.run(async () => {
      if (statements.length > 1) {
        throw new SqlError("42601", "cannot insert multiple commands into a prepared statement");
      }
      const prepared = await this.#statements.prepare(
        statements[0],
        parameterOids,
        this.#signal.current,
      );
      this.#portals.addStatement(name, {
        prepared,
        preparedAtMs: Date.now(),
        executions: { count: 0 },
        source: text,
        isFromSql: false,
      });
      return prepared.notices.filter((notice) => isTold(notice, this.#settings));
    }, statements[0]);
  }

  bind(request: BindRequest): Awaitable<void> {
    return this.#guard.run(() => {
      const known =
        this.#statements.currentNow(request.statement) ??
        this.#statements.current(request.statement, this.#signal.current);
      return whenDone(known, (statement) => this.#bound(statement, request));
    });
  }

  #bound(known: PreparedStatement, request: BindRequest): Awaitable<void> {
    const { prepared } = known;
    if (!endsFailed(prepared)) this.#transaction.refuseIfFailed();
    const parameters = this.#parameters.read(request, prepared);
    const { fields, statement } = prepared;
    const { resultFormats } = request;
    const formats =
      fields === undefined ? [] : spreadFormats(resultFormats, fields.length, "result");
    known.executions.count += 1;
    const portal: Portal = {
      name: request.portal,
      prepared,
      parameters,
      formats,
      createdAtMs: Date.now(),
      source: known.source,
      state: { kind: "ready" },
    };
    return whenDone(this.#portals.addPortal(portal), () => {
      if (statement.kind !== "catalog-query" || !statement.isConstant) return undefined;
      return this.#run.plan(portal);
    });
  }

  /** The parameters are told though the rest fails. */
  async describeStatement(name: string): Promise<StatementDescription> {
    return await this.#guard.run(async () => {
      const { prepared } = this.#portals.statement(name);
      if (prepared.fields !== undefined) this.#transaction.refuseIfFailed();
      return await Promise.resolve({
        parameterOids: prepared.parameterOids,
        fields: async () =>
          await this.#guard.run(async () => {
            const { prepared } = await this.#statements.current(name, this.#signal.current);
            return prepared.fields;
          }),
      });
    });
  }

  describePortal(name: string): Awaitable<readonly FieldDescription[] | undefined> {
    return this.#guard.run(() => {
      const { prepared, formats } = this.#portals.portal(name);
      if (prepared.fields !== undefined) this.#transaction.refuseIfFailed();
      return prepared.fields && withFormats(prepared.fields, formats);
    });
  }

  execute(name: string, maxRows: number): Awaitable<Replies> {
    const portal = this.#portals.find(name);
    if (portal === undefined || portal.state.kind === "done") {
      return this.#guard.run(() => this.#finished(this.#portals.portal(name)));
    }
    if (portal.prepared.statement.kind === "empty") return [{ kind: "empty-query" }];
    return this.#run.part(portal, maxRows, !this.#transaction.isStarted);
  }

  closeStatement(name: string): Promise<void> {
    this.#portals.removeStatement(name);
    return Promise.resolve();
  }

  async closePortal(name: string): Promise<void> {
    await this.#portals.removePortal(name);
  }

  sync(): Awaitable<void> {
    return this.#guard.run(() => this.#transaction.endImplicit());
  }

  async fail(): Promise<void> {
    await this.#transaction.fail();
  }

  cancel(): void {
    this.#signal.cancel();
  }

  terminate(): void {
    this.#end(new SqlError("57P01", "terminating connection due to administrator command", FATAL));
  }

  onTermination(listener: (reason: SqlError) => void): void {
    this.#onTermination = listener;
  }

  idleLimit(): IdleLimit | undefined {
    return idleLimit(this.#transaction.status, this.#settings);
  }

  #end(reason: SqlError): void {
    this.#signal.terminate(reason);
    this.#onTermination(reason);
  }

  activity(): SessionActivity {
    const { sessions, locks } = this.#services;
    const transaction = this.#transaction;
    return this.#activity.describe({
      transaction,
      transactionId: sessions.transactionIds.known(transaction),
      isRunning: this.#signal.isRunning,
      application: this.#settings.get("application_name") ?? "",
      waitsFor: locks.waitedFor(lockOwner(transaction, this.#request.processId)),
    });
  }

  get connection(): ActiveSession["connection"] {
    return this.#activity.connection;
  }

  transactionLocks(): TransactionLocks | undefined {
    const transaction = this.#transaction;
    if (!transaction.isStarted) return undefined;
    const transactionId = this.#services.sessions.transactionIds.known(transaction);
    const relations = relationLocks(transaction);
    return { pid: this.#request.processId, transactionId, relations };
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
    this.#advisoryLocks.releaseAll("session");
    if (this.#settings.temporarySchema === undefined) return;
    await dropTemporary(this.#services, this.#request.processId);
  }

  /** What Execute of a portal answers that has been run. */
  #finished({ prepared, state, name }: Portal): readonly Reply[] {
    if (prepared.statement.kind === "empty") return [{ kind: "empty-query" }];
    if (!endsFailed(prepared)) this.#transaction.refuseIfFailed();
    const tag = state.kind === "done" ? state.tag : undefined;
    if (tag === undefined) throw new SqlError("55000", `portal "${name}" cannot be run`);
    return [{ kind: "complete", tag }];
  }
}
