/**
 * The write-ahead log against crashes after every call, calls that fail and bytes that change: what
 * was acknowledged is there, in order, what failed is not, and damage is never taken for an end.
 */

import fs from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { crc32, crc32InScript } from "../../src/base/crc32.ts";
import { setLogLevel } from "../../src/base/telemetry.ts";
import { openAppendFolder } from "../../src/storage/append-files.ts";
import { type LogOptions, WriteAheadLog } from "../../src/table/wal.ts";
import {
  expectKept,
  FOLDER,
  machine,
  noOutcomes,
  numberOf,
  numbersOrDamage,
  openOn,
  payloadOf,
  run,
  SIZES,
  SMALL,
  type Workload,
} from "../support/log-records.ts";
import type { SimulatedFiles } from "../support/sim-store.ts";
import { temporaryFolder } from "../support/tables.ts";

// A log that does not close because its machine is down says so: expected here.
setLogLevel("error");

/** What has been found once survives everything, and the log goes on behind it. */
async function recoveredNumbers(
  files: SimulatedFiles,
  options: LogOptions,
  seed: number,
): Promise<readonly number[]> {
  const { records } = await openOn(files, options);
  const positions = records.map(({ position }) => position);
  expect(positions).toEqual([...positions].sort((a, b) => a - b));
  const numbers = records.map(({ payload }) => numberOf(payload));
  if (seed % 2 === 0) files.restart(seed);
  const { log, records: same } = await openOn(files, options);
  expect(same.map(({ payload }) => numberOf(payload))).toEqual(numbers);
  const position = await log.append(payloadOf(4_000_000, 50), { isSynced: true });
  expect(position).toBeGreaterThan(positions.at(-1) ?? -1);
  files.restart(seed + 1);
  const again = await openOn(files, options);
  expect(again.records.map(({ payload }) => numberOf(payload))).toEqual([...numbers, 4_000_000]);
  expect(again.records.at(-1)?.position).toBe(position);
  await again.log.close();
  return numbers;
}

const WORKLOADS: Readonly<Record<string, Workload>> = {
  "one after another": { sizes: SIZES, width: 1 },
  "four at once": { sizes: [...SIZES, ...SIZES], width: 4 },
  "with trimming": { sizes: [...SIZES, ...SIZES], width: 3, isTrimming: true },
  "half of them not synced": { sizes: SIZES, width: 2, isSynced: (number) => number % 2 === 0 },
  "none of them synced": { sizes: SIZES, width: 1, isSynced: () => false },
};

const CRASHES = Object.keys(WORKLOADS).flatMap((name) =>
  [1, 2, 3, 4, 5].map((seed) => [name, seed] as const),
);

test.each(CRASHES)("a crash after any call: %s, seed %i", async (name, seed) => {
  const workload = WORKLOADS[name] as Workload;
  // Space taken ahead and space taken as needed fail in different ways.
  const options = { ...SMALL, aheadBytes: seed % 2 === 0 ? 40_000 : 0 };
  let crashAfter = 0;
  for (let isDone = false; !isDone; ) {
    crashAfter += 1;
    const where = `${name}, seed ${seed}, crash after call ${crashAfter}`;
    const files = machine();
    files.arm({ crashAfter });
    const outcomes = noOutcomes();
    const opened = await openOn(files, options).catch(() => undefined);
    if (opened !== undefined) await run(opened.log, workload, outcomes);
    isDone = files.calls < crashAfter;
    const isPowerLoss = (seed + crashAfter) % 4 !== 0;
    if (isPowerLoss) files.restart(seed * 1000 + crashAfter);
    else files.restartProcess();
    const numbers = await recoveredNumbers(files, options, seed * 100 + crashAfter);
    if (!isPowerLoss) for (const number of outcomes.written) outcomes.durable.add(number);
    expectKept(numbers, outcomes, where);
  }
  expect(crashAfter).toBeGreaterThan(10);
});

test.each([1, 2, 3])(
  "a crash after any call of recovery loses nothing either, seed %i",
  async (seed) => {
    for (
      let crashAfter = 1, calls = Number.POSITIVE_INFINITY;
      crashAfter < calls;
      crashAfter += 1
    ) {
      const files = machine();
      const outcomes = noOutcomes();
      files.arm({ crashAfter: 25 });
      const { log } = await openOn(files);
      await run(log, { sizes: [...SIZES, ...SIZES], width: 3, isTrimming: true }, outcomes);
      files.restart(seed);
      files.arm({ crashAfter });
      const opened = await openOn(files).catch(() => undefined);
      if (opened !== undefined) calls = files.calls;
      files.restart(seed + crashAfter);
      expectKept(
        await recoveredNumbers(files, SMALL, seed),
        outcomes,
        `crash after call ${crashAfter}`,
      );
    }
  },
);

