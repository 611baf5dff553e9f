/** Rows through the log: visible at once, published whole, there exactly once after a restart. */

import { expect, test } from "vitest";
import { sleep } from "../../src/base/async.ts";
import { setLogLevel } from "../../src/base/telemetry.ts";
import { bytesOfRows } from "../../src/table/hot-rows.ts";
import { PendingItems } from "../../src/table/pending-items.ts";
import { writeOwnRows } from "../../src/table/pending-segments.ts";
import { segmentsOf } from "../../src/table/snapshot.ts";
import { meterBlock, meterRow } from "../support/hot-rows.ts";
import { rowsItem, TestStore } from "../support/intake.ts";

setLogLevel("error");

const A = 16_401;
const B = 16_402;

test("a committed row is visible, is published by a flush and stays one row", async () => {
  const files = await TestStore.create([A]);
  const store = await TestStore.open(files, [A]);
  await store.insert(rowsItem(A, meterRow(1, "a", 1), meterRow(2, "b", 2)));
  expect(await store.numbers(A)).toEqual([1, 2]);
  await store.intake.flush(A);
  expect(await store.numbers(A)).toEqual([1, 2]);
  const table = store.tables.get(A);
  expect(segmentsOf(table?.snapshot as NonNullable<typeof table>["snapshot"])).toHaveLength(1);
  await store.insert(rowsItem(A, meterRow(3, "a", 3)));
  expect(await store.numbers(A)).toEqual([1, 2, 3]);
  await store.close();
});

test("a large flush becomes segments of about one size, in the order of its commits", async () => {
  const files = await TestStore.create([A]);
  const segmentBytes = 2 * bytesOfRows(meterBlock([meterRow(0, "a", 0)]));
  const triggers = { ageMs: 1e9, bytes: 1e9, rows: 1e9, segmentBytes };
  const store = await TestStore.open(files, [A], { triggers });
  for (const hour of [0, 1, 2]) {
    // Two items of one commit stay together.
    const [one, two] = [meterRow(hour, "a", 2 * hour), meterRow(hour, "b", 2 * hour + 1)];
    await store.insert(rowsItem(A, one), rowsItem(A, two));
  }
  await store.intake.flush(A);
  const { history, version } = store.tables.get(A)?.snapshot ?? {};
  expect(version).toBe(2);
  const hours = history?.segments.map(({ min, max, rows }) => [max.raw - min.raw, rows]);
  expect(hours).toEqual([
    [0n, 2],
    [0n, 2],
    [0n, 2],
  ]);
  expect(await store.numbers(A)).toEqual([0, 1, 2, 3, 4, 5]);
  await store.close();
});

test("a restart finds published and unpublished rows, each once", async () => {
  const files = await TestStore.create([A, B]);
  const store = await TestStore.open(files, [A, B]);
  await store.insert(rowsItem(A, meterRow(1, "a", 1)), rowsItem(B, meterRow(1, "a", 2)));
  await store.intake.flush(A);
  await store.insert(rowsItem(A, meterRow(2, "a", 3)));
  await store.close();
  const again = await TestStore.open(files, [A, B]);
  expect(await again.numbers(A)).toEqual([1, 3]);
  expect(await again.numbers(B)).toEqual([2]);
  expect(again.intake.sequence).toBe(2);
  await again.close();
});

test("a lease goes on reading what it saw, through commits and flushes", async () => {
  const files = await TestStore.create([A]);
  const store = await TestStore.open(files, [A]);
  await store.insert(rowsItem(A, meterRow(1, "a", 1)));
  const lease = await store.intake.lease();
  await store.insert(rowsItem(A, meterRow(2, "a", 2)));
  await store.intake.flush(A);
  await store.insert(rowsItem(A, meterRow(3, "a", 3)));
  await store.intake.flush(A);
  expect(await store.numbers(A, undefined, lease)).toEqual([1]);
  expect(await store.numbers(A)).toEqual([1, 2, 3]);
  lease.release();
  await sleep(0);
  expect(store.storages.get(A)?.relations.size).toBe(0);
  await store.close();
});

