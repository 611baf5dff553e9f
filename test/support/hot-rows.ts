/** Rows of meters as blocks, a hot storage of arrays, Parquet files written by a small writer. */

import { parquetReadObjects } from "hyparquet";
import { parquetWriteBuffer } from "hyparquet-writer";
import type { LocalFiles } from "../../src/storage/local-files.ts";
import type { KeyColumns } from "../../src/table/block-keys.ts";
import type { HotPart, HotRange, HotStorage, MergeRequest } from "../../src/table/hot-storage.ts";
import type { ColumnData, RowBlock } from "../../src/table/row-block.ts";
import type { IdentityBuckets, SegmentFiles } from "../../src/table/segment-files.ts";

/** `kwh` is the row's number: it tells rows apart. */
export interface MeterRow {
  readonly micros: bigint;
  readonly device: string;
  readonly kwh: number;
}

export const METER_KEYS: KeyColumns = {
  time: { column: 0, type: "micros" },
  entities: [{ column: 1, type: "utf8" }],
};

const HOUR_MICROS = 3_600_000_000n;
/** 5 January 2026. */
const DAY_MICROS = 1_767_571_200_000_000n;

export function meterRow(hour: number, device: string, kwh: number): MeterRow {
  return { micros: DAY_MICROS + BigInt(hour) * HOUR_MICROS, device, kwh };
}

export function meterBlock(rows: readonly MeterRow[]): RowBlock {
  const texts = rows.map(({ device }) => Buffer.from(device));
  const offsets = new Uint32Array(rows.length + 1);
  for (const [i, text] of texts.entries()) offsets[i + 1] = (offsets[i] as number) + text.length;
  const times = BigInt64Array.from(rows, ({ micros }) => micros);
  const numbers = Float64Array.from(rows, ({ kwh }) => kwh);
  return {
    rows: rows.length,
    columns: [
      plain(new Uint8Array(times.buffer)),
      { ...plain(Buffer.concat(texts)), offsets },
      plain(new Uint8Array(numbers.buffer)),
    ],
  };
}

function plain(data: Uint8Array): ColumnData {
  return { validity: undefined, data, offsets: undefined, elements: undefined };
}

function rowsOfBlock({ rows, columns }: RowBlock): readonly MeterRow[] {
  const [time, device, kwh] = columns as [ColumnData, ColumnData, ColumnData];
  const times = new BigInt64Array(time.data.slice().buffer);
  const numbers = new Float64Array(kwh.data.slice().buffer);
  const offsets = device.offsets as Uint32Array;
  return Array.from({ length: rows }, (_, i) => ({
    micros: times[i] as bigint,
    device: Buffer.from(device.data.subarray(offsets[i], offsets[i + 1])).toString(),
    kwh: numbers[i] as number,
  }));
}

type Stored = MeterRow & { readonly sequence: number };

/** Relations as arrays; `failure` makes every call but `drop` fail. */
export class ArrayStorage implements HotStorage {
  readonly relations = new Map<string, Stored[]>();
  readonly dropped: string[] = [];
  failure: Error | undefined;
  readonly #files: LocalFiles;

  constructor(files: LocalFiles) {
    this.#files = files;
  }

  async create(relation: string): Promise<void> {
    await this.#step();
    if (this.relations.has(relation)) throw new Error(`relation "${relation}" exists`);
    this.relations.set(relation, []);
  }

  async append(relation: string, parts: readonly HotPart[]): Promise<void> {
    await this.#step();
    const rows = this.relations.get(relation);
    if (rows === undefined) throw new Error(`no relation "${relation}"`);
    for (const { block, sequence } of parts) {
      for (const row of rowsOfBlock(block)) rows.push({ ...row, sequence });
    }
  }

  async drop(relation: string): Promise<void> {
    await Promise.resolve();
    this.dropped.push(relation);
    this.relations.delete(relation);
  }

  async write(ranges: readonly HotRange[], target: string): Promise<void> {
    await this.#step();
    await this.#files.create(target, parquetOf(this.readAll(ranges)), false);
  }

