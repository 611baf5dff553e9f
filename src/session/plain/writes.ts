/**
 * What one transaction has done to ordinary tables and not yet committed. Reads of the transaction
 * see it; COMMIT puts it into DuckDB in one short transaction; ROLLBACK drops it.
 */

import { assert, SqlError } from "../../base/errors.ts";
import type { RunStatement } from "../../engine/request.ts";
import type { ShadowRelation } from "../../postgres/relation.ts";
import type { RowBlock } from "../../table/row-block.ts";
import type { LockOwner, LockWait } from "../locks.ts";
import type { Participant } from "../participant.ts";
import { commitStatements } from "./commit-statements.ts";
import { Deferred } from "./deferred.ts";
import type { HeldKey, Replaced } from "./held.ts";
import { Generation } from "./overlay.ts";
import { columnList, isTemporary, privateTable } from "./physical.ts";
import { changePrivate, settleHeld } from "./settle-held.ts";
import type { Staged } from "./staged.ts";
import type { PlainStore } from "./store.ts";
import type { PlainWorld } from "./worlds.ts";

/** What the transaction has made of one table. */
export interface ChangedTable {
  readonly oid: number;
  readonly isTemporary: boolean;
  /** Made by this transaction: nothing of it is committed. */
  readonly isNew: boolean;
  /** Newest last; never empty. */
  readonly generations: Generation[];
}

export class PlainWrites implements Participant {
  readonly #store: PlainStore;
  readonly #owner: LockOwner;
  readonly #tables = new Map<number, ChangedTable>();
  /** Numbers of the statements before each savepoint. */
  readonly #marks: number[] = [];
  #statement = 0;
  #lastRow = 0;
  /** Of a transaction that keeps one world. */
  #world: PlainWorld | undefined;
  #isSerializable = false;
  readonly #read = new Set<number>();
  readonly deferred = new Deferred();

  constructor(store: PlainStore, owner: LockOwner) {
    this.#store = store;
    this.#owner = owner;
  }

  /** Whether a commit has nothing to do. */
  get isEmpty(): boolean {
    return this.#tables.size === 0;
  }

