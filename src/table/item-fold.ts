/**
 * Changes that no version has published yet, laid over a snapshot. Where another writer has
 * meanwhile replaced a segment that a change names, that writer's commit is undone first: what the
 * log decided stands.
 */

import type { SegmentMeta } from "./format.ts";
import type { NewSegments, StagedSegment } from "./items.ts";
import { isLiveAt, type Segment } from "./segment.ts";
import type { Snapshot } from "./snapshot.ts";

export interface ItemDelta {
  /** Paths of the snapshot that no longer count. */
  readonly hidden: ReadonlySet<string>;
  /** Segments that count although the snapshot no longer has them. */
  readonly restored: readonly Segment[];
  readonly added: readonly StagedSegment[];
  /** Versions of others that were undone. */
  readonly undone: readonly number[];
}

/** Changes of an open transaction come last. */
export function foldItems(snapshot: Snapshot, changes: readonly NewSegments[]): ItemDelta {
  const fold = new Fold(snapshot);
  for (const change of changes) fold.apply(change);
  return fold.done();
}

class Fold {
  readonly #snapshot: Snapshot;
  readonly #hidden = new Set<string>();
  readonly #restored = new Map<string, Segment>();
  readonly #added = new Map<string, StagedSegment>();
  readonly #undone: number[] = [];
  /** Paths that a change has taken out: an undone commit does not bring them back. */
  readonly #gone = new Set<string>();

  constructor(snapshot: Snapshot) {
    this.#snapshot = snapshot;
  }

  apply(change: NewSegments): void {
    for (const path of change.removed) this.#remove(path);
    for (const staged of change.added) this.#added.set(staged.meta.path, staged);
  }

  #remove(path: string): void {
    this.#gone.add(path);
    if (this.#added.delete(path) || this.#restored.delete(path)) return;
    if (this.#isLive(path)) {
      this.#hidden.add(path);
      return;
    }
    const version = this.#removedIn(path);
    if (version !== undefined) this.#undo(version);
  }

  #isLive(path: string): boolean {
    return liveSegment(this.#snapshot, path) !== undefined;
  }

  /** The version up to the snapshot's that removed it for the last time. */
  #removedIn(path: string): number | undefined {
    let last: number | undefined;
    for (const { path: other, removedIn } of this.#snapshot.history.segments) {
      if (other !== path || removedIn === undefined) continue;
      if (removedIn <= this.#snapshot.version) last = Math.max(last ?? 0, removedIn);
    }
    return last;
  }

  #undo(version: number): void {
    if (this.#undone.includes(version)) return;
    this.#undone.push(version);
    const { segments } = this.#snapshot.history;
    for (const { path } of segments.filter(({ addedIn }) => addedIn === version)) {
      if (this.#restored.delete(path)) continue;
      if (this.#isLive(path)) {
        this.#hidden.add(path);
        continue;
      }
      // Replaced in its turn: what took its place goes first.
      const later = this.#removedIn(path);
      if (later !== undefined) this.#undo(later);
      this.#restored.delete(path);
    }
    for (const segment of segments.filter(({ removedIn }) => removedIn === version)) {
      if (!this.#gone.has(segment.path)) this.#restored.set(segment.path, segment);
    }
  }

  done(): ItemDelta {
    return {
      hidden: this.#hidden,
      restored: [...this.#restored.values()],
      added: [...this.#added.values()],
      undone: this.#undone,
    };
  }
}

export function liveSegment(snapshot: Snapshot, path: string): Segment | undefined {
  const newest = snapshot.history.liveByPath.get(path);
  if (newest !== undefined && isLiveAt(newest, snapshot.version)) return newest;
  // An older snapshot than the newest of its history.
  return snapshot.history.segments.find(
    (segment) => segment.path === path && isLiveAt(segment, snapshot.version),
  );
}

/** As the log's `add-segment` has it. */
export function metaOf(segment: Segment): SegmentMeta {
  const { path, layout, min, max, rows, sizeBytes, coveragePath, own } = segment;
  return { path, layout, min, max, rows, sizeBytes, coveragePath, own };
}

const unpublished = new WeakMap<StagedSegment, Segment>();

/** A segment that no version has yet; the same object each time. */
export function unpublishedSegment(staged: StagedSegment, snapshot: Snapshot): Segment {
  const known = unpublished.get(staged);
  if (known !== undefined) return known;
  const segment: Segment = {
    ...staged.meta,
    addedIn: snapshot.version + 1,
    committedAt: snapshot.history.versions.at(-1)?.committedAt ?? "",
    removedIn: undefined,
  };
  unpublished.set(staged, segment);
  return segment;
}
