/**
 * What one transaction has done to one ordinary table and not yet committed: its own rows in a
 * private table, identities of deleted rows in another, each entry with the number of the statement
 * that made it, so that a savepoint can take it back. What replaces the table's content as a whole
 * (TRUNCATE, a rewrite, CREATE, DROP) begins a new generation on top of the older ones.
 *
 * The rows of a first statement stay where they were staged until there is a second one: most
 * transactions have only one.
 *
 * A row is told apart by DuckDB's rowid when it is committed, and by a negative number of ours when
 * it is the transaction's own.
 */

import type { ShadowRelation } from "../../postgres/relation.ts";
import { Held } from "./held.ts";
import {
  columnDefinitions,
  columnList,
  columnName,
  privateTable,
  ROW_IDENTITY,
} from "./physical.ts";

/** Rows added to a private table by one statement. */
interface Entry {
  readonly statement: number;
  readonly rows: number;
}

/** A statement's staged rows, kept instead of a copy of them. */
export interface StagedPart {
  readonly statement: number;
  readonly table: string;
  readonly rows: number;
  /** Row n of it is row -(n + firstRow) of the transaction. */
  readonly firstRow: number;
  /** Where the identities of deleted rows are, if there are any. */
  readonly identity: string | undefined;
  /** The columns of new rows, in order; undefined: there are none. */
  readonly values: readonly string[] | undefined;
}

export class Generation {
  /** The statement that began it. */
  readonly statement: number;
  /** As it was defined then; undefined: dropped. */
  readonly relation: ShadowRelation | undefined;
  /** Whether committed rows are part of it. */
  readonly hasBase: boolean;
  readonly own: string;
  readonly deleted: string;
  /** New rows that are in no table yet. */
  readonly held = new Held();
  #part: StagedPart | undefined;
  #owned: Entry[] = [];
  #deletions: Entry[] = [];
  #isMade = false;

  constructor(
    name: string,
    statement: number,
    relation: ShadowRelation | undefined,
    hasBase: boolean,
  ) {
    this.statement = statement;
    this.relation = relation;
    this.hasBase = hasBase;
    this.own = privateTable(`${name}_own`);
    this.deleted = privateTable(`${name}_gone`);
  }

  /** A relation of the transaction's rows, identity and columns; undefined: none. */
  get ownRows(): string | undefined {
    const part = this.#part;
    if (part === undefined) return this.#owned.length > 0 ? this.own : undefined;
    if (part.values === undefined || part.rows === 0) return undefined;
    const columns = this.relation?.columns ?? [];
    const values = part.values.map(
      (value, at) => `, ${value} AS ${columnName(columns[at]?.number ?? 0)}`,
    );
    return `(SELECT -(rowid + ${part.firstRow}) AS ${ROW_IDENTITY}${values.join("")} FROM ${part.table})`;
  }

  /** A relation of the identities of deleted rows; undefined: none. */
  get goneRows(): string | undefined {
    const part = this.#part;
    if (part === undefined) return this.#deletions.length > 0 ? this.deleted : undefined;
    if (part.identity === undefined || part.rows === 0) return undefined;
    return `(SELECT ${part.identity} AS ${ROW_IDENTITY} FROM ${part.table})`;
  }

  /** Whether a statement's rows may stay where they are. */
  get isUntouched(): boolean {
    const isEmpty = this.#part === undefined && this.#owned.length + this.#deletions.length === 0;
    return isEmpty && this.held.isEmpty;
  }

  keep(part: StagedPart): void {
    this.#part = part;
  }

  /** Statements after which rows can be added. */
  prepare(): string[] {
    return [...this.#make(), ...this.#unpack()];
  }

  /** They have been executed; gives a table that is of no more use. */
  prepared(): string[] {
    this.#isMade = true;
    const part = this.#part;
    if (part === undefined) return [];
    this.#part = undefined;
    if (part.identity !== undefined) this.noteDeleted(part.statement, part.rows);
    if (part.values !== undefined) this.noteOwn(part.statement, part.rows);
    return [part.table];
  }

  noteOwn(statement: number, rows: number): void {
    if (rows > 0) this.#owned.push({ statement, rows });
  }

  noteDeleted(statement: number, rows: number): void {
    if (rows > 0) this.#deletions.push({ statement, rows });
  }

  /** Statements that take back what later statements than this one did. */
  undoAfter(statement: number): string[] {
    this.held.undoAfter(statement);
    if (this.#part !== undefined) {
      if (this.#part.statement <= statement) return [];
      const { table } = this.#part;
      this.#part = undefined;
      return [`DROP TABLE ${table}`];
    }
    const before = (entry: Entry) => entry.statement <= statement;
    const [owned, deletions] = [this.#owned, this.#deletions];
    this.#owned = owned.filter(before);
    this.#deletions = deletions.filter(before);
    return [
      ...(this.#owned.length < owned.length ? [this.own] : []),
      ...(this.#deletions.length < deletions.length ? [this.deleted] : []),
    ].map((table) => `DELETE FROM ${table} WHERE statement > ${statement}`);
  }

  /** Tables to be dropped with it. */
  tables(): string[] {
    return [
      ...(this.#part === undefined ? [] : [this.#part.table]),
      ...(this.#isMade ? [this.own, this.deleted] : []),
    ];
  }

  /**
   * SELECTs whose union is the table as the transaction sees it: identity, then the columns.
   * `without` is a SELECT of identities to leave out besides.
   */
  selects(base: string, columnNumbers: readonly number[], without?: string): string[] {
    const columns = columnNumbers.map((number) => `, r.${columnName(number)}`).join("");
    const gone = this.goneRows;
    const part = (table: string, identity: string) => {
      const leftOut = [gone, without && `(${without})`].flatMap((one, at) =>
        one === undefined
          ? []
          : ` ANTI JOIN ${one} AS g${at} ON r.${identity} = g${at}.${ROW_IDENTITY}`,
      );
      const from = `FROM ${table} AS r${leftOut.join("")}`;
      return `SELECT r.${identity} AS ${ROW_IDENTITY}${columns} ${from}`;
    };
    const parts: string[] = [];
    if (this.hasBase) parts.push(part(base, "rowid"));
    if (this.ownRows !== undefined) parts.push(part(this.ownRows, ROW_IDENTITY));
    return parts;
  }

  #make(): string[] {
    if (this.#isMade || this.relation === undefined) return [];
    const columns = columnDefinitions(this.relation);
    return [
      `CREATE TABLE ${this.own} (${ROW_IDENTITY} BIGINT, statement BIGINT, ${columns})`,
      `CREATE TABLE ${this.deleted} (${ROW_IDENTITY} BIGINT, statement BIGINT)`,
    ];
  }

  #unpack(): string[] {
    const part = this.#part;
    if (part === undefined || this.relation === undefined) return [];
    const [own, gone] = [this.ownRows, this.goneRows];
    const columns = columnList(this.relation);
    const { statement } = part;
    return [
      ...(gone === undefined
        ? []
        : [`INSERT INTO ${this.deleted} SELECT ${ROW_IDENTITY}, ${statement} FROM ${gone}`]),
      ...(own === undefined
        ? []
        : [
            `INSERT INTO ${this.own} (${ROW_IDENTITY}, statement, ${columns})` +
              ` SELECT ${ROW_IDENTITY}, ${statement}, ${columns} FROM ${own}`,
          ]),
    ];
  }
}
