/**
 * What one transaction has done to one ordinary table and not yet committed: its own rows in a
 * private table, identities of deleted rows in another, each entry with the number of the statement
 * that made it, so that a savepoint can take it back. What replaces the table's content as a whole
 * (TRUNCATE, a rewrite, CREATE, DROP) begins a new generation on top of the older ones.
 *
 * A row is told apart by DuckDB's rowid when it is committed, and by a negative number of ours when
 * it is the transaction's own.
 */

import type { ShadowRelation } from "../../postgres/relation.ts";
import { columnDefinitions, columnName, privateTable, ROW_IDENTITY } from "./physical.ts";

/** Rows added to a private table by one statement. */
interface Entry {
  readonly statement: number;
  readonly rows: number;
}

export class Generation {
  /** The statement that began it. */
  readonly statement: number;
  /** As it was defined then; undefined: dropped. */
  relation: ShadowRelation | undefined;
  /** Whether committed rows are part of it. */
  readonly hasBase: boolean;
  readonly own: string;
  readonly deleted: string;
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

  get hasOwn(): boolean {
    return this.#owned.length > 0;
  }

  get hasDeleted(): boolean {
    return this.#deletions.length > 0;
  }

  /** Statements that make the private tables, until they are made. */
  make(): string[] {
    if (this.#isMade || this.relation === undefined) return [];
    const columns = columnDefinitions(this.relation);
    return [
      `CREATE TABLE ${this.own} (${ROW_IDENTITY} BIGINT, statement BIGINT, ${columns})`,
      `CREATE TABLE ${this.deleted} (${ROW_IDENTITY} BIGINT, statement BIGINT)`,
    ];
  }

  noteMade(): void {
    this.#isMade = true;
  }

  noteOwn(statement: number, rows: number): void {
    if (rows > 0) this.#owned.push({ statement, rows });
  }

  noteDeleted(statement: number, rows: number): void {
    if (rows > 0) this.#deletions.push({ statement, rows });
  }

  /** Statements that take back what later statements than this one did. */
  undoAfter(statement: number): string[] {
    const before = (entry: Entry) => entry.statement <= statement;
    const [owned, deletions] = [this.#owned, this.#deletions];
    this.#owned = owned.filter(before);
    this.#deletions = deletions.filter(before);
    return [
      ...(this.#owned.length < owned.length ? [this.own] : []),
      ...(this.#deletions.length < deletions.length ? [this.deleted] : []),
    ].map((table) => `DELETE FROM ${table} WHERE statement > ${statement}`);
  }

  drop(): string[] {
    if (!this.#isMade) return [];
    this.#isMade = false;
    return [`DROP TABLE ${this.own}`, `DROP TABLE ${this.deleted}`];
  }

  /**
   * SELECTs whose union is the table as the transaction sees it: identity, then the columns.
   * `without` is a SELECT of identities to leave out besides.
   */
  selects(base: string, columnNumbers: readonly number[], without?: string): string[] {
    const columns = columnNumbers.map((number) => `, r.${columnName(number)}`).join("");
    const part = (table: string, identity: string) => {
      const gone = this.hasDeleted
        ? ` ANTI JOIN ${this.deleted} AS g ON r.${identity} = g.${ROW_IDENTITY}`
        : "";
      const more =
        without === undefined
          ? ""
          : ` ANTI JOIN (${without}) AS w ON r.${identity} = w.${ROW_IDENTITY}`;
      return `SELECT r.${identity} AS ${ROW_IDENTITY}${columns} FROM ${table} AS r${gone}${more}`;
    };
    const parts: string[] = [];
    if (this.hasBase) parts.push(part(base, "rowid"));
    if (this.hasOwn) parts.push(part(this.own, ROW_IDENTITY));
    return parts;
  }
}
