/**
 * Commits of other programs to tables that somebody listens to: looked for now and then, and told
 * as ours are, but for what only their writer knows.
 */

import { every } from "../base/async.ts";
import { log } from "../base/telemetry.ts";
import { type Snapshot, segmentsOf, type VersionRecord, versionsOf } from "../table/snapshot.ts";
import { notifyCommit, tellsOf } from "./commit-notice.ts";
import type { NotificationHub } from "./notification-hub.ts";
import type { Tables, TstableEntry } from "./tables.ts";

const LOOK_MS = 1000;

export class ForeignCommits {
  readonly #tables: Tables;
  readonly #hub: NotificationHub;
  readonly #isOurs: (walId: string) => boolean;
  /** By OID, the newest version that was told or need not be. */
  readonly #seen = new Map<number, number>();
  #looking: Promise<void> | undefined;

  /** `isOurs` knows the ids of this server's write-ahead log. */
  constructor(tables: Tables, hub: NotificationHub, isOurs: (walId: string) => boolean) {
    this.#tables = tables;
    this.#hub = hub;
    this.#isOurs = isOurs;
  }

  /** Looks every second until the function it returns is called. */
  start(): () => Promise<void> {
    const timer = every(LOOK_MS, () => {
      this.#looking ??= this.look().finally(() => {
        this.#looking = undefined;
      });
    });
    return async () => {
      timer.cancel();
      await this.#looking;
    };
  }

  /** Once. Never rejects. */
  async look(): Promise<void> {
    for (const entry of this.#tables.all()) {
      const { oid } = entry.info;
      const { version } = entry.table.snapshot;
      if (!tellsOf(this.#hub, entry)) {
        this.#seen.set(oid, version);
        continue;
      }
      const seen = this.#seen.get(oid) ?? version;
      this.#seen.set(oid, seen);
      try {
        const snapshot = await entry.table.refresh();
        this.#tell(entry, snapshot, seen);
        this.#seen.set(oid, snapshot.version);
      } catch (cause) {
        log("debug", "table not looked at for listeners", { table: entry.info.name, cause });
      }
    }
  }

  #tell(entry: TstableEntry, snapshot: Snapshot, seen: number): void {
    for (const record of versionsOf(snapshot).slice(seen)) {
      if (record.wal !== undefined && this.#isOurs(record.wal)) continue;
      notifyCommit(this.#hub, entry, {
        version: record.version,
        operation: record.operation ?? "COMMIT",
        rows: record.rowsAdded,
        segments: record.segmentsAdded,
        ...span(snapshot, record),
        processId: undefined,
      });
    }
  }
}

/** Of the segments that a version added and that still count. */
function span(
  snapshot: Snapshot,
  { version }: VersionRecord,
): { readonly min?: bigint; readonly max?: bigint } {
  const added = segmentsOf(snapshot).filter(({ addedIn }) => addedIn === version);
  const [first, ...others] = added;
  if (first === undefined) return {};
  let [min, max] = [first.min.raw, first.max.raw];
  for (const segment of others) {
    if (segment.min.raw < min) min = segment.min.raw;
    if (segment.max.raw > max) max = segment.max.raw;
  }
  return { min, max };
}