test.each(["EIO", "ENOSPC"])(
  "the n-th call fails with %s: refused records are nowhere",
  async (errno) => {
    for (const [name, workload] of Object.entries(WORKLOADS)) {
      for (let failAt = 1, isDone = false; !isDone; failAt += 1) {
        const where = `${name}, call ${failAt}`;
        const files = machine();
        const outcomes = noOutcomes();
        let failures = 0;
        const options = { ...SMALL, onFailure: () => (failures += 1) };
        const { log } = await openOn(files, options);
        files.arm({ failAt, errno });
        await run(log, workload, outcomes);
        isDone = files.calls < failAt;
        files.arm({});
        const next = log.append(payloadOf(1000, 10), { isSynced: true });
        if (failures > 0) {
          await expect(next, where).rejects.toMatchObject({ reason: "outcome-unknown" });
          await expect(log.sync(), where).rejects.toMatchObject({ reason: "outcome-unknown" });
        } else {
          expect(outcomes.unknown.size, where).toBe(0);
          await next;
          outcomes.durable.add(1000);
        }
        expect(failures, where).toBeLessThanOrEqual(1);
        await log.close();
        // The machine may then lose what it never synced.
        if (failAt % 2 === 0) files.restart(failAt);
        const reopened = await openOn(files);
        const numbers = reopened.records.map(({ payload }) => numberOf(payload));
        expectKept(numbers, outcomes, where);
      }
    }
  },
);

test("a full disk refuses appends, keeps what is there, and all goes on when there is space", async () => {
  const files = machine();
  const { log } = await openOn(files);
  await log.append(payloadOf(1, 100), { isSynced: true });
  files.arm({ failAt: 1, errno: "ENOSPC", isLasting: true });
  for (let i = 0; i < 3; i += 1) {
    const refusal = log.append(payloadOf(2, 70_000), { isSynced: true });
    await expect(refusal).rejects.toMatchObject({ reason: "disk-full" });
  }
  files.arm({});
  await log.append(payloadOf(3, 70_000), { isSynced: true });
  files.restart(1);
  const { records } = await openOn(files);
  expect(records.map(({ payload }) => numberOf(payload))).toEqual([1, 3]);
});

test.each(Array.from({ length: 20 }, (_, i) => i))(
  "records of a group that failed half-way never come back, seed %i",
  async (seed) => {
    const files = machine();
    const { log } = await openOn(files);
    await log.append(payloadOf(0, 5), { isSynced: true });
    files.arm({ failAt: 1, errno: "ENOSPC" });
    const group = [20, 20, 20, 500].map((size, i) =>
      log.append(payloadOf(1 + i, size), { isSynced: true }),
    );
    const outcomes = await Promise.allSettled(group);
    expect(outcomes.map(({ status }) => status)).toEqual(Array(4).fill("rejected"));
    if (seed % 2 === 0) files.restart(seed);
    else files.restartProcess();
    expect(await numbersOrDamage(files)).toEqual([0]);
  },
);

test("what stood behind a torn place does not come back when the log grows up to it", async () => {
  const files = machine();
  const { log } = await openOn(files);
  await log.append(payloadOf(0, 100), { isSynced: true });
  const group = [1, 2].map((number) => log.append(payloadOf(number, 100), { isSynced: true }));
  const [first = 0] = await Promise.all(group);
  const name = join(FOLDER, files.names(FOLDER)[0] as string);
  files.damage(name, (bytes) => bytes.fill(0, first, first + 20));
  const { log: again, records } = await openOn(files);
  expect(records).toHaveLength(1);
  // A mark and this record end where record 2 began.
  await again.append(payloadOf(3, 100 - 23), { isSynced: true });
  expect(await numbersOrDamage(files)).toEqual([0, 3]);
});

test("a failed sync ends the log: nobody can know what is on the disk", async () => {
  const files = machine();
  const failures: unknown[] = [];
  const { log } = await openOn(files, { ...SMALL, onFailure: (cause) => failures.push(cause) });
  files.arm({ failAt: 2, errno: "EIO" });
  const refused = { reason: "outcome-unknown" };
  await expect(log.append(payloadOf(1, 9), { isSynced: true })).rejects.toMatchObject(refused);
  await expect(log.append(payloadOf(2, 9), { isSynced: true })).rejects.toMatchObject(refused);
  await expect(log.append(payloadOf(3, 9), { isSynced: false })).rejects.toMatchObject(refused);
  expect(failures).toMatchObject([{ reason: "io-error" }]);
});

