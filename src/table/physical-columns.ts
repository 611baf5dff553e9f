/**
 * Segments grouped by what their files really hold: a reader that takes files together needs them
 * equal.
 */

import { createHash } from "node:crypto";
import type { ObjectStore } from "../storage/object-store.ts";
import { StoreError } from "./error.ts";
import type { PhysicalColumn } from "./format.ts";
import type { StagedSegment } from "./items.ts";
import { type Footer, readFooter } from "./parquet-footer.ts";
import { parquetTypeName } from "./parquet-types.ts";
import type { Segment } from "./segment.ts";
import type { Snapshot } from "./snapshot.ts";

export interface SegmentGroup {
  readonly columns: readonly PhysicalColumn[];
  readonly segments: readonly Segment[];
}

/** Footers read at a time. */
const READS_MAX = 32;

export function physicalColumns(footer: Pick<Footer, "columns">): readonly PhysicalColumn[] {
  return footer.columns.map(({ name, type }) => ({ name, type: parquetTypeName(type) }));
}

/** Equal for equal columns in equal order. */
export function columnsId(columns: readonly PhysicalColumn[]): string {
  return createHash("sha256").update(JSON.stringify(columns)).digest("hex").slice(0, 12);
}

/** Remembers the columns of segments whose commit does not tell: each footer is read once. */
export class PhysicalColumns {
  readonly #store: ObjectStore;
  readonly #read = new WeakMap<Segment, string>();
  readonly #columns = new Map<string, readonly PhysicalColumn[]>();

  constructor(store: ObjectStore) {
    this.#store = store;
  }

  /** Groups in the order of their first segment. @throws StoreError "bad-file", "file-missing" */
  async group(snapshot: Snapshot, segments: readonly Segment[]): Promise<readonly SegmentGroup[]> {
    await this.#readUnknown(snapshot, segments);
    const groups = new Map<string, { columns: readonly PhysicalColumn[]; segments: Segment[] }>();
    for (const segment of segments) {
      const id = this.#idOf(snapshot, segment) ?? "";
      const columns = snapshot.history.columns.get(id) ?? this.#columns.get(id) ?? [];
      const group = groups.get(id);
      if (group === undefined) groups.set(id, { columns, segments: [segment] });
      else group.segments.push(segment);
    }
    return [...groups.values()];
  }

  #idOf(snapshot: Snapshot, segment: Segment): string | undefined {
    const named = segment.own.columns;
    if (named !== undefined && snapshot.history.columns.has(named)) return named;
    return this.#read.get(segment);
  }

  async #readUnknown(snapshot: Snapshot, segments: readonly Segment[]): Promise<void> {
    const unknown = segments.filter((segment) => this.#idOf(snapshot, segment) === undefined);
    let next = 0;
    const work = async () => {
      while (next < unknown.length) {
        const segment = unknown[next] as Segment;
        next += 1;
        await this.#readOne(segment);
      }
    };
    await Promise.all(Array.from({ length: Math.min(READS_MAX, unknown.length) }, work));
  }

  async #readOne(segment: Segment): Promise<void> {
    // The size in the log is another writer's word: a wrong one would hide the footer.
    const stat = await this.#store.stat(segment.path);
    if (stat === undefined) {
      throw new StoreError("file-missing", `segment "${segment.path}" is missing`);
    }
    const footer = await readFooter(this.#store, segment.path, stat.sizeBytes, segment.path);
    const columns = physicalColumns(footer);
    const id = columnsId(columns);
    this.#columns.set(id, columns);
    this.#read.set(segment, id);
  }
}

/** Physical columns that the log does not know yet, by id; undefined: none. */
export function newColumns(
  head: Snapshot,
  added: readonly StagedSegment[],
): Readonly<Record<string, readonly PhysicalColumn[]>> | undefined {
  const fresh = added.flatMap(({ meta, columns }) => {
    const id = meta.own.columns;
    return id === undefined || head.history.columns.has(id) ? [] : [[id, columns] as const];
  });
  return fresh.length === 0 ? undefined : Object.fromEntries(fresh);
}
