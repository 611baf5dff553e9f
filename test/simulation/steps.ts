/** What may happen to two tables, each as one acknowledged change of a model. */

import { openLocalStore } from "../../src/storage/local-store.ts";
import { appendFiles } from "../../src/table/append.ts";
import { HotTable } from "../../src/table/hot-table.ts";
import { allMerges, MERGE_TARGET } from "../../src/table/merge-plan.ts";
import { mergeSegments } from "../../src/table/merge-segments.ts";
import { PendingItems } from "../../src/table/pending-items.ts";
import {
  appendPending,
  appendPublished,
  type Replacement,
  replaceSegments,
} from "../../src/table/segment-changes.ts";
import { segmentsOf } from "../../src/table/snapshot.ts";
import { Staging } from "../../src/table/staging.ts";
import { openTable } from "../../src/table/table.ts";
import {
  ArrayStorage,
  METER_KEYS,
  meterFiles,
  meterRow,
  parquetOf,
  rowsOfParquet,
} from "../support/hot-rows.ts";
import { rowsItem, TestStore } from "../support/intake.ts";
import type { Change, Model } from "./model.ts";

export const A = 1;
export const B = 2;

export interface Step {
  readonly name: string;
  run(store: TestStore, model: Model): Promise<void>;
}

const NOTHING = {};
let nextNumber = 100;

export function fresh(): number {
  nextNumber += 1;
  return nextNumber;
}

function row(number: number) {
  return meterRow(number % 24, number % 2 === 0 ? "a" : "b", number);
}

export async function acknowledged(model: Model, change: Change, act: () => Promise<unknown>) {
  model.begin(change);
  await act();
  model.acknowledge(change);
}

async function source(store: TestStore, numbers: readonly number[]): Promise<string> {
  const path = `/in/${numbers.join("-")}.parquet`;
  store.files.place(path, parquetOf(numbers.map(row)));
  return path;
}

export const insert: Step = {
  name: "insert",
  async run(store, model) {
    const [one, two] = [fresh(), fresh()];
    const change = { name: "insert", adds: { [A]: [one], [B]: [two] }, removes: NOTHING };
    await acknowledged(model, change, () =>
      store.insert(rowsItem(A, row(one)), rowsItem(B, row(two))),
    );
  },
};

const prepare: Step = {
  name: "prepare and decide",
  async run(store, model) {
    const number = fresh();
    const change = { name: "prepare", adds: { [A]: [number] }, removes: NOTHING };
    await acknowledged(model, change, async () => {
      const extra = new Uint8Array(0);
      const prepared = await store.intake.prepare(number, [rowsItem(A, row(number))], extra);
      await prepared.decide();
    });
  },
};

const flush: Step = {
  name: "flush",
  async run(store) {
    await store.intake.flush(A);
  },
};

export const append: Step = {
  name: "append",
  async run(store, model) {
    const number = fresh();
    const files = [await source(store, [number])];
    const change = { name: "append", adds: { [A]: [number] }, removes: NOTHING };
    await acknowledged(model, change, () =>
      appendPublished(
        store.intake.table(A),
        { own: new PendingItems(), key: "append" },
        {
          files,
          overlap: "allow",
        },
      ),
    );
  },
};

/** Files and rows of one transaction. */
const transaction: Step = {
  name: "transaction",
  async run(store, model) {
    const [file, hot, other] = [fresh(), fresh(), fresh()];
    const files = [await source(store, [file])];
    const own = new PendingItems();
    let isCommitted = false;
    let isSettled = true;
    try {
      const claimant = { own, key: "transaction" };
      await appendPending(store.intake.table(A), claimant, { files, overlap: "allow" });
      own.add(store.intake.table(A), rowsItem(A, row(hot)));
      own.add(store.intake.table(B), rowsItem(B, row(other)));
      const adds = { [A]: [file, hot], [B]: [other] };
      isSettled = false;
      await acknowledged(model, { name: "transaction", adds, removes: NOTHING }, () =>
        store.insert(...own.items()),
      );
      isSettled = true;
      isCommitted = true;
    } finally {
      if (isSettled) await own.discard(isCommitted);
    }
  },
};

/** Takes out the least number that a segment of A holds, by writing that segment again. */
async function planDelete(
  store: TestStore,
): Promise<{ readonly number: number; readonly replacement: Replacement } | undefined> {
  await store.intake.flush(A);
  const lease = await store.intake.lease([A]);
  try {
    const hot = store.intake.table(A);
    const view = lease.view(A);
    const [segment] = await view.prune({});
    if (segment === undefined) return undefined;
    const rows = await rowsOfParquet(store.files, `${TestStore.root(A)}/${segment.path}`);
    const number = Math.min(...rows.map(({ kwh }) => kwh));
    const kept = rows.filter(({ kwh }) => kwh !== number);
    const removed = [segment.path];
    if (kept.length === 0) return { number, replacement: { removed, added: [] } };
    const staging = new Staging(hot.table, hot.attachment.files);
    const { key, path } = await staging.newFile();
    await store.files.create(path, parquetOf(kept), false);
    const { meta } = view.snapshot;
    const staged = await staging.take(meta, key, "rewritten");
    if (staged === undefined) throw new Error("a rewritten file has no rows");
    const added = staging.segment(meta, staged);
    await added.done;
    return { number, replacement: { removed, added: [added] } };
  } finally {
    lease.release();
  }
}

