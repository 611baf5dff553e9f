/** Looking for keys reads as little as it can. */

import { expect, test } from "vitest";
import { type KeyRequest, TableKeys } from "../../src/table/keys.ts";
import { AXIS, FakeTable, type Key, keyRows, textOf } from "../support/fake-keys.ts";

function request(owner: object, more: Partial<KeyRequest> = {}): KeyRequest {
  return { owner, number: 1, policy: "reject", ...more };
}

test("a feed in order reads its last bucket once and nothing afterwards", async () => {
  const table = new FakeTable();
  table.add([
    ["a", 100],
    ["a", 105],
    ["b", 3],
  ]);
  const keys = new TableKeys(AXIS, table);
  for (let second = 106; second < 400; second += 1) {
    const owner = {};
    const rows: Key[] = [
      ["a", second],
      ["b", second],
      ["new", second],
    ];
    expect([...(await keys.reserve(keyRows(rows), request(owner))).fresh]).toEqual([0, 1, 2]);
    table.add(rows);
    keys.committed(owner);
  }
  expect(table.reads).toBe(1);
});

test("late rows where nothing is covered read nothing", async () => {
  const table = new FakeTable();
  table.add([
    ["a", 1000],
    ["a", 0],
  ]);
  const keys = new TableKeys(AXIS, table);
  const rows = Array.from({ length: 90 }, (_, i): Key => ["a", 10 + i * 10]);
  const { fresh } = await keys.reserve(keyRows(rows), request({}));
  expect(fresh).toHaveLength(90);
  expect(table.reads).toBe(0);
});

test("a bucket is read once however many rows go into it", async () => {
  const table = new FakeTable();
  table.add([
    ["a", 3],
    ["a", 9],
    ["a", 50],
  ]);
  const keys = new TableKeys(AXIS, table);
  for (let second = 0; second < 10; second += 1) {
    const got = await keys.reserve(keyRows([["a", second]]), request({}));
    expect(got.existing).toHaveLength(second === 3 || second === 9 ? 1 : 0);
  }
  expect(table.reads).toBe(1);
});

test("a bucket that has begun since is known without a look", async () => {
  const table = new FakeTable();
  const keys = new TableKeys(AXIS, table);
  for (const seconds of [[500, 504], [502], [10], [500, 503], [10, 11]]) {
    const rows = seconds.map((second): Key => ["a", second]);
    const owner = {};
    const { fresh, existing } = await keys.reserve(
      keyRows(rows),
      request(owner, { policy: "skip" }),
    );
    expect(existing).toHaveLength(rows.filter((row) => table.visible.has(textOf(row))).length);
    table.add([...fresh].map((row) => rows[row] as Key));
    keys.committed(owner);
  }
  expect(table.reads).toBe(0);
});

test("statements that need the same bucket at once share the reading", async () => {
  const table = new FakeTable(async () => await new Promise((resolve) => setImmediate(resolve)));
  table.add([
    ["a", 3],
    ["a", 50],
  ]);
  const keys = new TableKeys(AXIS, table);
  const got = await Promise.all(
    [1, 2, 3, 4].map((second) => keys.reserve(keyRows([["a", second]]), request({}))),
  );
  expect(got.map(({ existing }) => existing.length)).toEqual([0, 0, 1, 0]);
  expect(table.reads).toBe(1);
});
