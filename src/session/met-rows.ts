/**
 * The rows of a time-series table that a few given ones meet, by key: those in memory are found
 * there, for the others the engine is asked, and it keeps nothing.
 */

import { join } from "node:path";
import { assert } from "../base/errors.ts";
import { keyCondition } from "../engine/key-query.ts";
import { blockReaders } from "../engine/read-block.ts";
import { boundShape } from "../engine/stored-expressions.ts";
import {
  type KeyColumns,
  keyRowsOf,
  keysOf,
  keyTextsOf,
  tickScaleOf,
} from "../table/block-keys.ts";
import type { HotRange } from "../table/hot-storage.ts";
import { joinBlocks, selectRows } from "../table/join-blocks.ts";
import { type KeyRows, rawOfTick } from "../table/key-rows.ts";
import type { PruneQuery } from "../table/pruning.ts";
import type { RowBlock } from "../table/row-block.ts";
import type { Segment } from "../table/segment.ts";
import type { TableView } from "../table/table-view.ts";
import { Oid } from "../types/oids.ts";
import type { Shape } from "../types/shape.ts";
import type { Execution } from "./execution.ts";
import { keyColumns, numberedColumns } from "./replaced-rows.ts";
import type { TstableEntry } from "./tables.ts";

/** Where a row is that is in a segment. */
export interface SegmentPlace {
  readonly segment: Segment;
  readonly position: bigint;
}

export interface MetRows {
  /** Number of a given row, ascending, to the place of the row that it meets in `block`. */
  readonly found: ReadonlyMap<number, number>;
  /** All columns of the table. */
  readonly block: RowBlock;
  /** Of each row of the block; undefined: it is in memory. */
  readonly places: readonly (SegmentPlace | undefined)[];
}

/** For more keys than this the engine is not asked in one condition. */
const ASKED_MAX = 64;
/** Rows that it may answer with. */
const ANSWERED_MAX = 10_000;

const TEXT: Shape = { typeOid: Oid.text, typmod: -1, representation: { kind: "plain" } };
const INT8: Shape = { typeOid: Oid.int8, typmod: -1, representation: { kind: "plain" } };

/** `given` meet `query`. undefined: they are too many, or a key is there twice. */
export async function metRows(
  view: TableView,
  entry: TstableEntry,
  given: RowBlock,
  query: PruneQuery,
  execution: Execution,
): Promise<MetRows | undefined> {
  const { keys } = execution.services.intake.table(entry.info.oid).attachment;
  const texts = keyTextsOf(keysOf(given, keys), keys);
  if (new Set(texts).size < texts.length) return undefined;
  const search = new Search(entry, given, texts, execution);
  const look = view.lookHot(texts, query);
  for (const [key, { block, row }] of look?.found ?? []) {
    search.add(key, selectRows(block, [row]), undefined);
  }
  const hot = look === undefined ? await view.hot(query) : look.rest;
  if (!(await search.ask([], hot))) return undefined;
  if (!(await search.ask(search.isDone ? [] : await view.prune(query), []))) return undefined;
  return search.done();
}

class Search {
  readonly #entry: TstableEntry;
  readonly #execution: Execution;
  readonly #keys: KeyRows;
  /** By key: the given row that has it. */
  readonly #wanted: ReadonlyMap<string, number>;
  readonly #found = new Map<
    string,
    { readonly block: RowBlock; place: SegmentPlace | undefined }
  >();

  constructor(
    entry: TstableEntry,
    given: RowBlock,
    texts: readonly string[],
    execution: Execution,
  ) {
    this.#entry = entry;
    this.#execution = execution;
    const { keys } = execution.services.intake.table(entry.info.oid).attachment;
    this.#keys = keyRowsOf(given, keys);
    this.#wanted = new Map(texts.map((text, row) => [text, row]));
  }

  get isDone(): boolean {
    return this.#found.size === this.#wanted.size;
  }

  add(key: string, block: RowBlock, place: SegmentPlace | undefined): void {
    this.#found.set(key, { block, place });
  }

