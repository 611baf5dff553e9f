/**
 * What the log has decided about one table and no version has published yet: changes of segments,
 * and rows in generations, one a flush. The current state is captured as an immutable world.
 */

import { type Deferred, deferred } from "../base/async.ts";
import { assert } from "../base/errors.ts";
import type { KeyColumns } from "./block-keys.ts";
import { Generation } from "./generation.ts";
import { bytesOfRows, HotRows } from "./hot-rows.ts";
import type { HotStorage } from "./hot-storage.ts";
import type { ChangeItem, Item, NewItem } from "./items.ts";
import { Reservations } from "./reservations.ts";
import type { SegmentFiles } from "./segment-files.ts";
import type { Snapshot } from "./snapshot.ts";
import type { Table } from "./table.ts";
import { TableWorld } from "./table-world.ts";

export interface Attachment {
  readonly table: Table;
  readonly storage: HotStorage;
  readonly files: SegmentFiles;
  readonly keys: KeyColumns;
}

/** What one change of segments costs in memory, about. */
const CHANGE_BYTES = 512;
const SEGMENT_BYTES = 2048;

/** Items that one flush will publish, and where the log begins to need them. */
interface Epoch {
  /** undefined: still growing. */
  readonly upto: number | undefined;
  readonly position: number | undefined;
  readonly bytes: number;
  readonly rows: number;
}

const NOTHING: Epoch = { upto: undefined, position: undefined, bytes: 0, rows: 0 };

export class HotTable {
  readonly tableId: number;
  readonly attachment: Attachment;
  /** Buckets that open transactions have staged files for. */
  readonly reservations = new Reservations();
  readonly #walIds: readonly string[];
  #changes: readonly ChangeItem[] = [];
  #generations: readonly Generation[] = [];
  /** Oldest first; the last one grows. */
  #epochs: readonly Epoch[] = [NOTHING];
  #current: TableWorld | undefined;
  #isDetached = false;
  #changesMade = 0;
  #cuts = 0;
  #holds = 0;
  #pins = 0;
  #released: Deferred<void> | undefined;

  constructor(tableId: number, attachment: Attachment, walIds: readonly string[]) {
    this.tableId = tableId;
    this.attachment = attachment;
    this.#walIds = walIds;
  }

  get table(): Table {
    return this.attachment.table;
  }

  get bytes(): number {
    return this.#epochs.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  get rows(): number {
    return this.#epochs.reduce((sum, { rows }) => sum + rows, 0);
  }

  get isEmpty(): boolean {
    return this.#epochs.every(({ position }) => position === undefined);
  }

  /** Rows and bytes that no flush has begun to publish. */
  get waiting(): { readonly bytes: number; readonly rows: number } {
    return this.#epochs.at(-1) ?? NOTHING;
  }

  /** The oldest record of the log that is still needed for this table. */
  get position(): number | undefined {
    return this.#epochs.find(({ position }) => position !== undefined)?.position;
  }

  get isDetached(): boolean {
    return this.#isDetached;
  }

  /** How often segments or all rows were changed through the log, and with them keys. */
  get changesMade(): number {
    return this.#changesMade;
  }

  /** Paths of segments that the log has taken out and no version has yet. */
  removals(): ReadonlySet<string> {
    return new Set(this.capture().content.changes.flatMap(({ removed }) => removed));
  }

  /** Until the returned function is called, somebody may yet change segments as they are now. */
  pin(): () => void {
    this.#pins += 1;
    return () => {
      this.#pins -= 1;
    };
  }

  get isPinned(): boolean {
    return this.#pins > 0;
  }

  /** Changes when hot rows are on their way into a segment; undefined while some are. */
  get replaceMark(): number | undefined {
    return this.#epochs.length > 1 ? undefined : this.#cuts;
  }

