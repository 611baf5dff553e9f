/**
 * Ordinary tables of the whole server: the lock that lets one transaction at a time write them, the
 * count of their commits, and the names of private tables.
 */

import { Gate } from "../../base/async.ts";
import { log } from "../../base/telemetry.ts";
import type { Engine } from "../../engine/remote.ts";
import type { RunStatement } from "../../engine/request.ts";
import type { ShadowRelation } from "../../postgres/relation.ts";
import { Oid } from "../../types/oids.ts";
import type { Shape } from "../../types/shape.ts";
import type { LockOwner, Locks, LockTarget, LockWait } from "../locks.ts";
import { reconcile } from "./reconcile.ts";
import { SequenceStore } from "./sequence-store.ts";
import { Worlds } from "./worlds.ts";

/** One writer at a time: rowids and what was checked stay true until its commit. */
const WRITE_LOCK: LockTarget = { key: "ordinary tables", title: "ordinary tables" };
/** Beyond this the write-ahead log of plain.duckdb is written into the file. */
const LOG_BYTES_MAX = 16 * 2 ** 20;
/** So often its size is looked at. */
const COMMITS_BETWEEN_LOOKS = 256;

const UNNEEDED_MAX = 32;

const INT8: Shape = { typeOid: Oid.int8, typmod: -1, representation: { kind: "plain" } };

export class PlainStore {
  readonly engine: Engine;
  readonly locks: Locks;
  readonly worlds = new Worlds();
  /** Commits pass alone; who reads as of a world passes while its statement begins. */
  readonly gate = new Gate();
  readonly sequences: SequenceStore;
  readonly #unneeded: string[] = [];
  /** Temporary tables made with ON COMMIT DELETE ROWS. */
  readonly emptiedOnCommit = new Set<number>();
  #lastName = 0;
  #commitsUnlooked = 0;

  /** `relations`: all that the catalogue knows; tables that it does not know are removed. */
  static async open(
    engine: Engine,
    locks: Locks,
    relations: Iterable<ShadowRelation>,
  ): Promise<PlainStore> {
    const store = new PlainStore(engine, locks);
    await reconcile(engine, [...relations]);
    await store.sequences.open();
    return store;
  }

  private constructor(engine: Engine, locks: Locks) {
    this.engine = engine;
    this.locks = locks;
    this.sequences = new SequenceStore(engine);
  }

  async close(): Promise<void> {
    await this.sequences.close();
    await this.engine.checkpointPlain();
  }

  /** A name no other private table has. */
  privateName(): string {
    this.#lastName += 1;
    return `x${this.#lastName}`;
  }

  /** Waits until no other transaction writes. @throws SqlError 40P01, 55P03 */
  async lock(owner: LockOwner, wait: LockWait): Promise<void> {
    await this.locks.acquire(owner, WRITE_LOCK, "exclusive", wait);
  }

  /** Without waiting; false: another transaction writes. */
  tryLock(owner: LockOwner): boolean {
    return this.locks.tryAcquire(owner, WRITE_LOCK, "exclusive");
  }

  /** Private tables that nobody needs any more; those who read them go on. */
  dropLater(tables: readonly string[]): void {
    this.#unneeded.push(...tables);
  }

  /** Drops them on the way: `task` executes the statements, all or none. */
  async dropping<T>(task: (drops: readonly string[]) => Promise<T>): Promise<T> {
    const tables = this.#unneeded.splice(0);
    try {
      return await task(tables.map((table) => `DROP TABLE IF EXISTS ${table}`));
    } catch (cause) {
      this.dropLater(tables);
      throw cause;
    }
  }

  /** When they have become many. */
  async dropMany(): Promise<void> {
    if (this.#unneeded.length <= UNNEEDED_MAX) return;
    await this.dropping(async (drops) => await this.runAll(drops));
  }

  async runAll(statements: readonly string[]): Promise<void> {
    if (statements.length === 0) return;
    await this.engine.run({ statements: statements.map((sql) => ({ sql })) });
  }

  /** One number of the engine's. */
  async number(statement: RunStatement): Promise<bigint | null> {
    const [result] = await this.engine.run({ statements: [{ ...statement, shapes: [INT8] }] });
    return (result?.rows[0]?.[0] ?? null) as bigint | null;
  }

  /** By who holds the write lock, after a commit: rows get other rowids. */
  async tidyLog(): Promise<void> {
    this.#commitsUnlooked += 1;
    if (this.#commitsUnlooked < COMMITS_BETWEEN_LOOKS) return;
    this.#commitsUnlooked = 0;
    try {
      const bytes = await this.number({ sql: LOG_SIZE });
      if ((bytes ?? 0n) > LOG_BYTES_MAX) await this.engine.checkpointPlain();
    } catch (cause) {
      // A sequence may be writing just now; what was committed is committed.
      log("info", "the log of ordinary tables stays for now", { cause });
    }
  }
}

const LOG_SIZE =
  "SELECT CAST(coalesce(sum(parse_formatted_bytes(wal_size)), 0) AS BIGINT)" +
  " FROM pragma_database_size() WHERE database_name = 'plain'";
