/** Reads the keys of a time-series table's rows, in segments and in memory, for `TableKeys`. */

import { join } from "node:path";
import { assert } from "../base/errors.ts";
import { type KeyColumn, type KeyFilter, keyQuery } from "../engine/key-query.ts";
import { boundShape } from "../engine/stored-expressions.ts";
import { type KeyColumns, keyRowsOf, tickScaleOf } from "../table/block-keys.ts";
import { type Coverage, coverageOf, NO_COVERAGE, unite } from "../table/coverage.ts";
import type { Entity } from "../table/entities.ts";
import type { HotRange } from "../table/hot-storage.ts";
import type { HotTable } from "../table/hot-table.ts";
import type { KeyRange, KeyReader } from "../table/key-reader.ts";
import { type KeyRows, tickThrough } from "../table/key-rows.ts";
import type { PendingItems } from "../table/pending-items.ts";
import type { EntityCondition } from "../table/pruning.ts";
import { EMPTY, type Runs, union } from "../table/runs.ts";
import type { Segment } from "../table/segment.ts";
import { type Snapshot, versionsOf } from "../table/snapshot.ts";
import type { TableView } from "../table/table-view.ts";
import { stagedCoverage } from "../table/table-world.ts";
import type { TextSettings } from "../types/shape.ts";
import { placesOfKey } from "./key-columns.ts";
import type { Services } from "./services.ts";
import type { TstableEntry } from "./tables.ts";

/** More separate intervals than this are read together with what lies between them. */
const INTERVALS_MAX = 16;
/** More identities than this are not looked for one by one. */
const ENTITIES_MAX = 500;

/** Nothing is read as text. */
const TEXT: TextSettings = {
  timeZone: "UTC",
  dateStyle: { format: "ISO", order: "MDY" },
  intervalStyle: "postgres",
  extraFloatDigits: 1,
  byteaOutput: "hex",
};

/** What stands for the entity in a key. */
interface KeyPlaces {
  readonly keys: KeyColumns;
  /** Its columns, by number. */
  readonly columns: readonly number[];
  /** Where the table's entity stands among them; undefined: not all of it does. */
  readonly identity: readonly number[] | undefined;
}

function keyPlaces({ info, definition, rowKey }: TstableEntry): KeyPlaces {
  const { timeColumn, entityColumns } = definition;
  const isEntity = rowKey === undefined || rowKey.isEntity;
  const columns = isEntity ? entityColumns : rowKey.columns.filter((one) => one !== timeColumn);
  const keys = placesOfKey(info.columns, { timeColumn, entityColumns: columns });
  const places = entityColumns.map((one) => columns.indexOf(one));
  return { keys, columns, identity: places.includes(-1) ? undefined : places };
}

type Interval = readonly [min: bigint, max: bigint];

export class TableKeyReader implements KeyReader {
  readonly #entry: TstableEntry;
  readonly #services: Services;
  readonly #own: PendingItems | undefined;
  readonly #key: KeyPlaces;
  #added: Coverage = NO_COVERAGE;
  #snapshot: TableView["snapshot"];
  #versions = 0;

  /** `own`: with what this transaction has changed. */
  constructor(entry: TstableEntry, services: Services, own?: PendingItems) {
    this.#entry = entry;
    this.#services = services;
    this.#own = own;
    this.#key = keyPlaces(entry);
    this.#snapshot = entry.table.snapshot;
  }

  /** With what a transaction has changed, but for its rows; undefined: nothing. */
  static async ofOwn(
    entry: TstableEntry,
    services: Services,
    own: PendingItems,
    hasUnreserved: boolean,
  ): Promise<TableKeyReader | undefined> {
    if (hasUnreserved) {
      const reader = new TableKeyReader(entry, services, own);
      reader.#added = await reader.coverage();
      return reader;
    }
    const changes = own.of(entry.info.oid)?.changes ?? [];
    if (changes.every(({ keepsKeys }) => keepsKeys === true)) return undefined;
    const reader = new TableKeyReader(entry, services, own);
    for (const { added, isFromRows } of changes) {
      for (const staged of isFromRows === true ? [] : added) {
        const coverage = await stagedCoverage(entry.table, entry.table.snapshot, staged);
        reader.#added = unite(reader.#added, reader.#projected(coverage));
      }
    }
    return reader;
  }

  /** Buckets into which the transaction has brought segments that are not its rows. */
  get added(): Coverage {
    return this.#added;
  }

  /** Counts what others have published and what changed rows of segments. */
  stamp(): unknown {
    const { snapshot } = this.#entry.table;
    const hot = this.#services.intake.table(this.#entry.info.oid);
    if (snapshot !== this.#snapshot && !isSameRows(snapshot, this.#snapshot, hot)) {
      this.#versions += 1;
    }
    this.#snapshot = snapshot;
    return `${this.#versions} ${hot.changesMade}`;
  }

  async coverage(): Promise<Coverage> {
    return this.#projected(await this.#withView(async (view) => await view.coverage()));
  }