  /** No flush begins until the returned function is called: for moments only. */
  hold(): () => void {
    this.#holds += 1;
    this.#released ??= deferred<void>();
    return () => {
      this.#holds -= 1;
      if (this.#holds > 0) return;
      this.#released?.resolve();
      this.#released = undefined;
    };
  }

  /** undefined: nobody holds it. */
  get released(): Promise<void> | undefined {
    return this.#released?.promise;
  }

  watermark(snapshot: Snapshot = this.table.snapshot): number {
    const reached = this.#walIds.map((id) => snapshot.watermarks.get(id) ?? 0);
    return Math.max(0, ...reached);
  }

  /** Whether a version's `wal` is the log of this server. */
  isOurs(walId: string | undefined): boolean {
    return walId !== undefined && this.#walIds.includes(walId);
  }

  /** @throws StoreError "null-time", "null-entity", "invalid-range" */
  item(item: NewItem, sequence: number): Item {
    if (item.kind !== "rows") return { ...item, sequence };
    if (item.made !== undefined) return item.made.at(sequence);
    const { kind } = this.table.snapshot.meta.index;
    return HotRows.of(item, sequence, this.attachment.keys, kind);
  }

  /** Sequences ascend; `position` is the record's in the log. */
  add(items: readonly Item[], position: number): void {
    const epoch = this.#epochs.at(-1) ?? NOTHING;
    let { bytes, rows } = epoch;
    for (const item of items) {
      bytes += costOf(item);
      if (item.kind === "rows") {
        rows += item.rows;
        this.#generation(item.schemaVersion).add(item);
      } else {
        this.#changes = [...this.#changes, item];
        if (item.keepsKeys !== true) this.#changesMade += 1;
      }
    }
    // A prepared record is older than its decision.
    const first = Math.min(epoch.position ?? position, position);
    const grown = { ...epoch, position: first, bytes, rows };
    this.#epochs = [...this.#epochs.slice(0, -1), grown];
    this.#replace(undefined);
  }

  #generation(schemaVersion: number): Generation {
    const last = this.#generations.at(-1);
    const isOpen = last !== undefined && last.lastSequence(last.count) > this.#cutAt;
    if (isOpen && last.schemaVersion === schemaVersion) return last;
    const generation = new Generation(this.tableId, schemaVersion, this.attachment.storage);
    this.#generations = [...this.#generations, generation];
    return generation;
  }

  /** The sequence through which the last flush publishes, or was to publish. */
  get #cutAt(): number {
    return this.#epochs.at(-2)?.upto ?? 0;
  }

  /** The table now; whoever uses it beyond this step retains it. */
  capture(): TableWorld {
    const { snapshot } = this.table;
    if (this.#current?.content.snapshot !== snapshot) this.#replace(this.#make(snapshot));
    this.#current ??= this.#make(snapshot);
    return this.#current;
  }

  #make(snapshot: Snapshot): TableWorld {
    const { table, keys } = this.attachment;
    const watermark = this.watermark(snapshot);
    const parts = this.#generations.flatMap((generation) => {
      const { count } = generation;
      return generation.lastSequence(count) > watermark ? [{ generation, count }] : [];
    });
    const changes = this.#changes.filter(({ sequence }) => sequence > watermark);
    return new TableWorld({ table, keys, snapshot, watermark, changes, parts });
  }

  #replace(world: TableWorld | undefined): void {
    this.#current?.release();
    this.#current = world;
  }

  /** Rows from now on go to another generation; the caller releases the world. */
  cut(through: number): TableWorld {
    const last = this.#epochs.at(-1) ?? NOTHING;
    if (last.position !== undefined) {
      this.#cuts += 1;
      this.#epochs = [...this.#epochs.slice(0, -1), { ...last, upto: through }, NOTHING];
    }
    const world = this.capture();
    world.retain();
    return world;
  }

  /** A version has everything up to this sequence. */
  published(through: number): void {
    assert(this.watermark() >= through, "a flush has not moved its table's watermark");
    this.#epochs = this.#epochs.filter(({ upto }) => upto === undefined || upto > through);
    this.#changes = this.#changes.filter(({ sequence }) => sequence > through);
    const isDone = (generation: Generation) => generation.lastSequence(generation.count) <= through;
    const done = this.#generations.filter(isDone);
    this.#generations = this.#generations.filter((generation) => !isDone(generation));
    this.#replace(undefined);
    for (const generation of done) generation.release();
  }

  /** The table is no longer ours to publish; who has leased it goes on reading. */
  detach(): void {
    this.#isDetached = true;
    this.#epochs = [NOTHING];
    this.#changes = [];
    this.#replace(undefined);
    for (const generation of this.#generations) generation.release();
    this.#generations = [];
  }
}

/** What an item costs in memory until it is published. */
function costOf(item: NewItem | Item): number {
  if (item.kind === "rows") {
    return "bytes" in item ? item.bytes : (item.made?.bytes ?? bytesOfRows(item.block));
  }
  const added = item.kind === "segments" ? item.added.length : 0;
  return CHANGE_BYTES + SEGMENT_BYTES * added;
}

/** By table. */
export function costsOf(
  byTable: ReadonlyMap<HotTable, readonly NewItem[]>,
): ReadonlyMap<HotTable, number> {
  return new Map(
    [...byTable].map(([hot, items]) => [hot, items.reduce((sum, item) => sum + costOf(item), 0)]),
  );
}