  /** OIDs of the tables it has changed. */
  get changedOids(): readonly number[] {
    return [...this.#tables.keys()];
  }

  /** Whether a commit changes plain.duckdb. */
  get isDurable(): boolean {
    return [...this.#tables.values()].some((table) => !table.isTemporary);
  }

  /** From now on the transaction reads ordinary tables as of the world. */
  keepWorld(world: PlainWorld, isSerializable: boolean): void {
    this.#world = world;
    this.#isSerializable = isSerializable;
  }

  /** The transaction has read the table. */
  noteRead(oid: number): void {
    if (this.#isSerializable) this.#read.add(oid);
  }

  get world(): PlainWorld | undefined {
    return this.#world;
  }

  /**
   * Before the first change of a table that is not temporary, and before reading what is to be
   * changed. @throws SqlError 40P01, 55P03, 40001
   */
  async lock(relation: ShadowRelation, wait: LockWait): Promise<void> {
    if (isTemporary(relation)) return;
    await this.#store.lock(this.#owner, wait);
    this.refuseStale(relation.oid);
  }

  /** @throws SqlError 40001 */
  refuseStale(oid: number): void {
    if (this.#world === undefined || !this.#store.worlds.hasChanged(oid, this.#world)) return;
    throw new SqlError("40001", "could not serialize access due to concurrent update");
  }

  mark(): void {
    this.#marks.push(this.#statement);
    this.deferred.mark();
  }

  release(index: number): void {
    this.#marks.length = index;
    this.deferred.release(index);
  }

  async rollbackTo(index: number): Promise<void> {
    const statement = this.#marks[index];
    assert(statement !== undefined, "a savepoint that ordinary tables do not know");
    this.#marks.length = index + 1;
    this.deferred.rollbackTo(index);
    const undo: string[] = [];
    for (const table of [...this.#tables.values()]) {
      const later = table.generations.filter((one) => one.statement > statement);
      for (const one of later) this.#store.dropLater(one.tables());
      table.generations.splice(table.generations.length - later.length);
      for (const one of table.generations) undo.push(...one.undoAfter(statement));
      if (table.generations.length === 0) this.#tables.delete(table.oid);
    }
    await this.#store.runAll(undo);
  }

  /** Entries of a later statement can be told from those before. */
  beginStatement(): number {
    this.#statement += 1;
    return this.#statement;
  }

  /** What this transaction has made of the table; undefined: nothing. */
  generation(oid: number): Generation | undefined {
    return this.#tables.get(oid)?.generations.at(-1);
  }

  /** Whether it was made or emptied since the last savepoint. */
  isFresh(oid: number): boolean {
    const generation = this.generation(oid);
    return generation?.hasBase === false && generation.statement > (this.#marks.at(-1) ?? 0);
  }

  /** CREATE TABLE: empty, and nothing committed beneath. */
  create(relation: ShadowRelation): void {
    this.#push(relation.oid, isTemporary(relation), true, relation, false);
  }

  /** What comes after it belongs to a table without rows: TRUNCATE, or a rewrite. */
  replace(relation: ShadowRelation): void {
    this.#push(relation.oid, isTemporary(relation), false, relation, false);
  }

  drop(relation: ShadowRelation): void {
    this.#push(relation.oid, isTemporary(relation), false, undefined, false);
  }

  /**
   * The rows of a statement, checked and complete. True: their table is ours from now on, and stays
   * where it is.
   */
  keep({ relation, table, rows, identity, newValues }: Staged): boolean {
    const generation = this.#writable(relation);
    if (!generation.isUntouched) return false;
    const values = relation.columns.map(({ number }) => newValues.get(number) ?? "NULL");
    generation.keep({
      statement: this.#statement,
      table,
      rows,
      firstRow: this.#lastRow + 1,
      identity,
      values: newValues.size === 0 ? undefined : values,
    });
    this.#lastRow += rows;
    return true;
  }

  /**
   * The same for rows of a block, which wait in memory; `keys`: of each of them. Gives how many
   * statements' rows do.
   */
  hold(
    relation: ShadowRelation,
    block: RowBlock,
    keys: readonly HeldKey[],
    replaced?: Replaced,
  ): number {
    const { held } = this.#writable(relation);
    held.add(this.#statement, block, keys, replaced);
    return held.statements;
  }

  /** Committed rows are deleted, which waits in memory: of a table that is untouched. */
  holdGone(relation: ShadowRelation, rowids: readonly bigint[]): void {
    this.#writable(relation).held.addGone(this.#statement, rowids);
  }

  get holdsGone(): boolean {
    return [...this.#tables.values()].some(
      ({ generations }) => (generations.at(-1)?.held.gone.length ?? 0) > 0,
    );
  }

  /** The transaction has changed no row of it. */
  isUntouched(oid: number): boolean {
    const generation = this.generation(oid);
    return generation === undefined || (generation.hasBase && generation.isUntouched);
  }

  /** Whether a row with this key waits in memory. */
  holds(oid: number, key: HeldKey): boolean {
    return this.generation(oid)?.held.has(key) === true;
  }

  /** Puts what waits in memory where statements can read it: to be called before any does. */
  async settle(): Promise<void> {
    for (const { generations } of this.#tables.values()) {
      const generation = generations.at(-1);
      if (generation?.relation === undefined || generation.held.isEmpty) continue;
      this.#lastRow += await settleHeld(
        generation,
        generation.relation,
        this.#store,
        this.#lastRow,
      );
    }
  }

  /** `select` gives the columns of the relation in order. Gives how many rows there were. */
  async insert(relation: ShadowRelation, select: string): Promise<number> {
    const generation = this.#writable(relation);
    const [columns, first] = [columnList(relation), this.#lastRow + 1];
    const statement = this.#statement;
    const rows = await changePrivate(
      this.#store,
      generation,
      `INSERT INTO ${generation.own} (pgtide_row, statement, ${columns})` +
        ` SELECT -(row_number() OVER () + ${first - 1}), ${statement}, * FROM (${select})`,
    );
    this.#lastRow += rows;
    generation.noteOwn(statement, rows);
    return rows;
  }

  /** `select` gives identities, none twice. */
  async delete(relation: ShadowRelation, select: string): Promise<void> {
    const generation = this.#writable(relation);
    const statement = this.#statement;
    const rows = await changePrivate(
      this.#store,
      generation,
      `INSERT INTO ${generation.deleted} SELECT *, ${statement} FROM (${select})`,
    );
    generation.noteDeleted(statement, rows);
  }

  /**
   * In one DuckDB transaction, `more` included. Durable on return. The write lock stays: who owns
   * the transaction frees it.
   */
  async commit(more: readonly RunStatement[] = []): Promise<void> {
    const all = [...this.#tables.values()];
    const durable = all.filter((table) => !table.isTemporary);
    const { engine, worlds, gate } = this.#store;
    if (durable.length > 0) {
      await gate.alone(async () => {
        this.#refuseMoved();
        for (const { oid, isNew } of durable) if (!isNew) await this.#copyForReaders(oid);
        const statements = commitStatements(durable);
        try {
          await engine.run({ statements: [...statements, ...more] });
        } finally {
          // A failure that was none after all must be known, too; the copies hold in any case.
          worlds.commit(durable.map(({ oid }) => oid));
        }
      });
    } else if (more.length > 0) {
      await engine.run({ statements: more });
    }
    const temporary = all.filter((table) => table.isTemporary);
    for (const { oid, generations } of temporary) {
      const relation = generations.at(-1)?.relation;
      if (relation && this.#store.emptiedOnCommit.has(oid)) this.replace(relation);
    }
    const statements = commitStatements(temporary);
    if (statements.length > 0) await engine.run({ statements });
    if (durable.length > 0) await this.#store.tidyLog();
  }

  /** After a commit, or instead of one. */
  async discard(): Promise<void> {
    const tables = [...this.#tables.values()];
    this.#tables.clear();
    this.#marks.length = 0;
    const unused = this.#world === undefined ? [] : this.#store.worlds.unpin(this.#world);
    this.#world = undefined;
    this.#store.dropLater([
      ...tables.flatMap(({ generations }) => generations.flatMap((one) => one.tables())),
      ...unused,
    ]);
    await this.#store.dropMany();
  }

  /** What was read would be read otherwise now. @throws SqlError 40001 */
  #refuseMoved(): void {
    const world = this.#world;
    if (world === undefined) return;
    if (![...this.#read].some((oid) => this.#store.worlds.hasChanged(oid, world))) return;
    throw new SqlError(
      "40001",
      "could not serialize access due to read/write dependencies among transactions",
      { hint: "The transaction might succeed if retried." },
    );
  }

  async #copyForReaders(oid: number): Promise<void> {
    const { worlds } = this.#store;
    if (!worlds.needsCopy(oid)) return;
    const copy = privateTable(`${this.#store.privateName()}_old`);
    await this.#store.runAll([
      `CREATE TABLE ${copy} AS SELECT rowid AS pgtide_row, * FROM plain.main.t_${oid}`,
    ]);
    worlds.keepCopy(oid, copy);
  }

  #writable(relation: ShadowRelation): Generation {
    const known = this.generation(relation.oid);
    if (known !== undefined) {
      assert(known.relation !== undefined, "a change of a table that was dropped");
      return known;
    }
    return this.#push(relation.oid, isTemporary(relation), false, relation, true);
  }

  #push(
    oid: number,
    isTemporaryTable: boolean,
    isNew: boolean,
    relation: ShadowRelation | undefined,
    hasBase: boolean,
  ): Generation {
    const name = this.#store.privateName();
    const generation = new Generation(name, this.#statement, relation, hasBase);
    const known = this.#tables.get(oid);
    if (known === undefined) {
      const generations = [generation];
      this.#tables.set(oid, { oid, isTemporary: isTemporaryTable, isNew, generations });
    } else {
      known.generations.push(generation);
    }
    return generation;
  }
}
