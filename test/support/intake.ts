/** A store with its log and tables of meters on simulated files, opened, read whole, crashed. */

import { expect } from "vitest";
import { openAppendFolder } from "../../src/storage/append-files.ts";
import { openLocalStore } from "../../src/storage/local-store.ts";
import { bucketOf } from "../../src/table/buckets.ts";
import { type Coverage, coverageOf } from "../../src/table/coverage.ts";
import type { FlushTriggers } from "../../src/table/flush-schedule.ts";
import type { HotRange } from "../../src/table/hot-storage.ts";
import { Intake } from "../../src/table/intake.ts";
import type { NewItem } from "../../src/table/items.ts";
import type { PendingItems } from "../../src/table/pending-items.ts";
import { runsOf } from "../../src/table/runs.ts";
import { createTable, openTable, type Table } from "../../src/table/table.ts";
import { WriteAheadLog } from "../../src/table/wal.ts";
import type { WorldLease } from "../../src/table/world.ts";
import {
  ArrayStorage,
  METER_KEYS,
  type MeterRow,
  meterBlock,
  meterFiles,
  rowsOfParquet,
} from "./hot-rows.ts";
import { SimulatedFiles } from "./sim-store.ts";
import { METERS, WAL_ID } from "./tables.ts";

const OPTIONS = { walId: WAL_ID, foreignCommitWaitMs: 60 };
const LOG = { fileBytes: 4096, aheadBytes: 0, lazySyncMs: 1e9 };
const LIMITS = { tableBytes: 1 << 20, totalBytes: 2 << 20 };
/** Nothing is flushed unless a test says so. */
const NEVER = { ageMs: 1e9, bytes: 1e9, rows: 1e9 };

export function rowsItem(tableId: number, ...rows: readonly MeterRow[]): NewItem {
  return { kind: "rows", tableId, schemaVersion: 1, block: meterBlock(rows) };
}

export interface StoreOptions {
  readonly limits?: typeof LIMITS;
  readonly triggers?: FlushTriggers;
  readonly beforeAttach?: (store: TestStore) => Promise<void>;
}

export class TestStore {
  readonly files: SimulatedFiles;
  readonly intake: Intake;
  readonly log: WriteAheadLog;
  readonly storages = new Map<number, ArrayStorage>();
  readonly tables = new Map<number, Table>();

  private constructor(files: SimulatedFiles, intake: Intake, log: WriteAheadLog) {
    this.files = files;
    this.intake = intake;
    this.log = log;
  }

  static root(tableId: number): string {
    return `/data/tables/${tableId}`;
  }

  /** A machine with these tables, all empty. */
  static async create(tableIds: readonly number[]): Promise<SimulatedFiles> {
    const files = new SimulatedFiles();
    files.place("/data/tables/.keep", new Uint8Array(0));
    for (const id of tableIds) {
      await createTable(openLocalStore(TestStore.root(id), files), OPTIONS, METERS);
    }
    return files;
  }

  static async open(
    files: SimulatedFiles,
    tableIds: readonly number[],
    { limits = LIMITS, triggers = NEVER, beforeAttach }: StoreOptions = {},
  ): Promise<TestStore> {
    const { log, records } = await WriteAheadLog.open(
      await openAppendFolder("/data/wal", files),
      LOG,
    );
    const intake = Intake.open({ log, records, walIds: [WAL_ID], limits, triggers });
    const store = new TestStore(files, intake, log);
    await beforeAttach?.(store);
    for (const id of tableIds) await store.attach(id);
    intake.attachedAll((id) => tableIds.includes(id));
    return store;
  }

  async attach(id: number): Promise<void> {
    const table = await openTable(openLocalStore(TestStore.root(id), this.files), OPTIONS);
    const storage = new ArrayStorage(this.files);
    this.tables.set(id, table);
    this.storages.set(id, storage);
    this.intake.attach(id, { table, storage, files: meterFiles(this.files), keys: METER_KEYS });
  }

  async insert(...items: readonly NewItem[]): Promise<number> {
    return await this.intake.commit(items, { isSynced: true });
  }

  /** The numbers of all rows, ascending, and that coverage and totals are theirs. */
  async numbers(id: number, own?: PendingItems, leased?: WorldLease): Promise<readonly number[]> {
    const lease = leased ?? (await this.intake.lease([id]));
    try {
      const view = lease.view(id, own);
      const rows: MeterRow[] = [];
      for (const { path } of await view.prune({})) {
        rows.push(...(await rowsOfParquet(this.files, `${TestStore.root(id)}/${path}`)));
      }
      const hot = this.hotRows(id, await view.hot({}));
      rows.push(...hot);
      // Of hot rows, those that are hidden count, too.
      expect(view.totals.rows - view.totals.hotRows).toBe(rows.length - hot.length);
      expect(view.totals.hotRows).toBeGreaterThanOrEqual(hot.length);
      expect(told(await view.coverage())).toEqual(told(coverageOfRows(rows)));
      return rows.map(({ kwh }) => kwh).sort((a, b) => a - b);
    } finally {
      if (leased === undefined) lease.release();
    }
  }

  hotRows(id: number, ranges: readonly HotRange[]): readonly MeterRow[] {
    return this.storages.get(id)?.readAll(ranges) ?? [];
  }

  async close(): Promise<void> {
    await this.intake.close();
    await this.log.close();
  }
}

function coverageOfRows(rows: readonly MeterRow[]): Coverage {
  const { kind } = METERS.index;
  const devices = [...new Set(rows.map(({ device }) => device))];
  return coverageOf(
    devices.map((device) => ({
      entity: [{ type: "utf8", value: device }],
      runs: runsOf(
        rows
          .filter((row) => row.device === device)
          .map(({ micros }) => {
            const bucket = bucketOf(kind, micros * 1000n);
            return [bucket, bucket] as const;
          }),
      ),
    })),
  );
}

function told(coverage: Coverage): unknown {
  return coverage.map(({ entity, runs }) => [entity[0]?.value, [...runs].map(String).join(" ")]);
}