export const deletion: Step = {
  name: "delete",
  async run(store, model) {
    const planned = await planDelete(store);
    if (planned === undefined) return;
    const { number, replacement } = planned;
    const change = { name: "delete", adds: NOTHING, removes: { [A]: [number] } };
    await acknowledged(model, change, () =>
      replaceSegments(store.intake.table(A), replacement, "DELETE"),
    ).catch((cause: unknown) => {
      if ((cause as { reason?: unknown }).reason !== "version-taken") throw cause;
      model.fail(change);
    });
  },
};

export const deletionInTransaction: Step = {
  name: "delete in a transaction",
  async run(store, model) {
    const planned = await planDelete(store);
    if (planned === undefined) return;
    const { number, replacement } = planned;
    const other = fresh();
    const change = { name: "delete", adds: { [B]: [other] }, removes: { [A]: [number] } };
    await acknowledged(model, change, () =>
      store.insert({ kind: "segments", tableId: A, ...replacement }, rowsItem(B, row(other))),
    );
  },
};

export const truncation: Step = {
  name: "truncate",
  async run(store, model) {
    await store.intake.flush(A);
    const lease = await store.intake.lease([A]);
    const own = new PendingItems();
    try {
      const view = lease.view(A);
      own.truncate(store.intake.table(A), view);
      const rows = await Promise.all(
        view.segments().map(async ({ path }) => {
          return await rowsOfParquet(store.files, `${TestStore.root(A)}/${path}`);
        }),
      );
      const numbers = rows.flat().map(({ kwh }) => kwh);
      const change = { name: "truncate", adds: NOTHING, removes: { [A]: numbers } };
      await acknowledged(model, change, () => store.insert(...own.items()));
    } finally {
      lease.release();
    }
  },
};

async function foreignTable(store: TestStore) {
  const options = { walId: "another writer", foreignCommitWaitMs: 60 };
  return await openTable(openLocalStore(TestStore.root(A), store.files), options);
}

const foreignAppend: Step = {
  name: "foreign append",
  async run(store, model) {
    const number = fresh();
    const files = [await source(store, [number])];
    const change = { name: "foreign append", adds: { [A]: [number] }, removes: NOTHING };
    await acknowledged(model, change, async () => {
      const table = await foreignTable(store);
      await appendFiles(table, meterFiles(store.files), { files, overlap: "allow" });
    });
  },
};

/** All published segments become one, with the same rows. */
const foreignCompaction: Step = {
  name: "foreign compaction",
  async run(store, model) {
    const table = await foreignTable(store);
    const attachment = {
      table,
      files: meterFiles(store.files),
      storage: new ArrayStorage(store.files),
      keys: METER_KEYS,
    };
    const hot = new HotTable(A, attachment, []);
    const segments = table.snapshot.history.segments.filter((one) => one.removedIn === undefined);
    if (segments.length === 0) return;
    const rows = [];
    for (const { path } of segments) {
      rows.push(...(await rowsOfParquet(store.files, `${TestStore.root(A)}/${path}`)));
    }
    const staging = new Staging(table, attachment.files);
    const { key, path } = await staging.newFile();
    await store.files.create(path, parquetOf(rows), false);
    const { meta } = table.snapshot;
    const staged = await staging.take(meta, key, "compacted");
    if (staged === undefined) return;
    const added = staging.segment(meta, staged);
    await added.done;
    const removed = segments.map((one) => one.path);
    const change = { name: "foreign compaction", adds: NOTHING, removes: NOTHING };
    await acknowledged(model, change, () =>
      replaceSegments(hot, { removed, added: [added] }, "OPTIMIZE"),
    ).catch((cause: unknown) => {
      if ((cause as { reason?: unknown }).reason !== "version-taken") throw cause;
      model.fail(change);
    });
  },
};

/** All published segments become one, as in the background, but that nothing is locked. */
const merge: Step = {
  name: "merge",
  async run(store, model) {
    const hot = store.intake.table(A);
    const groups = allMerges(segmentsOf(hot.table.snapshot), MERGE_TARGET);
    if (groups.length === 0) return;
    const change = { name: "merge", adds: NOTHING, removes: NOTHING };
    const alone = async <T>(act: () => Promise<T>) => await act();
    await acknowledged(model, change, () => mergeSegments(hot, groups, { alone })).catch(
      (cause: unknown) => {
        if ((cause as { reason?: unknown }).reason !== "version-taken") throw cause;
        model.fail(change);
      },
    );
  },
};

export const STEPS: readonly Step[] = [
  insert,
  prepare,
  flush,
  append,
  transaction,
  deletion,
  deletionInTransaction,
  truncation,
  foreignAppend,
  foreignCompaction,
  merge,
];
