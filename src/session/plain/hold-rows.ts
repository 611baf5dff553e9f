/**
 * The short way of INSERT: a few rows, made without a query, are looked at in memory and by one
 * prepared query over parameters, and when nothing speaks against them wait in memory for COMMIT.
 * It never refuses: what it cannot pass, staging judges.
 */

import { blockReaders } from "../../engine/read-block.ts";
import type { EngineParameter, RunStatement } from "../../engine/request.ts";
import type { ShadowColumn, ShadowIndex, ShadowRelation } from "../../postgres/relation.ts";
import type { RowBlock } from "../../table/row-block.ts";
import type { SqlValue } from "../../types/value.ts";
import type { Execution } from "../execution.ts";
import { awaitDeferred } from "./check-deferred.ts";
import { type Reference, referencesFrom } from "./foreign-keys.ts";
import type { HeldKey } from "./held.ts";
import { canBePassed, keyGroup, keyText, passedText, passedValue } from "./held-values.ts";
import { comparableColumn, isSimple, uniqueIndexes } from "./keys.ts";
import { checkQuery } from "./passed-checks.ts";
import { settledRows } from "./scan.ts";
import { INT8 } from "./staged.ts";
import type { PlainWrites } from "./writes.ts";

/** Each is asked about by itself. */
const PROBED_ROWS_MAX = 4;
/** More rows are better read by the engine at once. */
const HELD_ROWS_MAX = 10_000;
/** Rows of single statements take many times their bytes. */
const HELD_STATEMENTS_MAX = 2000;

interface Probe {
  readonly sql: string;
  readonly parameters: readonly EngineParameter[];
}

/** True: the rows are the transaction's own now. */
export async function holdRows(
  block: RowBlock,
  relation: ShadowRelation,
  execution: Execution,
  writes: PlainWrites,
): Promise<boolean> {
  if (block.rows === 0 || block.rows > HELD_ROWS_MAX) return false;
  const holder = RowHolder.of(relation, execution, writes);
  if (holder === undefined) return false;
  if (holder.asks && block.rows > PROBED_ROWS_MAX) return false;
  // A probe would still find them.
  if (holder.asks && writes.holdsGone) await writes.settle();
  const keys = await holder.keysOfClean(block);
  if (keys === undefined) return false;
  holder.putOff();
  if (writes.hold(relation, block, keys) >= HELD_STATEMENTS_MAX) await writes.settle();
  return true;
}

export class RowHolder {
  readonly #relation: ShadowRelation;
  readonly #execution: Execution;
  readonly #writes: PlainWrites;
  readonly #indexes: readonly ShadowIndex[];
  readonly #references: readonly Reference[];
  /** Those that are looked at before COMMIT. */
  readonly #later: readonly Reference[];
  /** The query of the CHECK constraints; undefined: there are none. */
  readonly #checks: string | undefined;

