/**
 * Two tables of one server and another writer, every pair of things that may happen at once, the
 * second beginning after each call of the first, a crash after each call: every acknowledged row is
 * there exactly once, no half of a commit, coverage is that of the data, and it all opens again.
 */

import { expect, test, vi } from "vitest";
import { sleep } from "../../src/base/async.ts";
import { setLogLevel } from "../../src/base/telemetry.ts";
import { StorageError } from "../../src/storage/error.ts";
import { StoreError } from "../../src/table/error.ts";
import { TestStore } from "../support/intake.ts";
import { seedOf } from "../support/random.ts";
import { Crash, type SimulatedFiles } from "../support/sim-store.ts";
import { Model } from "./model.ts";
import { areLocked, replacing } from "./replace-step.ts";
import { A, append, B, insert, STEPS, type Step } from "./steps.ts";

// Flushes that a crash ends are told in the log: expected here.
setLogLevel("error");

const TABLES = [A, B];
const ALL = [...STEPS, replacing];
// The whole enumeration takes minutes.
vi.setConfig({ testTimeout: 900_000 });
/** Each seed loses other unsynced bytes and names. */
const SEED = seedOf("crashes");
/** Of the calls after which the second thing begins, every so many; SIMULATION=full tries all. */
const STRIDE = process.env["SIMULATION"] === "full" ? 1 : 7;

async function found(store: TestStore): Promise<Record<number, readonly number[]>> {
  return { [A]: await store.numbers(A), [B]: await store.numbers(B) };
}

/** Some rows in segments, some hot. */
async function begun(): Promise<{
  readonly files: SimulatedFiles;
  readonly store: TestStore;
  readonly model: Model;
}> {
  const files = await TestStore.create(TABLES);
  // Each commit becomes a segment of its own.
  const triggers = { ageMs: 1e9, bytes: 1e9, rows: 1e9, segmentBytes: 1 };
  const store = await TestStore.open(files, TABLES, { triggers });
  const model = new Model();
  await insert.run(store, model);
  await store.intake.flush(A);
  await append.run(store, model);
  await insert.run(store, model);
  return { files, store, model };
}

/** Ends all that the dead process is still at. */
async function buried(store: TestStore, running: readonly Promise<unknown>[]): Promise<void> {
  await Promise.allSettled(running);
  await store.close().catch(() => undefined);
  await sleep(0);
}

function isCrash(cause: unknown): boolean {
  if (cause instanceof Crash) return true;
  if (cause instanceof AggregateError) return cause.errors.some(isCrash);
  return cause instanceof Error && cause.cause !== undefined && isCrash(cause.cause);
}

/** What the other writer left above CURRENT: published, or removed by a person. */
async function adoptLeftovers(store: TestStore): Promise<void> {
  const table = store.tables.get(A);
  try {
    await store.intake.flush(A);
  } catch (cause) {
    if (!(cause instanceof StoreError) || cause.reason !== "unfinished-commit") throw cause;
    const version = (table?.snapshot.version ?? 0) + 1;
    await table?.adoptCommit().catch(async () => {
      const name = `${String(version).padStart(10, "0")}.json`;
      await table.store.delete(`_timeseries_log/${name}`);
    });
  }
}

async function decideAll(store: TestStore): Promise<void> {
  for (const { txn, sequence } of store.intake.recoveredTransactions) {
    if (sequence === undefined) await store.intake.abandonRecovered(txn);
    else store.intake.finish(txn);
  }
}

async function checkAfterCrash(files: SimulatedFiles, model: Model, where: string): Promise<void> {
  const store = await TestStore.open(files, TABLES, { beforeAttach: decideAll });
  const state = await found(store);
  model.check(state, where);
  await adoptLeftovers(store);
  const adopted = await found(store);
  model.check(adopted, `${where}, leftovers adopted`);
  model.settle(adopted);
  // It goes on, and everything it has survives being published.
  await insert.run(store, model);
  await append.run(store, model);
  for (const id of TABLES) await store.intake.flush(id);
  model.check(await found(store), `${where}, published`);
  await store.close();
  const last = await TestStore.open(files, TABLES, { beforeAttach: decideAll });
  model.check(await found(last), `${where}, opened again`);
  for (const id of TABLES) expect(last.intake.table(id).isEmpty, where).toBe(true);
  await last.close();
}

async function runPair(first: Step, second: Step, call: number, crashAfter: number | undefined) {
  const { files, store, model } = await begun();
  const names = `${first.name}, after its call ${call} ${second.name}`;
  const where = `${names}, crash after ${crashAfter}, seed ${SEED}`;
  const running: Promise<unknown>[] = [];
  const start = (step: Step) => {
    const done = step.run(store, model);
    done.catch(() => undefined);
    running.push(done);
  };
  files.arm({
    next: { call, act: () => start(second) },
    ...(crashAfter !== undefined && { crashAfter }),
  });
  start(first);
  const [outcome] = await Promise.allSettled([running[0]]);
  const { calls } = files;
  const reached = calls >= call;
  if (!reached) {
    files.arm({});
    start(second);
  }
  const others = await Promise.allSettled(running);
  for (const result of [...others, outcome]) {
    if (result.status === "fulfilled" || isCrash(result.reason)) continue;
    throw new Error(where, { cause: result.reason });
  }
  const isDown = crashAfter !== undefined && calls >= crashAfter;
  if (!isDown) {
    files.arm({});
    model.check(await found(store), where);
  }
  await buried(store, running);
  if (isDown) files.restart(SEED * 10_007 + call * 131 + crashAfter);
  else files.arm({});
  await checkAfterCrash(files, model, where);
  return { reached, calls };
}

test.each(ALL)("$name beside everything else, begun after each of its calls", async (first) => {
  let runs = 0;
  // Its window is a single call.
  const stride = first === replacing ? 1 : STRIDE;
  for (const second of ALL) {
    if (areLocked(first, second)) continue;
    for (let call = 1 + (runs % stride); ; call += stride) {
      const { reached } = await runPair(first, second, call, undefined);
      runs += 1;
      if (!reached) break;
    }
  }
  expect(runs).toBeGreaterThanOrEqual(STEPS.length - 3);
});

test.each(ALL)("$name: a crash after every call", async (first) => {
  const never = 1e9;
  const idle: Step = { name: "nothing", run: async () => undefined };
  for (let crashAfter = 1; ; crashAfter += 1) {
    const { calls } = await runPair(first, idle, never, crashAfter);
    if (calls < crashAfter) break;
  }
});

test.each(ALL)("$name: any call that fails leaves all of it or nothing", async (step) => {
  for (let failAt = 1; ; failAt += 1) {
    const { files, store, model } = await begun();
    const where = `${step.name}, call ${failAt} fails`;
    files.arm({ failAt, errno: failAt % 2 === 0 ? "ENOSPC" : "EIO" });
    const error = await step.run(store, model).then(
      () => undefined,
      (cause: unknown) => cause,
    );
    const isOver = files.calls < failAt;
    files.arm({});
    const isUnknown = error instanceof StorageError && error.reason === "outcome-unknown";
    if (!isUnknown) {
      if (error !== undefined) model.failOpen();
      model.check(await found(store), where);
      await step.run(store, model);
      model.check(await found(store), `${where}, then succeeds`);
    }
    await buried(store, []);
    await checkAfterCrash(files, model, where);
    if (isOver) break;
  }
});
