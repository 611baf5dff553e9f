/**
 * One session's transaction: idle, implicit (until Sync or the end of a Query), explicit or failed.
 * It owns the savepoints, the clock of now() and, under REPEATABLE READ, the world it reads.
 */

import type { Awaitable } from "../base/async.ts";
import { assert, SqlError } from "../base/errors.ts";
import type { WorldLease } from "../table/world.ts";
import type { TransactionDefinitions } from "./definitions/transaction-definitions.ts";
import { Participants } from "./participant.ts";
import type { TransactionStatus } from "./results.ts";
import type { Settings } from "./settings.ts";
import type { TransactionCommand } from "./statement.ts";
import {
  blockHasFailed,
  type CommandOutcome,
  type IsolationLevel,
  refuseLateModes,
  requireBlock,
  type TransactionModes,
  warned,
} from "./transaction-modes.ts";
import type { Companion, Follower, Held, Work } from "./transaction-parts.ts";

export class Transaction {
  readonly #settings: Settings;
  readonly #companion: Companion;
  #block: "none" | "open" | "failed" = "none";
  #isStarted = false;
  #startMicros = 0n;
  #statementMicros = 0n;
  readonly #participants: Participants;
  #work: Work | undefined;
  #definitions: TransactionDefinitions | undefined;
  #followers: Follower[] = [];
  #held: Held[] = [];
  #modes: TransactionModes = {};
  /** What the settings said when it began. */
  #defaults: TransactionModes = {};
  #hasRead = false;
  #world: WorldLease | undefined;
  readonly #tablesRead = new Set<number>();

  constructor(settings: Settings, companion: Companion) {
    this.#settings = settings;
    this.#companion = companion;
    this.#participants = new Participants(companion);
  }