  private constructor(
    relation: ShadowRelation,
    execution: Execution,
    writes: PlainWrites,
    checks: string | undefined,
    changed: ReadonlySet<number> | undefined,
  ) {
    const isTouched = (columns: readonly number[]) =>
      changed === undefined || columns.some((number) => changed.has(number));
    this.#relation = relation;
    this.#execution = execution;
    this.#writes = writes;
    this.#indexes = uniqueIndexes(relation).filter(
      (index) => !isSimple(index) || isTouched(index.columns),
    );
    const references = referencesFrom(relation, execution).filter(({ constraint }) =>
      isTouched(constraint.columns),
    );
    const { deferred } = writes;
    this.#references = references.filter(({ constraint }) => !deferred.isDeferred(constraint));
    this.#later = references.filter(({ constraint }) => deferred.isDeferred(constraint));
    this.#checks = checks;
  }

  /**
   * `changed`: the columns of an UPDATE that may have changed; its rows' old keys would be found.
   * undefined: rows of the table need more than this.
   */
  static of(
    relation: ShadowRelation,
    execution: Execution,
    writes: PlainWrites,
    changed?: ReadonlySet<number>,
  ): RowHolder | undefined {
    const { columns } = relation;
    if (columns.some(({ generated }) => generated !== null)) return undefined;
    const checks = checkQuery(relation, execution);
    if (checks === "unknown") return undefined;
    if (checks !== undefined && !columns.every(canBePassed)) return undefined;
    const hasLateKey = relation.constraints.some(
      (one) => one.foreign === null && writes.deferred.isDeferred(one),
    );
    if (hasLateKey) return undefined;
    const holder = new RowHolder(relation, execution, writes, checks, changed);
    if (changed !== undefined && holder.#indexes.length > 0) return undefined;
    const hasPlainKeys = holder.#indexes.every(
      (index) =>
        isSimple(index) && !index.nullsNotDistinct && isComparable(relation, index.columns),
    );
    const hasPlainReferences = holder.#references.every(
      ({ constraint, key }) =>
        (key.match !== "full" || constraint.columns.length === 1) &&
        isComparable(relation, constraint.columns),
    );
    return hasPlainKeys && hasPlainReferences ? holder : undefined;
  }

  /** The rows are kept. */
  putOff(): void {
    for (const { constraint } of this.#later) {
      this.#writes.deferred.putOff(constraint, this.#relation, this.#execution);
    }
    awaitDeferred(this.#writes, this.#execution);
  }

  /** Whether a row cannot be judged without the engine. */
  get asks(): boolean {
    return this.#indexes.length + this.#references.length > 0 || this.#checks !== undefined;
  }

  /** The keys of the rows; undefined: one of them may break a rule. */
  async keysOfClean(block: RowBlock): Promise<HeldKey[] | undefined> {
    const { columns } = this.#relation;
    const readers = blockReaders(block, columns);
    const keys: HeldKey[] = [];
    const texts = new Set<string>();
    const rows: (readonly SqlValue[])[] = [];
    const isRead = this.asks || columns.some(({ isNotNull }) => isNotNull);
    for (let row = 0; isRead && row < block.rows; row += 1) {
      const values = readers.map((cell) => cell(row));
      if (columns.some(({ isNotNull }, at) => isNotNull && values[at] === null)) return undefined;
      for (const index of this.#indexes) {
        const text = keyText(this.#pick(values, index.columns));
        if (text === undefined) continue;
        const key = { indexOid: index.oid, text };
        const name = `${index.oid} ${text}`;
        if (texts.has(name) || this.#writes.holds(this.#relation.oid, key)) return undefined;
        texts.add(name);
        keys.push(key);
      }
      rows.push(values);
    }
    if (!this.asks) return keys;
    return (await this.#areClean(rows, keys)) ? keys : undefined;
  }

  async #areClean(
    rows: readonly (readonly SqlValue[])[],
    own: readonly HeldKey[],
  ): Promise<boolean> {
    const probes = rows.map((values) => this.#probe(values, own));
    const statements = probes.flatMap(({ sql, parameters }): RunStatement[] =>
      sql === "" ? [] : [{ sql, parameters, shapes: [INT8], isRepeated: true }],
    );
    if (statements.length === 0) return true;
    const { services, settings, signal } = this.#execution;
    const timeZone = this.#checks === undefined ? "UTC" : settings.text.timeZone;
    const results = await services.engine.run({ statements, timeZone }, signal);
    return results.every(({ rows: [found] }) => found?.[0] === 0n);
  }

  /** A query that comes to 0 when the row keeps every rule; empty: there is nothing to ask. */
  #probe(values: readonly SqlValue[], own: readonly HeldKey[]): Probe {
    const parameters = new Parameters(this.#relation.columns, values);
    const clashes = this.#indexes.flatMap((index) => {
      if (this.#pick(values, index.columns).includes(null)) return [];
      const rows = this.#existing(this.#relation, index.columns);
      const pairs = index.columns.map((number) => [number, number] as const);
      return [`SELECT 1 AS n FROM ${rows} WHERE ${this.#equal(this.#relation, pairs, parameters)}`];
    });
    const missing = this.#references.flatMap((reference) => {
      const { constraint, key, to } = reference;
      const given = this.#pick(values, constraint.columns);
      if (given.includes(null) || this.#holdsTarget(reference, given, own)) return [];
      const pairs = constraint.columns.map((number, at) => [number, key.columns[at] ?? 0] as const);
      const where = this.#equal(to, pairs, parameters);
      return [`NOT EXISTS (SELECT 1 FROM ${this.#existing(to, key.columns)} WHERE ${where})`];
    });
    const checks = this.#checks === undefined ? [] : [this.#checks];
    const parts = [...clashes, ...missing.map((test) => `SELECT 1 AS n WHERE ${test}`), ...checks];
    if (parts.length === 0) return { sql: "", parameters: [] };
    const row = this.#checks === undefined ? "" : `WITH pgtide_row_now AS (${parameters.row()}) `;
    const sql = `${row}SELECT count(*) FROM (${parts.join(" UNION ALL ")})`;
    return { sql, parameters: parameters.used };
  }

  /** Whether the row that is pointed at is the transaction's own, and still in memory. */
  #holdsTarget(
    { constraint, key, from, to }: Reference,
    given: readonly SqlValue[],
    own: readonly HeldKey[],
  ): boolean {
    const index = uniqueIndexes(to).find(
      (one) =>
        isSimple(one) &&
        one.columns.length === key.columns.length &&
        one.columns.every((number) => key.columns.includes(number)),
    );
    if (index === undefined) return false;
    const isAlike = constraint.columns.every(
      (number, at) => groupOf(from, number) === groupOf(to, key.columns[at] ?? 0),
    );
    if (!isAlike) return false;
    const values = index.columns.map((number) => given[key.columns.indexOf(number)] ?? null);
    const sought = { indexOid: index.oid, text: keyText(values) ?? "" };
    const isOwn = own.some(
      ({ indexOid, text }) => indexOid === sought.indexOid && text === sought.text,
    );
    return isOwn || this.#writes.holds(to.oid, sought);
  }

  #existing(relation: ShadowRelation, columnNumbers: readonly number[]): string {
    return settledRows(relation, columnNumbers, this.#execution.services.plain, this.#writes);
  }

  /** Pairs of a column of the new row and one of `there`. */
  #equal(
    there: ShadowRelation,
    pairs: readonly (readonly [number, number])[],
    parameters: Parameters,
  ): string {
    return pairs
      .map(([own, other]) => {
        const left = comparableColumn(there, other);
        return `${left} = ${parameters.text(own)}`;
      })
      .join(" AND ");
  }

  #pick(values: readonly SqlValue[], numbers: readonly number[]): SqlValue[] {
    const { columns } = this.#relation;
    return numbers.map(
      (number) => values[columns.findIndex((column) => column.number === number)] ?? null,
    );
  }
}