  /** By what a key says of the entity: all of it, or nothing. */
  #projected(coverage: Coverage): Coverage {
    if (this.#key.identity !== undefined) return coverage;
    const runs = coverage.reduce<Runs>((all, one) => union(all, one.runs), EMPTY);
    return coverageOf([{ entity: [], runs }]);
  }

  identityOf(entity: Entity): Entity {
    return this.#key.identity?.flatMap((at) => entity[at] ?? []) ?? [];
  }

  async read(ranges: readonly KeyRange[]): Promise<KeyRows> {
    const { keys } = this.#key;
    const intervals = joined(ranges.map(({ min, max }) => [min, max]));
    const conditions = this.#conditions(ranges);
    // Of the conditions those that segments and hot rows know.
    const { identity } = this.#key;
    const known = conditions.flatMap(({ component, anyOf }) => {
      const place = identity?.indexOf(component) ?? -1;
      return place < 0 ? [] : [{ component: place, anyOf }];
    });
    const block = await this.#withView(async (view) => {
      const segments = new Map<string, Segment>();
      const hot = new Map<string, HotRange>();
      for (const [min, max] of intervals) {
        const query = { min, max, entities: known };
        for (const segment of await view.prune(query)) segments.set(segment.path, segment);
        for (const range of await view.hot(query)) hot.set(JSON.stringify(range), range);
      }
      return await this.#collect([...segments.values()], [...hot.values()], intervals, conditions);
    });
    return keyRowsOf(block, {
      time: { column: 0, type: keys.time.type },
      entities: keys.entities.map(({ type }, i) => ({ column: i + 1, type })),
    });
  }

  #conditions(ranges: readonly KeyRange[]): readonly EntityCondition[] {
    return this.#key.columns.flatMap((_, component) => {
      const values = new Map(
        ranges.flatMap(({ entity }) => {
          const value = entity[component];
          return value === undefined ? [] : [[value.value, value] as const];
        }),
      );
      return values.size > ENTITIES_MAX ? [] : [{ component, anyOf: [...values.values()] }];
    });
  }

  async #collect(
    segments: readonly Segment[],
    hot: readonly HotRange[],
    intervals: readonly Interval[],
    conditions: readonly EntityCondition[],
  ) {
    const { info, definition, directory } = this.#entry;
    const { engine } = this.#services;
    const scale = tickScaleOf(this.#key.keys);
    const [time, ...entities] = [definition.timeColumn, ...this.#key.columns].map((one) => {
      const column = info.columns.find(({ number }) => number === one);
      assert(column !== undefined, "a table lacks one of its key columns");
      return { ...column, diskName: column.name };
    });
    assert(time !== undefined, "a table has no time column");
    const columns: readonly KeyColumn[] = [time, ...entities];
    const filter: KeyFilter = {
      time,
      entities,
      intervals: intervals.map(([min, max]) => [tickThrough(scale, min), tickThrough(scale, max)]),
      anyOf: entities.map((_, at) =>
        conditions.find(({ component }) => component === at)?.anyOf.map(({ value }) => value),
      ),
    };
    const paths = segments.map(({ path }) => join(directory, path));
    const relation = await engine.bindTable([time, ...entities], paths, hot);
    const shapes = columns.map(boundShape);
    const request = {
      sql: keyQuery(relation, filter),
      parameters: [],
      rowsRelations: [],
      shapes,
      formats: shapes.map(() => 1 as const),
      text: TEXT,
      isSmall: false,
    };
    const block = await engine.collect(request, columns, Number.MAX_SAFE_INTEGER);
    assert(block !== undefined, "the keys of a table did not fit");
    return block;
  }

  async #withView<T>(use: (view: TableView) => Promise<T>): Promise<T> {
    const { oid } = this.#entry.info;
    const lease = await this.#services.intake.lease([oid]);
    try {
      return await use(lease.view(oid, this.#own));
    } finally {
      lease.release();
    }
  }
}

/** Flushes and merges of ours alone have come: the same rows in other places. */
function isSameRows(now: Snapshot, before: Snapshot, hot: HotTable): boolean {
  return versionsOf(now)
    .slice(before.version)
    .every(({ operation, wal }) => {
      return hot.isOurs(wal) && (operation === "FLUSH" || operation === "OPTIMIZE");
    });
}

/** Ascending, those that overlap or touch as one; not too many. */
function joined(intervals: readonly Interval[]): readonly Interval[] {
  const sorted = intervals.toSorted((a, b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0));
  let all: [bigint, bigint][] = [];
  for (const [min, max] of sorted) {
    const last = all.at(-1);
    if (last === undefined || min > last[1] + 1n) all.push([min, max]);
    else if (max > last[1]) last[1] = max;
  }
  const each = Math.ceil(all.length / INTERVALS_MAX);
  if (each > 1) {
    all = all.flatMap(([min], i) =>
      i % each === 0 ? [[min, (all[Math.min(i + each, all.length) - 1] as Interval)[1]]] : [],
    );
  }
  return all;
}
