/**
 * Rows, commits over two tables, flushes and trims while the disk fails: at the n-th call, for every
 * n, for a while, or by losing what was never synced. What was acknowledged is there exactly once,
 * what was refused is not, and a commit is in both tables or in neither.
 */

import { expect, test } from "vitest";
import { sleep } from "../../src/base/async.ts";
import { setLogLevel } from "../../src/base/telemetry.ts";
import { StorageError } from "../../src/storage/error.ts";
import { meterRow } from "../support/hot-rows.ts";
import { rowsItem, TestStore } from "../support/intake.ts";
import type { SimulatedFiles } from "../support/sim-store.ts";

// Flushes that fail are told in the log: expected here.
setLogLevel("error");

const A = 16_401;
const B = 16_402;
const TABLES = [A, B];

/** Commits by number, which is their rows' number in every table they write. */
class Ledger {
  readonly acknowledged = new Set<number>();
  readonly refused = new Set<number>();
  readonly unknown = new Set<number>();
  #next = 1;

  get mustStop(): boolean {
    return this.unknown.size > 0;
  }

  /** Every third commit goes to both tables. */
  async commit(store: TestStore, isSynced = true): Promise<void> {
    const number = this.#next;
    this.#next += 1;
    const row = meterRow(number % 24, "ab"[number % 2] ?? "a", number);
    const items = tablesOf(number).map((table) => rowsItem(table, row));
    try {
      await store.intake.commit(items, { isSynced });
      this.acknowledged.add(number);
    } catch (cause) {
      (isUnknown(cause) ? this.unknown : this.refused).add(number);
    }
  }
}

function tablesOf(number: number): readonly number[] {
  if (number % 3 === 0) return TABLES;
  return number % 3 === 1 ? [A] : [B];
}

function isUnknown(cause: unknown): boolean {
  return !(cause instanceof StorageError) || cause.reason === "outcome-unknown";
}

/** @returns whether a flush has come to an end that nobody knows: the server stops. */
async function work(store: TestStore, ledger: Ledger, isSynced: boolean): Promise<boolean> {
  let isLost = false;
  const flush = async (table: number) => {
    await store.intake.flush(table).catch((cause: unknown) => {
      if (cause instanceof StorageError && cause.reason === "outcome-unknown") isLost = true;
    });
  };
  const commit = async () => await ledger.commit(store, isSynced);
  await commit();
  await Promise.all([commit(), commit(), commit()]);
  await flush(A);
  await Promise.all([commit(), flush(B), commit()]);
  await commit();
  await Promise.all([flush(A), commit(), flush(B)]);
  await commit();
  return isLost;
}

/** The commits that are there, each whole. */
async function commitsOf(store: TestStore, where: string): Promise<readonly number[]> {
  const found = new Map<number, readonly number[]>();
  for (const table of TABLES) found.set(table, await store.numbers(table));
  const all = new Set([...found.values()].flat());
  for (const [table, numbers] of found) {
    const expected = [...all].filter((number) => tablesOf(number).includes(table));
    expect(numbers, `${where}, table ${table}`).toEqual(expected.sort((a, b) => a - b));
  }
  return [...all].sort((a, b) => a - b);
}

function expectKept(commits: readonly number[], ledger: Ledger, where: string): void {
  const kept = new Set(commits);
  for (const number of ledger.acknowledged) expect(kept, where).toContain(number);
  for (const number of ledger.refused) expect(kept, where).not.toContain(number);
}

async function died(store: TestStore): Promise<void> {
  await store.close().catch(() => undefined);
  await sleep(0);
}

async function reopened(files: SimulatedFiles, ledger: Ledger, where: string): Promise<void> {
  const store = await TestStore.open(files, TABLES);
  expectKept(await commitsOf(store, where), ledger, where);
  const before = ledger.acknowledged.size;
  await ledger.commit(store);
  expect(ledger.acknowledged.size, where).toBe(before + 1);
  await store.intake.flushAll();
  expectKept(await commitsOf(store, where), ledger, where);
  await store.close();
}

test.each(["EIO", "ENOSPC"])("the n-th call fails with %s, for every n", async (errno) => {
  let stops = 0;
  for (let failAt = 1, isDone = false; !isDone; failAt += 1) {
    const where = `${errno} at call ${failAt}`;
    const files = await TestStore.create(TABLES);
    const store = await TestStore.open(files, TABLES);
    const ledger = new Ledger();
    files.arm({ failAt, errno });
    const isLost = await work(store, ledger, true);
    isDone = files.calls < failAt;
    files.arm({});
    if (!isLost && !ledger.mustStop) {
      // The server has gone on, and everything works again.
      expectKept(await commitsOf(store, where), ledger, where);
      await store.intake.flushAll();
      expectKept(await commitsOf(store, where), ledger, where);
    } else stops += 1;
    await died(store);
    if (failAt % 2 === 0) files.restart(failAt);
    else files.restartProcess();
    await reopened(files, ledger, where);
  }
  expect(stops).toBeGreaterThan(0);
});

test.each([1, 2, 3])(
  "power is lost with synchronous_commit off: only a suffix goes, seed %i",
  async (seed) => {
    for (let crashAfter = 1, isDone = false; !isDone; crashAfter += 1) {
      const where = `seed ${seed}, crash after call ${crashAfter}`;
      const files = await TestStore.create(TABLES);
      const store = await TestStore.open(files, TABLES);
      const ledger = new Ledger();
      files.arm({ crashAfter });
      await work(store, ledger, false);
      isDone = files.calls < crashAfter;
      await died(store);
      files.restart(seed * 1000 + crashAfter);
      const again = await TestStore.open(files, TABLES);
      const commits = await commitsOf(again, where);
      // Numbers follow the order of commits, and none was refused: a prefix of them is there.
      expect(commits, where).toEqual(commits.map((_, i) => i + 1));
      await again.close();
    }
  },
);

test("a full disk refuses rows and loses none, and all works again when there is space", async () => {
  const files = await TestStore.create(TABLES);
  const store = await TestStore.open(files, TABLES);
  const ledger = new Ledger();
  await ledger.commit(store);
  files.arm({ failAt: 1, errno: "ENOSPC", isLasting: true });
  expect(await work(store, ledger, true)).toBe(false);
  expect(ledger.unknown.size).toBe(0);
  expect(ledger.refused.size).toBeGreaterThan(5);
  files.arm({});
  const before = ledger.acknowledged.size;
  expect(await work(store, ledger, true)).toBe(false);
  expect(ledger.acknowledged.size).toBe(before + 9);
  expectKept(await commitsOf(store, "after"), ledger, "after");
  await died(store);
  files.restart(5);
  await reopened(files, ledger, "after a restart");
});