/** Values of one row, numbered as a query comes to name them. */
class Parameters {
  readonly used: EngineParameter[] = [];
  readonly #columns: readonly ShadowColumn[];
  readonly #values: readonly SqlValue[];
  readonly #numbers = new Map<number, number>();

  constructor(columns: readonly ShadowColumn[], values: readonly SqlValue[]) {
    this.#columns = columns;
    this.#values = values;
  }

  text(columnNumber: number): string {
    const at = this.#columns.findIndex(({ number }) => number === columnNumber);
    const column = this.#columns[at] as ShadowColumn;
    let number = this.#numbers.get(columnNumber);
    if (number === undefined) {
      number = this.used.push(passedValue(column, this.#values[at] ?? null));
      this.#numbers.set(columnNumber, number);
    }
    return passedText(column, number);
  }

  /** A SELECT of all columns under the names of the store. */
  row(): string {
    const list = this.#columns.map(({ number }) => `${this.text(number)} AS c${number}`);
    return `SELECT ${list.join(", ")}`;
  }
}

export function isComparable(relation: ShadowRelation, columnNumbers: readonly number[]): boolean {
  return columnNumbers.every((number) => groupOf(relation, number) !== undefined);
}

function groupOf({ columns }: ShadowRelation, columnNumber: number): string | undefined {
  const column = columns.find(({ number }) => number === columnNumber);
  return column && keyGroup(column);
}
