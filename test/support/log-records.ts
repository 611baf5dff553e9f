/** Records that tell themselves apart, workloads of them, and what a log may hold afterwards. */

import { join } from "node:path";
import { expect } from "vitest";
import { openAppendFolder } from "../../src/storage/append-files.ts";
import { StorageError } from "../../src/storage/error.ts";
import { StoreError } from "../../src/table/error.ts";
import { type LogOptions, WriteAheadLog } from "../../src/table/wal.ts";
import { SimulatedFiles } from "./sim-store.ts";

export const FOLDER = "/data/wal";
export const SMALL: LogOptions = { fileBytes: 90_000, aheadBytes: 0, lazySyncMs: 1e9 };
/** Around the edges of a block, of the room that a mark needs, and of a chunk. */
export const SIZES = [0, 1, 100, 32_640, 32_690, 32_697, 32_761, 32_768, 65_490, 5, 40_000, 3];

export function machine(): SimulatedFiles {
  const files = new SimulatedFiles();
  files.place("/data/.keep", new Uint8Array(0));
  return files;
}

export async function openOn(files: SimulatedFiles, options: LogOptions = SMALL) {
  return await WriteAheadLog.open(await openAppendFolder(FOLDER, files), options);
}

/** Number and filling tell a record from every other. */
export function payloadOf(number: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length + 4);
  new DataView(bytes.buffer).setUint32(0, number, true);
  for (let i = 4; i < bytes.length; i += 1) bytes[i] = (i * 31 + number * 7) >> 2;
  return bytes;
}

export function numberOf(payload: Uint8Array): number {
  const number = new DataView(payload.buffer, payload.byteOffset).getUint32(0, true);
  expect(Buffer.compare(payload, payloadOf(number, payload.length - 4))).toBe(0);
  return number;
}

/** What happened to the records of a workload, by number; numbers follow the order of calls. */
export interface Outcomes {
  readonly durable: Set<number>;
  readonly written: Set<number>;
  readonly refused: Set<number>;
  readonly unknown: Set<number>;
  /** Records below were given up. */
  trimmed: number;
}

export function noOutcomes(): Outcomes {
  return {
    durable: new Set(),
    written: new Set(),
    refused: new Set(),
    unknown: new Set(),
    trimmed: 0,
  };
}

export interface Workload {
  readonly sizes: readonly number[];
  /** Records appended at once. */
  readonly width: number;
  readonly isSynced?: (number: number) => boolean;
  readonly isTrimming?: boolean;
}

export async function run(
  log: WriteAheadLog,
  workload: Workload,
  outcomes: Outcomes,
): Promise<void> {
  const { sizes, width, isSynced = () => true, isTrimming = false } = workload;
  for (let first = 0; first < sizes.length; first += width) {
    const appends = sizes.slice(first, first + width).map(async (size, i) => {
      const number = first + i;
      const synced = isSynced(number);
      try {
        const position = await log.append(payloadOf(number, size), { isSynced: synced });
        (synced ? outcomes.durable : outcomes.written).add(number);
        return position;
      } catch (cause) {
        const isRefused = cause instanceof StorageError && cause.reason !== "outcome-unknown";
        (isRefused ? outcomes.refused : outcomes.unknown).add(number);
        return undefined;
      }
    });
    const [position] = await Promise.all(appends);
    if (isTrimming && position !== undefined) {
      outcomes.trimmed = first;
      await log.trim(position).catch(() => {});
    }
  }
}

/** The recovered numbers against what callers were told. */
export function expectKept(numbers: readonly number[], outcomes: Outcomes, where: string): void {
  const kept = new Set(numbers);
  expect([...numbers], where).toEqual([...kept].sort((a, b) => a - b));
  for (const number of outcomes.durable) {
    if (number >= outcomes.trimmed) expect(kept, `${where}, record ${number}`).toContain(number);
  }
  for (const number of outcomes.refused) {
    expect(kept, `${where}, refused record ${number}`).not.toContain(number);
  }
  // Only a suffix is lost: whoever is there, so are all before it that anybody was told of.
  const last = numbers.at(-1) ?? -1;
  for (const number of outcomes.written) {
    if (number < last && number >= outcomes.trimmed) expect(kept, where).toContain(number);
  }
}

/** Records in groups of their own, closed; the last file's name. */
export async function closedLog(files: SimulatedFiles, sizes: readonly number[]): Promise<string> {
  const { log } = await openOn(files);
  await run(log, { sizes, width: 1 }, noOutcomes());
  await log.close();
  return join(FOLDER, files.names(FOLDER).toSorted().at(-1) as string);
}

export async function numbersOrDamage(
  files: SimulatedFiles,
): Promise<readonly number[] | "damage"> {
  try {
    const { records } = await openOn(files);
    return records.map(({ payload }) => numberOf(payload));
  } catch (cause) {
    if (cause instanceof StoreError && cause.reason === "log-corrupt") return "damage";
    throw cause;
  }
}