test("statements that come together share one write and one sync", async () => {
  const files = machine();
  const { log } = await openOn(files);
  files.arm({});
  await Promise.all(
    Array.from({ length: 16 }, (_, i) => log.append(payloadOf(i, 50), { isSynced: true })),
  );
  expect(files.calls).toBe(2);
  await log.append(payloadOf(16, 50), { isSynced: false });
  expect(files.calls).toBe(3);
  await log.sync();
  expect(files.calls).toBe(4);
  await log.sync();
  expect(files.calls).toBe(4);
});

test("with a delay a group waits for those who come a little later", async () => {
  const files = machine();
  const { log } = await openOn(files);
  files.arm({});
  const first = log.append(payloadOf(1, 9), { isSynced: true, delayMicros: 50_000 });
  for (let i = 0; i < 5; i += 1) await new Promise((resolve) => setImmediate(resolve));
  const second = log.append(payloadOf(2, 9), { isSynced: true });
  await Promise.all([first, second]);
  expect(files.calls).toBe(2);
});

test("what nobody waits for is synced soon all the same", async () => {
  const files = machine();
  const { log } = await openOn(files, { ...SMALL, lazySyncMs: 1 });
  await log.append(payloadOf(1, 9), { isSynced: false });
  while (files.calls === 0) await new Promise((resolve) => setImmediate(resolve));
  files.arm({});
  while (files.calls === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  files.restart(3);
  expect((await openOn(files)).records).toHaveLength(1);
});

test("trimming removes whole files only, and nothing that is needed", async () => {
  const files = machine();
  const { log } = await openOn(files);
  const positions: number[] = [];
  for (let i = 0; i < 20; i += 1) {
    positions.push(await log.append(payloadOf(i, 30_000), { isSynced: true }));
  }
  const before = files.names(FOLDER).length;
  await log.trim(positions[10] as number);
  expect(files.names(FOLDER).length).toBeLessThan(before);
  await log.trim(positions[4] as number);
  await log.close();
  const { records } = await openOn(files);
  const numbers = records.map(({ payload }) => numberOf(payload));
  expect(numbers).toEqual(
    Array.from({ length: numbers.length }, (_, i) => 20 - numbers.length + i),
  );
  expect(numbers[0]).toBeGreaterThan(5);
  expect(numbers[0]).toBeLessThanOrEqual(10);
});

test("in real files: many writers, files that follow one another, records larger than a file", async () => {
  const folder = temporaryFolder();
  try {
    const path = folder.file("wal");
    const options = { fileBytes: 1 << 20 };
    const { log } = await WriteAheadLog.open(await openAppendFolder(path), options);
    const lengths = [10, 5_000_000, 70_000, 0, 1_048_576, 20];
    const appended = await Promise.all(
      lengths.map((length, i) => log.append(payloadOf(i, length), { isSynced: i % 2 === 0 })),
    );
    for (let i = 0; i < 300; i += 1) {
      await log.append(payloadOf(100 + i, 9_000), { isSynced: i % 50 === 0 });
    }
    await log.close();
    expect(fs.readdirSync(path).length).toBeGreaterThan(3);
    const { log: again, records } = await WriteAheadLog.open(await openAppendFolder(path), options);
    expect(records.map(({ payload }) => numberOf(payload))).toEqual([
      ...lengths.keys(),
      ...Array.from({ length: 300 }, (_, i) => 100 + i),
    ]);
    expect(records.slice(0, 6).map(({ position }) => position)).toEqual(appended);
    await again.trim(again.end);
    await again.close();
    expect(fs.readdirSync(path)).toHaveLength(1);
  } finally {
    folder.remove();
  }
});

test("others get their turn while a record of 64 MB is written", async () => {
  const folder = temporaryFolder();
  try {
    const { log } = await WriteAheadLog.open(await openAppendFolder(folder.file("wal")));
    let isWritten = false;
    const append = log
      .append(new Uint8Array(64_000_000).fill(7), { isSynced: true })
      .finally(() => (isWritten = true));
    let turns = 0;
    while (!isWritten) {
      turns += 1;
      await new Promise((resolve) => setImmediate(resolve));
    }
    await append;
    expect(turns).toBeGreaterThan(50);
    await log.close();
  } finally {
    folder.remove();
  }
});

test("the checksum is zlib's, also where Node has none", () => {
  expect(crc32InScript(Buffer.from("123456789"))).toBe(0xcbf4_3926);
  const [head, tail] = [payloadOf(1, 1000), payloadOf(2, 333)];
  expect(crc32InScript(tail, crc32InScript(head))).toBe(crc32(tail, crc32(head)));
});