  get status(): TransactionStatus {
    if (this.#block === "none") return "I";
    return this.#block === "open" ? "T" : "E";
  }

  /** Inside BEGIN ... COMMIT. */
  get isExplicit(): boolean {
    return this.#block !== "none";
  }

  /** A statement has run since the implicit transaction began. */
  get isStarted(): boolean {
    return this.#isStarted;
  }

  get startMicros(): bigint {
    return this.#startMicros;
  }

  /** What 'now' in a parameter means: the start of the transaction, or this moment. */
  get nowMicros(): bigint {
    return this.#isStarted ? this.#startMicros : BigInt(Date.now()) * 1000n;
  }

  get statementMicros(): bigint {
    return this.#statementMicros;
  }

  get isolation(): IsolationLevel {
    const fallback = this.#settings.get("default_transaction_isolation") as IsolationLevel;
    return this.#modes.isolation ?? this.#defaults.isolation ?? fallback;
  }

  get isReadOnly(): boolean {
    const fallback = this.#settings.get("default_transaction_read_only") === "on";
    return this.#modes.readOnly ?? this.#defaults.readOnly ?? fallback;
  }

  get isDeferrable(): boolean {
    const fallback = this.#settings.get("default_transaction_deferrable") === "on";
    return this.#modes.deferrable ?? fallback;
  }

  get keepsOneWorld(): boolean {
    return this.isolation === "repeatable read" || this.isolation === "serializable";
  }

  /** `micros`: the clock now. All but a transaction's first statement only move their own time. */
  beginStatement(micros: bigint): void {
    if (!this.#isStarted) {
      this.#defaults = { isolation: this.isolation, readOnly: this.isReadOnly };
      this.#isStarted = true;
      this.#startMicros = micros;
      this.#settings.mark();
    }
    this.#statementMicros = micros;
  }

  /** A query took its snapshot: the isolation level can no longer change. */
  markRead(): void {
    this.#hasRead = true;
  }

  /** Under REPEATABLE READ, once something was read. */
  get world(): WorldLease | undefined {
    return this.#world;
  }

  /** Time-series tables it has read in its world. */
  get tablesRead(): readonly number[] {
    return [...this.#tablesRead];
  }

  noteRead(tableIds: readonly number[]): void {
    for (const id of tableIds) this.#tablesRead.add(id);
  }

  /** Released when the transaction ends. */
  keepWorld(world: WorldLease): void {
    this.#world = world;
    this.hold({
      release: () => {
        world.release();
        return Promise.resolve();
      },
    });
  }

  hold(held: Held): void {
    this.#held.push(held);
  }

  /** What this transaction has changed; undefined: nothing yet. */
  get work(): Work | undefined {
    return this.#work;
  }

  /** The first change: whatever else changes is part of `work`, until the transaction ends. */
  async begin(work: Work): Promise<void> {
    assert(this.#work === undefined, "a transaction keeps its changes in two places");
    this.#work = work;
    await this.#participants.join(work);
  }

  /** It was committed ahead of the transaction's end: what comes later is other work. */
  forgetWork(): void {
    this.#work = undefined;
  }

  /** What this transaction has defined and not yet committed. */
  get definitions(): TransactionDefinitions | undefined {
    return this.#definitions;
  }

  async beginDefinitions(definitions: TransactionDefinitions): Promise<void> {
    assert(this.#definitions === undefined, "a transaction keeps its definitions in two places");
    this.#definitions = definitions;
    await this.#participants.join(definitions);
  }

  /** For the rest of this transaction. */
  async follow(follower: Follower): Promise<void> {
    this.#followers.push(follower);
    await this.#participants.join(follower);
  }

  /** @throws SqlError 25P02 when only the end of the block is allowed. */
  refuseIfFailed(): void {
    if (this.#block === "failed") throw blockHasFailed();
  }

  /**
   * After an error: an implicit transaction is rolled back, a block fails. Without a savepoint to
   * return to nothing of it can be kept, and others need not wait for its end.
   */
  async fail(): Promise<void> {
    if (this.#block === "none") return await this.#finish(false);
    this.#block = "failed";
    this.#settings.restore(this.#participants.savepoints);
    if (this.#participants.savepoints > 0) return;
    await this.#companion.failed();
    const [work, definitions] = [this.#work, this.#definitions];
    this.#work = undefined;
    this.#definitions = undefined;
    this.#participants.clear();
    try {
      await work?.rollback();
      await definitions?.rollback();
      if (definitions !== undefined) this.#settings.restore(0); // its role may be gone
    } finally {
      await this.#releaseHeld();
    }
  }

  /** At Sync or at the end of a Query. */
  endImplicit(): Awaitable<void> {
    if (this.#block !== "none") return undefined;
    if ((this.#work ?? this.#definitions ?? this.#held[0]) !== undefined) return this.#finish(true);
    if (!this.#companion.areOver) return this.#finish(true);
    this.#companion.forget();
    this.#reset(true);
  }

  async close(): Promise<void> {
    await this.#finish(false);
  }

  async apply(command: TransactionCommand): Promise<CommandOutcome> {
    switch (command.kind) {
      case "begin":
        return this.#begin(command);
      case "commit":
        return await this.#end(true, command.isChained);
      case "rollback":
        return await this.#end(false, command.isChained);
      case "savepoint":
        return await this.#savepoint(command.name);
      case "release":
        return await this.#release(command.name);
      case "rollback-to":
        return await this.#rollbackTo(command.name);
    }
  }

  /** SET TRANSACTION. @throws SqlError 25001 when it comes too late. */
  setModes(modes: TransactionModes): void {
    if (this.#hasRead) refuseLateModes(modes, this);
    this.#modes = { ...this.#modes, ...modes };
  }

  #begin(command: { readonly tag: string; readonly modes: TransactionModes }): CommandOutcome {
    if (this.#block !== "none") {
      return warned(command.tag, "25001", "there is already a transaction in progress");
    }
    this.#block = "open";
    this.#modes = command.modes;
    return { tag: command.tag, notices: [] };
  }

  async #end(isCommit: boolean, isChained: boolean): Promise<CommandOutcome> {
    const before = this.#block;
    const modes = this.#modes;
    if (before === "none") {
      const tag = isCommit ? "COMMIT" : "ROLLBACK";
      if (isChained) {
        throw new SqlError("25P01", `${tag} AND CHAIN can only be used in transaction blocks`);
      }
      await this.#finish(isCommit);
      return warned(tag, "25P01", "there is no transaction in progress");
    }
    const isCommitted = isCommit && before === "open";
    await this.#finish(isCommitted);
    if (isChained) {
      this.#block = "open";
      this.#modes = modes;
    }
    return { tag: isCommitted ? "COMMIT" : "ROLLBACK", notices: [] };
  }

  async #savepoint(name: string): Promise<CommandOutcome> {
    requireBlock(this.isExplicit, "SAVEPOINT");
    this.#settings.mark();
    await this.#participants.mark(name);
    return { tag: "SAVEPOINT", notices: [] };
  }

  async #release(name: string): Promise<CommandOutcome> {
    requireBlock(this.isExplicit, "RELEASE SAVEPOINT");
    const at = this.#participants.indexOf(name);
    this.#settings.forget(at + 1);
    await this.#participants.release(at);
    return { tag: "RELEASE", notices: [] };
  }

  async #rollbackTo(name: string): Promise<CommandOutcome> {
    requireBlock(this.isExplicit, "ROLLBACK TO SAVEPOINT");
    const at = this.#participants.indexOf(name);
    this.#settings.restore(at + 1);
    await this.#participants.rollbackTo(at);
    this.#block = "open";
    return { tag: "ROLLBACK", notices: [] };
  }

  /** @throws what the commit throws; the transaction is then over all the same, rolled back. */
  async #finish(isCommit: boolean): Promise<void> {
    const definitions = this.#definitions;
    let isCommitted = false;
    try {
      if (isCommit) await this.#work?.prepareCommit();
      if (isCommit && !this.#companion.areOver) await this.#companion.beforeCommit();
      if (isCommit) await definitions?.prepareCommit();
    } catch (cause) {
      await this.#finish(false);
      throw cause;
    }
    this.#definitions = undefined;
    const work = this.#work;
    this.#work = undefined;
    this.#block = "none";
    try {
      if (isCommit) {
        await definitions?.commit(work);
        await work?.commit();
      } else {
        await work?.rollback();
        await definitions?.rollback();
      }
      isCommitted = isCommit;
    } finally {
      await this.#forget(isCommitted);
    }
  }

  async #forget(isCommitted: boolean): Promise<void> {
    this.#reset(isCommitted);
    if (this.#companion.areOver) this.#companion.forget();
    else await this.#companion.ended(isCommitted);
    await this.#releaseHeld();
  }

  #reset(isCommitted: boolean): void {
    const followers = this.#followers;
    this.#followers = [];
    this.#participants.clear();
    this.#modes = {};
    this.#defaults = {};
    this.#hasRead = false;
    this.#tablesRead.clear();
    if (this.#isStarted && !isCommitted) this.#settings.restore(0);
    this.#isStarted = false;
    this.#settings.endTransaction();
    for (const follower of followers) follower.ended(isCommitted);
  }

  async #releaseHeld(): Promise<void> {
    this.#world = undefined;
    for (const one of this.#held.splice(0)) await one.release();
  }
}