  /** Looks in segments and in rows that the engine has in memory. @returns as `metRows` */
  async ask(segments: readonly Segment[], hot: readonly HotRange[]): Promise<boolean> {
    if (this.isDone || segments.length + hot.length === 0) return true;
    const missing = [...this.#wanted].filter(([key]) => !this.#found.has(key));
    if (missing.length > ASKED_MAX) return false;
    const { services, signal } = this.#execution;
    const entry = this.#entry;
    const columns = numberedColumns(entry);
    const where = this.#condition(missing.map(([, row]) => row));
    const paths = segments.map(({ path }) => join(entry.directory, path));
    // Rows that others hide come, too: it is cheaper than to ask for the last one of each key.
    const options = { identity: true, where };
    const there = await services.engine.bindTable(columns, paths, hot, options);
    const names = columns.map(({ name }) => name);
    const shapes = [TEXT, INT8, ...columns.map(boundShape)];
    const request = {
      sql: `SELECT pgtide_file, pgtide_row, ${names.join(", ")} FROM ${there} AS t WHERE ${where}`,
      parameters: [],
      rowsRelations: [],
      shapes,
      formats: shapes.map(() => 1 as const),
      text: this.#execution.settings.text,
      isSmall: true,
    };
    const types = [TEXT, INT8, ...columns];
    const rows = await services.engine.collect(request, types, ANSWERED_MAX, signal);
    return rows !== undefined && this.#take(rows, new Map(paths.map((p, i) => [p, segments[i]])));
  }

  #condition(rows: readonly number[]): string {
    const entry = this.#entry;
    const byNumber = new Map(numberedColumns(entry).map((column) => [column.number, column]));
    const [time, ...entities] = keyColumns(entry).map((number) => {
      const column = byNumber.get(number);
      assert(column !== undefined, "a table lacks one of its key columns");
      return column;
    });
    assert(time !== undefined, "a table has no time column");
    const wanted = rows.map((row) => ({
      tick: this.#keys.ticks[row] as bigint,
      entity: (this.#keys.entities[this.#keys.entityOf[row] as number]?.entity ?? []).map(
        ({ value }) => value,
      ),
    }));
    return keyCondition({ time, entities }, wanted);
  }

  #take(rows: RowBlock, segments: ReadonlyMap<string, Segment | undefined>): boolean {
    const [files, positions] = blockReaders(rows, [TEXT, INT8]);
    const block = { rows: rows.rows, columns: rows.columns.slice(2) };
    const { keys } = this.#execution.services.intake.table(this.#entry.info.oid).attachment;
    const last = new Map<string, { readonly row: number; readonly position: bigint }>();
    for (const [row, key] of keyTextsOf(keysOf(block, keys), keys).entries()) {
      const known = last.get(key);
      const position = positions?.(row) as bigint;
      if (known !== undefined && segments.size > 0) return false;
      if (known === undefined || known.position < position) last.set(key, { row, position });
    }
    for (const [key, { row, position }] of last) {
      const file = files?.(row) ?? null;
      const segment = file === null ? undefined : segments.get(String(file));
      assert((file === null) === (segment === undefined), "a row came from a file nobody asked");
      this.add(key, selectRows(block, [row]), segment && { segment, position });
    }
    return true;
  }

  done(): MetRows {
    const found = new Map<number, number>();
    const blocks: RowBlock[] = [];
    const places: (SegmentPlace | undefined)[] = [];
    for (const [key, row] of this.#wanted) {
      const met = this.#found.get(key);
      if (met === undefined) continue;
      found.set(row, blocks.push(met.block) - 1);
      places.push(met.place);
    }
    return { found, block: joinBlocks(blocks), places };
  }
}

/** Which segments and hot rows may have a row with one of the keys. */
export function queryOfKeys(
  { ticks, entities }: KeyRows,
  keys: KeyColumns,
  entitiesMax: number,
): PruneQuery {
  const scale = tickScaleOf(keys);
  const sorted = ticks.toSorted();
  const min = rawOfTick(scale, sorted[0] as bigint);
  const max = rawOfTick(scale, sorted.at(-1) as bigint);
  if (entities.length > entitiesMax) return { min, max };
  const conditions = keys.entities.map((_, component) => ({
    component,
    anyOf: entities.flatMap(({ entity }) => entity[component] ?? []),
  }));
  return { min, max, entities: conditions };
}