test("own rows are seen by their transaction alone, savepoints undo them", async () => {
  const files = await TestStore.create([A]);
  const store = await TestStore.open(files, [A]);
  const hot = store.intake.table(A);
  await store.insert(rowsItem(A, meterRow(1, "a", 1)));
  const own = new PendingItems();
  own.add(hot, rowsItem(A, meterRow(2, "b", 2)));
  const mark = own.mark();
  own.add(hot, rowsItem(A, meterRow(3, "b", 3)));
  expect(await store.numbers(A, own)).toEqual([1, 2, 3]);
  own.rollbackTo(mark);
  expect(await store.numbers(A, own)).toEqual([1, 2]);
  own.add(hot, rowsItem(A, meterRow(4, "b", 4)));
  expect(await store.numbers(A, own)).toEqual([1, 2, 4]);
  expect(await store.numbers(A)).toEqual([1]);
  await store.insert(...own.items());
  await own.discard(true);
  expect(await store.numbers(A)).toEqual([1, 2, 4]);
  await store.close();
});

test("a truncation takes out flushed rows and the transaction's own, nothing later", async () => {
  const files = await TestStore.create([A]);
  const store = await TestStore.open(files, [A]);
  const hot = store.intake.table(A);
  await store.insert(rowsItem(A, meterRow(1, "a", 1)));
  const own = new PendingItems();
  own.add(hot, rowsItem(A, meterRow(3, "a", 3)));
  await store.intake.flush(A);
  const lease = await store.intake.lease([A]);
  const mark = own.mark();
  own.truncate(hot, lease.view(A, own));
  expect(await store.numbers(A, own, lease)).toEqual([]);
  own.rollbackTo(mark);
  expect(await store.numbers(A, own, lease)).toEqual([1, 3]);
  own.truncate(hot, lease.view(A, own));
  own.add(hot, rowsItem(A, meterRow(4, "a", 4)));
  expect(await store.numbers(A, own, lease)).toEqual([4]);
  await store.insert(rowsItem(A, meterRow(5, "a", 5)));
  await store.insert(...own.items());
  await own.discard(true);
  lease.release();
  expect(await store.numbers(A)).toEqual([4, 5]);
  await store.intake.flush(A);
  expect(await store.numbers(A)).toEqual([4, 5]);
  await store.close();
  const again = await TestStore.open(files, [A]);
  expect(await again.numbers(A)).toEqual([4, 5]);
  await again.close();
});

test("own rows can become a segment, and a savepoint before that brings them back", async () => {
  const files = await TestStore.create([A]);
  const store = await TestStore.open(files, [A]);
  const hot = store.intake.table(A);
  const own = new PendingItems();
  own.add(hot, rowsItem(A, meterRow(1, "a", 1)));
  const mark = own.mark();
  own.add(hot, rowsItem(A, meterRow(2, "b", 2)));
  expect(await store.numbers(A, own)).toEqual([1, 2]);
  const before = own.bytesOf(A);
  await writeOwnRows(hot, own);
  expect(own.bytesOf(A)).toBe(before / 2);
  expect(await store.numbers(A, own)).toEqual([1, 2]);
  own.rollbackTo(mark);
  expect(await store.numbers(A, own)).toEqual([1]);
  await writeOwnRows(hot, own);
  own.add(hot, rowsItem(A, meterRow(3, "c", 3)));
  expect(await store.numbers(A, own)).toEqual([1, 3]);
  await store.insert(...own.items());
  await own.discard(true);
  expect(await store.numbers(A)).toEqual([1, 3]);
  expect(store.storages.get(A)?.relations.size).toBe(1);
  await store.intake.flush(A);
  await store.close();
  const again = await TestStore.open(files, [A]);
  expect(await again.numbers(A)).toEqual([1, 3]);
  // Nothing but what counts is left behind.
  const stored = files.names(`${TestStore.root(A)}/data`);
  expect(stored).toHaveLength(2);
  await again.close();
});

test("a prepared commit counts once decided, also when the server stopped in between", async () => {
  const files = await TestStore.create([A]);
  const store = await TestStore.open(files, [A]);
  const extra = Buffer.from("catalogue");
  const first = await store.intake.prepare(1, [rowsItem(A, meterRow(1, "a", 1))], extra);
  expect(await store.numbers(A)).toEqual([]);
  let told = 0;
  const sequence = await first.decide(async (decided) => {
    told = decided;
    expect(await store.numbers(A)).toEqual([]);
  });
  expect(told).toBe(sequence);
  expect(await store.numbers(A)).toEqual([1]);
  const second = await store.intake.prepare(2, [rowsItem(A, meterRow(2, "a", 2))], extra);
  second.abandon();
  await store.intake.prepare(3, [rowsItem(A, meterRow(3, "a", 3))], extra);
  await store.intake.prepare(4, [rowsItem(A, meterRow(4, "a", 4))], extra);
  await store.close();

  const again = await TestStore.open(files, []);
  const undecided = again.intake.recoveredTransactions.filter((one) => one.sequence === undefined);
  expect(undecided.map(({ txn }) => txn)).toEqual([3, 4]);
  expect(Buffer.from(undecided[0]?.extra ?? []).toString()).toBe("catalogue");
  await again.close();
});

