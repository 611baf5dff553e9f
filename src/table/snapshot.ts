/**
 * Commits folded into what a table is at one version. Snapshots of one table share the history of
 * its segments: a new version adds to it and marks what it removed, so folding costs only what is
 * new.
 */

import { corrupt } from "./error.ts";
import {
  type Commit,
  checkIndexSpec,
  isSameKind,
  type PhysicalColumn,
  type SegmentMeta,
  type TableMeta,
} from "./format.ts";
import { mismatchOfIndex, mismatchOfLayout } from "./schema.ts";
import { isLiveAt, type Segment } from "./segment.ts";
import { SegmentIndex } from "./segment-index.ts";

export interface VersionRecord {
  readonly version: number;
  readonly committedAt: string;
  /** undefined: another writer's, which says nothing. */
  readonly operation: string | undefined;
  readonly message: string | undefined;
  readonly idempotencyKey: string | undefined;
  /** Id of the write-ahead log of the server that committed it. */
  readonly wal: string | undefined;
  readonly segmentsAdded: number;
  readonly segmentsRemoved: number;
  readonly rowsAdded: number;
  readonly rowsRemoved: number;
}

export interface CoveragePointer {
  readonly path: string;
  readonly version: number;
}

/** Shared by all snapshots that were folded from each other. */
export interface History {
  readonly segments: Segment[];
  /** Of the newest version. */
  readonly liveByPath: Map<string, Segment>;
  readonly versions: VersionRecord[];
  readonly index: SegmentIndex;
  /** Physical columns by the id that segments of ours name. */
  readonly columns: Map<string, readonly PhysicalColumn[]>;
}

export interface Snapshot {
  readonly version: number;
  readonly meta: TableMeta;
  readonly pointer: CoveragePointer | undefined;
  readonly totals: { readonly segments: number; readonly rows: number; readonly bytes: number };
  /** By id of a write-ahead log: up to which sequence its items are published here. */
  readonly watermarks: ReadonlyMap<string, number>;
  readonly history: History;
}

/** The segments of a snapshot, in the order in which they were added. */
export function segmentsOf(snapshot: Snapshot): readonly Segment[] {
  return snapshot.history.segments.filter((segment) => isLiveAt(segment, snapshot.version));
}

/** The versions up to a snapshot's, oldest first. */
export function versionsOf(snapshot: Snapshot): readonly VersionRecord[] {
  return snapshot.history.versions.slice(0, snapshot.version);
}

/**
 * `before` must be the newest snapshot of its history; undefined starts a new one.
 * @throws StoreError "log-corrupt"; `before` and its history are then as they were
 */
export function fold(before: Snapshot | undefined, commits: readonly Commit[]): Snapshot {
  const history = before?.history ?? newHistory();
  const delta = new Delta(before, history);
  for (const commit of commits) delta.apply(commit);
  const { meta, pointer } = delta.check();
  delta.install();
  return {
    version: commits.at(-1)?.version ?? before?.version ?? 0,
    meta,
    pointer: pointer && { path: pointer.path, version: pointer.version },
    totals: delta.totals(before),
    watermarks: watermarksAfter(before, commits),
    history,
  };
}

/** They never go down, whatever a later version brings back. */
function watermarksAfter(
  before: Snapshot | undefined,
  commits: readonly Commit[],
): ReadonlyMap<string, number> {
  let watermarks = before?.watermarks ?? new Map<string, number>();
  for (const { own } of commits) {
    if (own.wal === undefined || own.upto === undefined) continue;
    const reached = Math.max(own.upto, watermarks.get(own.wal) ?? 0);
    watermarks = new Map(watermarks).set(own.wal, reached);
  }
  return watermarks;
}

function newHistory(): History {
  return {
    segments: [],
    liveByPath: new Map(),
    versions: [],
    index: new SegmentIndex(),
    columns: new Map(),
  };
}

/** What some commits change, held apart until all of it is known to be right. */
class Delta {
  readonly #history: History;
  readonly #before: Snapshot | undefined;
  readonly #added: Segment[] = [];
  readonly #live = new Map<string, Segment>();
  readonly #removed = new Map<Segment, number>();
  readonly #versions: VersionRecord[] = [];
  readonly #columns: (readonly [string, readonly PhysicalColumn[]])[] = [];
  #meta: TableMeta | undefined;
  #pointer: (CoveragePointer & { readonly kind: TableMeta["index"]["kind"] }) | undefined;
  #pointerMoved = false;

  constructor(before: Snapshot | undefined, history: History) {
    this.#before = before;
    this.#history = history;
    this.#meta = before?.meta;
  }

