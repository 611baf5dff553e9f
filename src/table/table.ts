/**
 * A table's handle: its newest snapshot, the coverage of any snapshot, and one queue for its
 * writers. One process has at most one handle of a table; other processes are noticed by looking at
 * CURRENT.
 */

import { Mutex } from "../base/async.ts";
import type { ObjectStore } from "../storage/object-store.ts";
import {
  adoptForeignCommit,
  publishCommit,
  readCommits,
  readHead,
  rollForwardOwn,
  untilPublished,
} from "./commit-log.ts";
import { type Coverage, NO_COVERAGE, unite } from "./coverage.ts";
import { decodeCoverage, HEAD_BYTES, identityCount } from "./coverage-file.ts";
import { StoreError } from "./error.ts";
import type { Action, Commit, IndexSpec, LogicalField, OwnCommitKeys } from "./format.ts";
import { newestOfEntities } from "./newest-of-entities.ts";
import { PhysicalColumns } from "./physical-columns.ts";
import { type PruneQuery, prune } from "./pruning.ts";
import { checkNewSchema, entityTypes } from "./schema.ts";
import type { Segment } from "./segment.ts";
import { IDENTITIES_LISTED_MAX } from "./segment-index.ts";
import { fold, type Snapshot, segmentsOf } from "./snapshot.ts";

export interface TableOptions {
  /** Id of this server's write-ahead log; marks commits as ours. */
  readonly walId: string;
  /** Ids that the log had before its folder was copied. */
  readonly earlierWalIds?: readonly string[];
  /** How long a writer waits for another one's unfinished commit. */
  readonly foreignCommitWaitMs?: number;
}

export interface NewTable {
  readonly index: IndexSpec;
  /** In column order; for tables of ours every column is nullable. */
  readonly schema: readonly LogicalField[];
}

/** A snapshot in use; its files are kept until `release`, which may be called twice. */
export interface Lease {
  readonly snapshot: Snapshot;
  release(): void;
}

/** What a writer wants to publish on top of `head`. */
export interface Proposal {
  readonly actions: readonly Action[];
  readonly own: OwnCommitKeys;
  /** Settles when every file that the actions name is durable. */
  readonly ready: Promise<unknown>;
  /** Coverage of the new version, when the writer knows it. */
  readonly coverage?: Coverage | undefined;
  /** Called once the version is there, before anything else can fail. */
  readonly onPublished?: () => void;
}

const FOREIGN_COMMIT_WAIT_MS = 10_000;
const ATTEMPTS_MAX = 64;
/** Sidecars read at a time. */
const READS_MAX = 32;
/** Coverage is kept for this many snapshots. */
const COVERAGES_KEPT = 4;

/** @throws StoreError "no-table" and what `fold` and the log throw */
export async function openTable(store: ObjectStore, options: TableOptions): Promise<Table> {
  let head = await readHead(store);
  if (await rollForwardOwn(store, head.version, options)) head = await readHead(store);
  if (head.version === 0) {
    throw new StoreError("no-table", `directory "${store.location}" holds no table`);
  }
  const snapshot = fold(undefined, await readCommits(store, 1, head.version));
  return new Table(store, options, snapshot, head.identity);
}

/** Version 1, with the whole schema. @throws StoreError "table-exists", "bad-definition" */
export async function createTable(
  store: ObjectStore,
  options: TableOptions,
  table: NewTable,
): Promise<Table> {
  checkNewSchema(table.index, table.schema);
  const exists = () =>
    new StoreError("table-exists", `directory "${store.location}" already holds a table`);
  if ((await readHead(store)).version > 0) throw exists();
  if (await rollForwardOwn(store, 0, options)) throw exists();
  const now = new Date().toISOString();
  const meta = { index: table.index, schema: table.schema, createdAt: now, extra: {} };
  const commit: Commit = {
    version: 1,
    timestamp: now,
    actions: [{ kind: "update-meta", meta }],
    own: { wal: options.walId, operation: "CREATE" },
  };
  if ((await publishCommit(store, commit, Promise.resolve())) === "taken") throw exists();
  return await openTable(store, options);
}

export class Table {
  readonly store: ObjectStore;
  /** Groups segments by the columns their files hold. */
  readonly physical: PhysicalColumns;
  readonly #options: TableOptions;
  readonly #writers = new Mutex();
  readonly #refreshing = new Mutex();
  readonly #leases = new Map<number, number>();
  /** By path of the table's coverage file, newest last. */
  readonly #coverages = new Map<string, Promise<Coverage>>();
  readonly #newest = new WeakMap<Snapshot, Map<boolean, readonly Segment[]>>();
  #snapshot: Snapshot;
  #headIdentity: string;