  async merge({ sources, target, range }: MergeRequest): Promise<void> {
    await this.#step();
    const rows: MeterRow[] = [];
    for (const path of sources) rows.push(...(await rowsOfParquet(this.#files, path)));
    const { from = 0n, before = 1n << 63n } = range ?? {};
    const kept = rows.filter(({ micros }) => micros * 1000n >= from && micros * 1000n < before);
    await this.#files.create(target, parquetOf(kept), false);
  }

  /** Where some rows replace, of those with one key the last one counts. */
  readAll(ranges: readonly HotRange[]): readonly MeterRow[] {
    const rows = ranges.flatMap((range) => this.read(range));
    if (!ranges.some(({ isReplacing }) => isReplacing === true)) return rows;
    const byKey = new Map(rows.map((row) => [`${row.device} ${row.micros}`, row]));
    return [...byKey.values()];
  }

  read({ relation, after, through }: HotRange): readonly MeterRow[] {
    const rows = this.relations.get(relation);
    if (rows === undefined) throw new Error(`no relation "${relation}"`);
    return rows.filter(({ sequence }) => sequence > after && sequence <= through);
  }

  async #step(): Promise<void> {
    await Promise.resolve();
    if (this.failure !== undefined) throw this.failure;
  }
}

/** As the engine writes it: every column optional, with its logical type, sorted. */
export function parquetOf(rows: readonly MeterRow[]): Uint8Array {
  const sorted = rows.toSorted(
    (a, b) =>
      (a.device < b.device ? -1 : a.device > b.device ? 1 : 0) || Number(a.micros - b.micros),
  );
  const optional = { repetition_type: "OPTIONAL" } as const;
  const buffer = parquetWriteBuffer({
    codec: "UNCOMPRESSED",
    columnData: [
      { name: "ts", data: sorted.map(({ micros }) => micros) },
      { name: "device", data: sorted.map(({ device }) => device) },
      { name: "kwh", data: sorted.map(({ kwh }) => kwh) },
    ],
    schema: [
      { name: "root", num_children: 3 },
      {
        name: "ts",
        type: "INT64",
        logical_type: { type: "TIMESTAMP", isAdjustedToUTC: false, unit: "MICROS" },
        ...optional,
      },
      {
        name: "device",
        type: "BYTE_ARRAY",
        converted_type: "UTF8",
        logical_type: { type: "STRING" },
        ...optional,
      },
      { name: "kwh", type: "DOUBLE", ...optional },
    ],
  });
  return new Uint8Array(buffer);
}

export async function rowsOfParquet(files: LocalFiles, path: string): Promise<readonly MeterRow[]> {
  const bytes = await files.read(path);
  const file = bytes.slice().buffer as ArrayBuffer;
  const found = await parquetReadObjects({ file, parsers: { ...RAW } });
  return found.map((row) => ({
    micros: row["ts"] as bigint,
    device: row["device"] as string,
    kwh: row["kwh"] as number,
  }));
}

/** Timestamps as the numbers they are. */
const RAW = { timestampFromMicroseconds: (micros: bigint) => micros } as unknown as object;

/** Looks into files of meters, without DuckDB. */
export function meterFiles(files: LocalFiles): SegmentFiles {
  return {
    async inspect({ path, bucketWidth }) {
      const rows = await rowsOfParquet(files, path);
      const width = bucketWidth * 1_000_000n;
      const byDevice = new Map<string, Set<bigint>>();
      for (const { device, micros } of rows) {
        const buckets = byDevice.get(device) ?? new Set();
        byDevice.set(device, buckets.add(micros / width));
      }
      const sorted = rows.map(({ micros }) => micros * 1000n).sort((a, b) => Number(a - b));
      const identities: IdentityBuckets[] = [...byDevice].map(([device, buckets]) => ({
        entity: [{ type: "utf8", value: device }],
        runs: BigInt64Array.from([...buckets].sort((a, b) => Number(a - b)).flatMap((b) => [b, b])),
      }));
      return {
        rows: rows.length,
        min: sorted[0],
        max: sorted.at(-1),
        rowsWithoutTime: 0,
        rowsWithoutEntity: 0,
        identities,
      };
    },
  };
}