  apply(commit: Commit): void {
    const counts = { segmentsAdded: 0, segmentsRemoved: 0, rowsAdded: 0, rowsRemoved: 0 };
    for (const action of commit.actions) {
      switch (action.kind) {
        case "add-segment":
          counts.segmentsAdded += 1;
          counts.rowsAdded += action.segment.rows;
          this.#add(action.segment, commit);
          break;
        case "remove-segment": {
          const gone = this.#remove(action.path, commit.version);
          if (gone === undefined) break;
          counts.segmentsRemoved += 1;
          counts.rowsRemoved += gone.rows;
          break;
        }
        case "update-meta":
          this.#meta = action.meta;
          break;
        case "update-coverage":
          this.#pointerMoved = true;
          this.#pointer = {
            path: action.coveragePath,
            version: commit.version,
            kind: action.indexKind,
          };
          break;
      }
    }
    this.#columns.push(...Object.entries(commit.own.columns ?? {}));
    this.#versions.push({
      version: commit.version,
      committedAt: commit.timestamp,
      operation: commit.own.operation,
      message: commit.own.message,
      idempotencyKey: commit.own.idempotencyKey,
      wal: commit.own.wal,
      ...counts,
    });
  }

  #add(meta: SegmentMeta, commit: Commit): void {
    if (this.#isLive(meta.path)) {
      throw corrupt(`version ${commit.version} adds "${meta.path}" a second time`);
    }
    const segment: Segment = {
      ...meta,
      addedIn: commit.version,
      committedAt: commit.timestamp,
      removedIn: undefined,
    };
    this.#added.push(segment);
    this.#live.set(meta.path, segment);
  }

  #remove(path: string, version: number): Segment | undefined {
    const own = this.#live.get(path);
    if (own !== undefined) {
      this.#live.delete(path);
      own.removedIn = version;
      return own;
    }
    const old = this.#history.liveByPath.get(path);
    // The format lets a commit remove what is not there.
    if (old === undefined || this.#removed.has(old)) return undefined;
    this.#removed.set(old, version);
    return old;
  }

  #isLive(path: string): boolean {
    const old = this.#history.liveByPath.get(path);
    return this.#live.has(path) || (old !== undefined && !this.#removed.has(old));
  }

  /** The checks of the reference reader, in its order (table-format 2.6). */
  check(): { meta: TableMeta; pointer: CoveragePointer | undefined } {
    const meta = this.#meta;
    if (meta === undefined) throw corrupt("it never says what the table is");
    const isNewMeta = meta !== this.#before?.meta;
    try {
      checkIndexSpec(meta.index);
    } catch (cause) {
      throw corrupt("its index is not valid", cause);
    }
    const pointer = this.#pointerMoved ? this.#pointer : this.#before?.pointer;
    const kind = this.#pointerMoved ? this.#pointer?.kind : this.#before?.meta.index.kind;
    if (pointer !== undefined && kind !== undefined && !isSameKind(kind, meta.index.kind)) {
      throw corrupt("its coverage belongs to another kind of bucket");
    }
    this.#checkSchema(meta);
    this.#checkSegments(meta, isNewMeta);
    return { meta, pointer };
  }

  #checkSchema({ index, schema }: TableMeta): void {
    if (schema === undefined) {
      if (this.#added.length > 0 || this.#history.segments.length > 0) {
        throw corrupt("it has segments but no schema");
      }
      return;
    }
    const mismatch = mismatchOfIndex(index, schema);
    if (mismatch !== undefined) throw corrupt(mismatch);
  }

  /** Layouts of all segments ever, bounds only of those that still count. */
  #checkSegments({ index, schema }: TableMeta, isNewMeta: boolean): void {
    const all = isNewMeta ? [...this.#history.segments, ...this.#added] : this.#added;
    for (const segment of all) {
      const mismatch = mismatchOfLayout(index, schema ?? [], segment.layout);
      if (mismatch !== undefined) throw corrupt(`segment "${segment.path}" has ${mismatch}`);
      if (segment.removedIn !== undefined || this.#removed.has(segment)) continue;
      const isRightType =
        segment.min.type === index.kind.type && segment.max.type === index.kind.type;
      if (!isRightType || segment.min.raw > segment.max.raw) {
        throw corrupt(`segment "${segment.path}" has impossible bounds`);
      }
    }
  }

  install(): void {
    const { segments, liveByPath, versions, index, columns } = this.#history;
    for (const [segment, version] of this.#removed) {
      segment.removedIn = version;
      liveByPath.delete(segment.path);
    }
    // One by one: a spread of a long log would overflow the stack.
    for (const segment of this.#added) {
      segments.push(segment);
      index.add(segment);
    }
    for (const [path, segment] of this.#live) liveByPath.set(path, segment);
    for (const record of this.#versions) versions.push(record);
    for (const [id, names] of this.#columns) columns.set(id, names);
  }

  totals(before: Snapshot | undefined): Snapshot["totals"] {
    const totals = { ...(before?.totals ?? { segments: 0, rows: 0, bytes: 0 }) };
    const count = (segment: Segment, sign: 1 | -1) => {
      totals.segments += sign;
      totals.rows += sign * segment.rows;
      totals.bytes += sign * (segment.sizeBytes ?? 0);
    };
    for (const segment of this.#live.values()) count(segment, 1);
    for (const segment of this.#removed.keys()) count(segment, -1);
    return totals;
  }
}
