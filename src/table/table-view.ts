/**
 * What one statement reads of a table: a leased world, with what its own transaction has changed on
 * top.
 */

import { type RawBounds, unitedBounds } from "./block-keys.ts";
import { type Coverage, unite } from "./coverage.ts";
import { HotLook } from "./hot-look.ts";
import type { HotRange } from "./hot-storage.ts";
import { foldItems, type ItemDelta, unpublishedSegment } from "./item-fold.ts";
import type { NewSegments } from "./items.ts";
import type { PruneQuery } from "./pruning.ts";
import type { RowIndex } from "./row-index.ts";
import type { Segment } from "./segment.ts";
import { type Snapshot, segmentsOf } from "./snapshot.ts";
import { coverageOfFold, type TableWorld } from "./table-world.ts";

/** What an open transaction has changed of one table. */
export interface OwnChanges {
  readonly changes: readonly NewSegments[];
  readonly rows: number;
  /** Own rows that a query may need; their relations have them on return. */
  ranges(query: PruneQuery): Promise<readonly HotRange[]>;
  /** By key; undefined: there are too many rows to look through. */
  index(): RowIndex | undefined;
  coverage(): Coverage;
  /** Of the own rows. */
  bounds(): RawBounds | undefined;
}

export interface ViewTotals {
  readonly segments: number;
  /** Of segments, and hot ones. */
  readonly rows: number;
  /** Of segments. */
  readonly bytes: number;
  readonly hotRows: number;
}

export class TableView {
  readonly #world: TableWorld;
  readonly #own: OwnChanges | undefined;
  readonly #delta: ItemDelta;
  #totals: ViewTotals | undefined;

  /** The world must stay leased while the view is used. */
  constructor(world: TableWorld, own: OwnChanges | undefined) {
    this.#world = world;
    this.#own = own;
    const { snapshot, changes } = world.content;
    const isChanged = own !== undefined && own.changes.length > 0;
    this.#delta = isChanged ? foldItems(snapshot, [...changes, ...own.changes]) : world.delta;
  }

  /** The newest version in it. */
  get snapshot(): Snapshot {
    return this.#world.content.snapshot;
  }

  /** Segments that count although no version has them (or no longer). */
  get #extra(): readonly Segment[] {
    const { added, restored } = this.#delta;
    return [...added.map((staged) => unpublishedSegment(staged, this.snapshot)), ...restored];
  }

  #isVisible = ({ path }: Segment): boolean => !this.#delta.hidden.has(path);

  /** All segments, those of the snapshot first. */
  segments(): readonly Segment[] {
    return [...segmentsOf(this.snapshot).filter(this.#isVisible), ...this.#extra];
  }

  /** Segments that may hold rows of the query, in order of time. */
  async prune(query: PruneQuery): Promise<readonly Segment[]> {
    const { table } = this.#world.content;
    const published = await table.prune(this.snapshot, query);
    const extra = this.#extra.filter((segment) => mayMatch(segment, query));
    if (extra.length === 0 && this.#delta.hidden.size === 0) return published;
    return inOrderOfTime([...published.filter(this.#isVisible), ...extra]);
  }

  /** Segments that can hold an entity's last (or first) row; hot rows always can, too. */
  async newestOfEntities(isDescending: boolean): Promise<readonly Segment[]> {
    const { hidden } = this.#delta;
    // What is hidden may have been newest: then nothing is known of the rest.
    if (hidden.size > 0) return inOrderOfTime(this.segments());
    const { table } = this.#world.content;
    const published = await table.newestOfEntities(this.snapshot, isDescending);
    return this.#extra.length === 0 ? published : inOrderOfTime([...published, ...this.#extra]);
  }

  /** Rows that are in no segment. Their relations have them once this resolves. */
  async hot(query: PruneQuery): Promise<readonly HotRange[]> {
    const own = (await this.#own?.ranges(query)) ?? [];
    return [...(await this.#world.ranges(query)), ...own];
  }

  /**
   * Rows in memory with keys (`keyTextsOf`) that all meet `query`; undefined: `hot` must tell.
   */
  lookHot(keys: Iterable<string>, query: PruneQuery): HotLook | undefined {
    const look = new HotLook(keys);
    if (this.#own !== undefined && !look.own(this.#own.index())) return undefined;
    return look.shared(this.#world.content, query) ? look : undefined;
  }

  /** @throws StoreError "unreadable-coverage" */
  async coverage(): Promise<Coverage> {
    const isSame = this.#delta === this.#world.delta;
    const shared = isSame
      ? await this.#world.coverage()
      : await coverageOfFold(this.#world.content, this.#delta);
    return this.#own === undefined ? shared : unite(shared, this.#own.coverage());
  }

  /** Of all rows; undefined: none. */
  bounds(): RawBounds | undefined {
    const segments = this.segments().map(({ min, max }) => ({ min: min.raw, max: max.raw }));
    const hot = this.hotBounds();
    return unitedBounds([...segments, ...(hot === undefined ? [] : [hot])]);
  }

  /** Of the rows that are in no segment; undefined: none. */
  hotBounds(): RawBounds | undefined {
    const own = this.#own?.bounds();
    return unitedBounds([...this.#world.bounds(), ...(own === undefined ? [] : [own])]);
  }

  get totals(): ViewTotals {
    this.#totals ??= this.#count();
    return this.#totals;
  }

  #count(): ViewTotals {
    const { totals } = this.snapshot;
    const hotRows = this.#world.hotRows + (this.#own?.rows ?? 0);
    if (this.#delta.hidden.size === 0 && this.#extra.length === 0) {
      return { ...totals, rows: totals.rows + hotRows, hotRows };
    }
    const all = this.segments();
    return {
      segments: all.length,
      rows: all.reduce((sum, { rows }) => sum + rows, hotRows),
      bytes: all.reduce((sum, { sizeBytes }) => sum + (sizeBytes ?? 0), 0),
      hotRows,
    };
  }
}

function mayMatch(segment: Segment, query: PruneQuery): boolean {
  const { min, max, entities = [] } = query;
  if (min !== undefined && segment.max.raw < min) return false;
  if (max !== undefined && segment.min.raw > max) return false;
  const { layout, own } = segment;
  const known = layout.kind === "Single" ? [layout.entity] : own.entities;
  if (known === undefined) return true;
  return known.some((entity) =>
    entities.every(({ component, anyOf }) =>
      anyOf.some(({ value }) => value === entity[component]?.value),
    ),
  );
}

function inOrderOfTime(segments: readonly Segment[]): readonly Segment[] {
  return segments.toSorted((a, b) => (a.min.raw < b.min.raw ? -1 : a.min.raw > b.min.raw ? 1 : 0));
}