  constructor(store: ObjectStore, options: TableOptions, snapshot: Snapshot, identity: string) {
    this.store = store;
    this.physical = new PhysicalColumns(store);
    this.#options = options;
    this.#snapshot = snapshot;
    this.#headIdentity = identity;
  }

  /** The newest snapshot this handle has seen. */
  get snapshot(): Snapshot {
    return this.#snapshot;
  }

  /** Looks at CURRENT and reads what is new. @throws StoreError "log-corrupt" */
  async refresh(): Promise<Snapshot> {
    const stat = await this.store.stat("_timeseries_log/CURRENT");
    if (stat !== undefined && stat.identity === this.#headIdentity) return this.#snapshot;
    return await this.#refreshing.run(async () => {
      const head = await readHead(this.store);
      if (head.version < this.#snapshot.version) {
        throw new StoreError("log-corrupt", "table log is corrupt: CURRENT went back", {
          detail: `It names version ${head.version}, but version ${this.#snapshot.version} was there.`,
        });
      }
      const news = await readCommits(this.store, this.#snapshot.version + 1, head.version);
      if (news.length > 0) this.#snapshot = fold(this.#snapshot, news);
      this.#headIdentity = head.identity;
      return this.#snapshot;
    });
  }

  lease(snapshot: Snapshot = this.#snapshot): Lease {
    const { version } = snapshot;
    this.#leases.set(version, (this.#leases.get(version) ?? 0) + 1);
    let isHeld = true;
    return {
      snapshot,
      release: () => {
        if (!isHeld) return;
        isHeld = false;
        const left = (this.#leases.get(version) ?? 1) - 1;
        if (left === 0) this.#leases.delete(version);
        else this.#leases.set(version, left);
      },
    };
  }

  /** Versions that somebody is reading. */
  leasedVersions(): readonly number[] {
    return [...this.#leases.keys()];
  }

  /** The table as it was. @throws StoreError "snapshot-gone" when there is no such version */
  async at(version: number): Promise<Snapshot> {
    if (version === this.#snapshot.version) return this.#snapshot;
    if (version < 1 || version > this.#snapshot.version) {
      throw new StoreError("snapshot-gone", `version ${version} does not exist`);
    }
    return fold(undefined, await readCommits(this.store, 1, version));
  }

  /** As `prune`, after reading the identities of segments that other writers left unnamed. */
  async prune(snapshot: Snapshot, query: PruneQuery): Promise<readonly Segment[]> {
    if ((query.entities ?? []).length > 0) await this.#listEntities(snapshot, query);
    return prune(snapshot, query);
  }

  /** Segments that can hold an entity's last (or first) row; remembered while nothing is added. */
  async newestOfEntities(snapshot: Snapshot, isDescending: boolean): Promise<readonly Segment[]> {
    const known = this.#newest.get(snapshot)?.get(isDescending);
    if (known !== undefined) return known;
    await this.#listEntities(snapshot, {});
    const segments = newestOfEntities(snapshot, isDescending);
    const byDirection = this.#newest.get(snapshot) ?? new Map<boolean, readonly Segment[]>();
    this.#newest.set(snapshot, byDirection.set(isDescending, segments));
    return segments;
  }

  async #listEntities(snapshot: Snapshot, { min, max }: PruneQuery): Promise<void> {
    const { index } = snapshot.history;
    await inParallel(index.unread(min, max), async (segment) => {
      if (await this.#hasTooMany(segment)) return index.leaveUnlisted(segment);
      const coverage = await this.segmentCoverage(snapshot, segment).catch(() => undefined);
      // Without a readable sidecar the segment stays a candidate for every identity.
      if (coverage !== undefined)
        index.list(
          segment,
          coverage.map(({ entity }) => entity),
        );
    });
  }

  async #hasTooMany({ coveragePath }: Segment): Promise<boolean> {
    if (coveragePath === undefined) return false;
    const head = await this.store.getRange(coveragePath, 0, HEAD_BYTES).catch(() => undefined);
    return head !== undefined && (identityCount(head) ?? 0) > IDENTITIES_LISTED_MAX;
  }

  /** @throws StoreError "unreadable-coverage" */
  async segmentCoverage(
    snapshot: Snapshot,
    segment: Pick<Segment, "path" | "coveragePath">,
  ): Promise<Coverage> {
    const unreadable = (cause?: unknown) =>
      new StoreError("unreadable-coverage", `coverage of segment "${segment.path}" is unreadable`, {
        cause,
      });
    const bytes = segment.coveragePath && (await this.store.get(segment.coveragePath));
    if (!bytes) throw unreadable();
    try {
      return decodeCoverage(bytes, typesOf(snapshot));
    } catch (cause) {
      throw unreadable(cause);
    }
  }

  /**
   * From the table's coverage file, which is believed; where it cannot be read, the union of what
   * the segments' own files say. @throws StoreError "unreadable-coverage" when one of those is
   * unreadable
   */
  async coverage(snapshot: Snapshot = this.#snapshot): Promise<Coverage> {
    const key = snapshot.pointer?.path ?? `without pointer, version ${snapshot.version}`;
    let coverage = this.#coverages.get(key);
    if (coverage === undefined) {
      coverage = this.#readCoverage(snapshot);
      this.#keepCoverage(key, coverage);
      coverage.catch(() => this.#coverages.delete(key));
    }
    return await coverage;
  }

  #keepCoverage(key: string, coverage: Promise<Coverage>): void {
    this.#coverages.delete(key);
    this.#coverages.set(key, coverage);
    for (const old of this.#coverages.keys()) {
      if (this.#coverages.size <= COVERAGES_KEPT) break;
      this.#coverages.delete(old);
    }
  }

  async #readCoverage(snapshot: Snapshot): Promise<Coverage> {
    const bytes = snapshot.pointer && (await this.store.get(snapshot.pointer.path));
    if (bytes !== undefined) {
      try {
        return decodeCoverage(bytes, typesOf(snapshot));
      } catch {
        // Damaged: the segments know better.
      }
    }
    let coverage = NO_COVERAGE;
    const parts: Coverage[] = [];
    await inParallel(segmentsOf(snapshot), async (segment) => {
      parts.push(await this.segmentCoverage(snapshot, segment));
    });
    for (const part of parts) coverage = unite(coverage, part);
    return coverage;
  }

  /**
   * Publishes what `plan` proposes on top of the newest version, planning again whenever another
   * writer was faster. `plan` returns undefined when there is nothing to publish.
   *
   * @throws StoreError "unfinished-commit", "version-taken", and what `plan` throws
   */
  async commit(
    plan: (head: Snapshot) => Promise<Proposal | undefined>,
    signal?: AbortSignal,
  ): Promise<Snapshot | undefined> {
    return await this.#writers.run(async () => {
      for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt += 1) {
        const head = await this.refresh();
        signal?.throwIfAborted();
        const proposal = await plan(head);
        if (proposal === undefined) return undefined;
        const commit: Commit = {
          version: head.version + 1,
          timestamp: new Date().toISOString(),
          actions: proposal.actions,
          own: { wal: this.#options.walId, ...proposal.own },
        };
        if ((await publishCommit(this.store, commit, proposal.ready)) === "published") {
          proposal.onPublished?.();
          return await this.#installed(commit, proposal.coverage);
        }
        await this.#giveWay(head.version, signal);
      }
      throw new StoreError("version-taken", `gave up after ${ATTEMPTS_MAX} lost commit races`);
    });
  }