test("a row without a time or with an endless one is refused and leaves nothing", async () => {
  const files = await TestStore.create([A]);
  const store = await TestStore.open(files, [A]);
  const endless = { ...meterRow(1, "a", 1), micros: (1n << 63n) - 1n };
  await expect(store.insert(rowsItem(A, endless))).rejects.toMatchObject({
    reason: "invalid-range",
  });
  const block = meterBlock([meterRow(1, "a", 1)]);
  const [time, ...others] = block.columns;
  const nulls = { ...time, validity: new Uint8Array([0]) } as NonNullable<typeof time>;
  await expect(
    store.insert({
      kind: "rows",
      tableId: A,
      schemaVersion: 1,
      block: { rows: 1, columns: [nulls, ...others] },
    }),
  ).rejects.toMatchObject({ reason: "null-time" });
  expect(await store.numbers(A)).toEqual([]);
  await store.close();
});

test("at the bound writers wait for a flush and nothing fails", async () => {
  const files = await TestStore.create([A, B]);
  const limits = { tableBytes: 4000, totalBytes: 8000 };
  const store = await TestStore.open(files, [A, B], { limits });
  const rows = Array.from({ length: 60 }, (_, i) => i);
  await Promise.all(rows.map((n) => store.insert(rowsItem(A, meterRow(n, "a", n)))));
  expect(await store.numbers(A)).toEqual(rows);
  expect(store.tables.get(A)?.snapshot.version).toBeGreaterThan(1);
  await store.close();
});

test("a table that cannot publish fails its own writers at the bound, and no others", async () => {
  const files = await TestStore.create([A, B]);
  const limits = { tableBytes: 4000, totalBytes: 6000 };
  const store = await TestStore.open(files, [A, B], { limits });
  const storage = store.storages.get(A);
  if (storage !== undefined) storage.failure = new Error("no memory");
  const outcomes = await Promise.allSettled(
    Array.from({ length: 20 }, (_, n) => store.insert(rowsItem(A, meterRow(n, "a", n)))),
  );
  const kept = outcomes.flatMap(({ status }, n) => (status === "fulfilled" ? [n] : []));
  expect(kept.length).toBeGreaterThan(2);
  expect(kept.length).toBeLessThan(20);
  for (const outcome of outcomes) {
    if (outcome.status === "rejected") {
      expect(outcome.reason).toMatchObject({ reason: "flush-failed" });
    }
  }
  await Promise.all(
    Array.from({ length: 20 }, (_, n) => store.insert(rowsItem(B, meterRow(n, "a", n)))),
  );
  expect(await store.numbers(B)).toHaveLength(20);
  if (storage !== undefined) storage.failure = undefined;
  await store.insert(rowsItem(A, meterRow(30, "a", 30)));
  expect(await store.numbers(A)).toEqual([...kept, 30]);
  await store.close();
});

test("a dropped table's items are forgotten, those of others are not", async () => {
  const files = await TestStore.create([A, B]);
  const store = await TestStore.open(files, [A, B]);
  await store.insert(rowsItem(A, meterRow(1, "a", 1)), rowsItem(B, meterRow(1, "a", 2)));
  const lease = await store.intake.lease();
  const late = store.insert(rowsItem(A, meterRow(2, "a", 3)), rowsItem(B, meterRow(2, "a", 4)));
  store.intake.detach(A);
  await expect(late).rejects.toMatchObject({ reason: "no-table" });
  await expect(store.insert(rowsItem(A, meterRow(3, "a", 5)))).rejects.toMatchObject({
    reason: "no-table",
  });
  expect(await store.numbers(A, undefined, lease)).toEqual([1]);
  lease.release();
  expect(await store.numbers(B)).toEqual([2]);
  await store.close();
  const again = await TestStore.open(files, [B]);
  expect(await again.numbers(B)).toEqual([2]);
  await again.intake.flush(B);
  expect(again.intake.table(B).isEmpty).toBe(true);
  await again.close();
});
