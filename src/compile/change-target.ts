/** What the compilation of every kind of change starts from, and the list its source selects. */

import type { ViewCheck } from "./change-plan.ts";
import { startCompilation } from "./compilation.ts";
import { storedShape } from "./duckdb-types.ts";
import type { Sql } from "./expression.ts";
import type { CompiledQuery, Generator, Scope } from "./generator.ts";
import type { CompileContext, PlanColumn, RelationInfo } from "./plan.ts";
import { refuse } from "./refusals.ts";
import { inOneColumn, toStored } from "./stored-rows.ts";
import type { QueryNode } from "./tree.ts";

export interface ChangeTarget {
  readonly query: QueryNode;
  readonly info: RelationInfo;
  readonly context: CompileContext;
}

export interface ColumnPosition {
  readonly columnNumber: number;
  readonly sourceColumn: number;
}

/** @throws SqlError 0A000 for what no change can do here */
export function changeTarget(query: QueryNode, context: CompileContext): ChangeTarget {
  if (query.hasModifyingCTE) {
    return refuse("a data-modifying WITH query", "Run the changes as statements of their own.");
  }
  if (query.commandType === 5) {
    return refuse("MERGE", "Use INSERT with ON CONFLICT, UPDATE ... FROM or DELETE ... USING.");
  }
  const entry = query.rtable?.[query.resultRelation - 1];
  const info = entry && context.relation(entry.relid);
  if (info === undefined || info.kind === "store") return refuse("a change of this relation");
  return { query, info, context };
}

export function scopeOf(query: QueryNode, generator: Generator, keepsOrder: boolean): Scope {
  return {
    generator,
    id: generator.nextId(),
    query,
    keepsOrder,
    outer: undefined,
    relations: new Map(),
    ctes: new Map(),
  };
}

/** @throws SqlError 0A000 for those of policies, and where nobody looks at them */
export function viewChecks({ query, info }: ChangeTarget): readonly ViewCheck[] {
  const options = query.withCheckOptions ?? [];
  if (options.some(({ kind }) => kind !== 0)) return refuse("row security");
  if (options.length > 0 && info.kind !== "ordinary") {
    return refuse("a change of a time-series table through a view WITH CHECK OPTION");
  }
  if (options.length > 0 && query.onConflict !== null) {
    return refuse("ON CONFLICT of a view WITH CHECK OPTION");
  }
  const rtindex = query.resultRelation;
  return options.flatMap(({ relname, qual }) =>
    qual === null ? [] : [{ view: relname, condition: qual, rtindex }],
  );
}

/** The select list of a source: each value in the representation that its type is stored in. */
export class SourceColumns {
  readonly #values: Sql[] = [];
  readonly #columns: PlanColumn[] = [];

  /** Grows as values are added. */
  get columns(): readonly PlanColumn[] {
    return this.#columns;
  }

  /** The position of a value that is in its stored representation. */
  append(value: Sql): number {
    const position = this.#values.push(value) - 1;
    this.#columns.push({ name: `c${position + 1}`, shape: value.shape });
    return position;
  }

  /** The position of any value, converted; the same text twice is one column. */
  add(value: Sql): number {
    const { typeOid, representation } = value.shape;
    const stored = storedShape(typeOid, -1).representation;
    const isStored = JSON.stringify(stored) === JSON.stringify(representation);
    const sql = isStored ? value : toStored(inOneColumn(value), { typeOid, typmod: -1 });
    const known = this.#values.findIndex(({ text }) => text === sql.text);
    return known === -1 ? this.append(sql) : known;
  }

  get list(): string {
    return this.#values.map((value, index) => `${value.text} AS c${index + 1}`).join(", ");
  }

  /** `SELECT list rest` as a whole query. */
  query(text: string, isSmall: boolean): CompiledQuery {
    const columns = this.#columns.map((column) => ({ ...column, mayBeNull: true, sources: [] }));
    return { text, columns, hidden: [], isSmall, hasOrdinal: false };
  }
}

/** A compilation and its outermost scope. */
export function startChange({ query, context }: ChangeTarget, keepsOrder: boolean) {
  const { generator, finish } = startCompilation(context, keepsOrder);
  return { scope: scopeOf(query, generator, keepsOrder), finish };
}