  /** The new version is known without reading it back. */
  async #installed(commit: Commit, coverage: Coverage | undefined): Promise<Snapshot> {
    return await this.#refreshing.run(async () => {
      // A reader may have found it on disk already.
      if (this.#snapshot.version < commit.version) this.#snapshot = fold(this.#snapshot, [commit]);
      const { pointer } = this.#snapshot;
      if (coverage !== undefined && pointer?.version === commit.version) {
        this.#keepCoverage(pointer.path, Promise.resolve(coverage));
      }
      return this.#snapshot;
    });
  }

  async #giveWay(head: number, signal: AbortSignal | undefined): Promise<void> {
    if (await rollForwardOwn(this.store, head, this.#options)) return;
    const { foreignCommitWaitMs = FOREIGN_COMMIT_WAIT_MS } = this.#options;
    await untilPublished(this.store, head + 1, foreignCommitWaitMs, signal);
  }

  /** Publishes another writer's commit above CURRENT. @throws StoreError "unfinished-commit" */
  async adoptCommit(): Promise<Snapshot> {
    return await this.#writers.run(async () => {
      await adoptForeignCommit(this.store);
      return await this.refresh();
    });
  }
}

function typesOf({ meta }: Snapshot): ReturnType<typeof entityTypes> {
  return entityTypes(meta.index, meta.schema ?? []);
}

async function inParallel<T>(items: readonly T[], act: (item: T) => Promise<void>): Promise<void> {
  let next = 0;
  const work = async () => {
    while (next < items.length) {
      const item = items[next] as T;
      next += 1;
      await act(item);
    }
  };
  await Promise.all(Array.from({ length: Math.min(READS_MAX, items.length) }, work));
}
