/** Words for tests of the engine: open one, ask it, take its DataRows apart. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Engine } from "../../src/engine/remote.ts";
import type { Cursor, CursorRequest } from "../../src/engine/request.ts";
import { Oid } from "../../src/types/oids.ts";
import type { Representation, Shape, TextSettings } from "../../src/types/shape.ts";

export interface TestEngine {
  readonly engine: Engine;
  readonly directory: string;
  close(): Promise<void>;
}

export async function openEngine(threads = 2): Promise<TestEngine> {
  const directory = mkdtempSync(join(tmpdir(), "pgtide-engine-"));
  const engine = await Engine.open({
    memoryLimitBytes: 2 ** 30,
    threads,
    tempDirectory: join(directory, "spill"),
    allowedDirectories: [directory],
  });
  return {
    engine,
    directory,
    close: async () => {
      await engine.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

export const ISO: TextSettings = {
  timeZone: "UTC",
  dateStyle: { format: "ISO", order: "MDY" },
  intervalStyle: "postgres",
  extraFloatDigits: 1,
  byteaOutput: "hex",
};

const PLAIN: Representation = { kind: "plain" };

export function shape(typeOid: number, representation: Representation = PLAIN): Shape {
  return { typeOid, typmod: -1, representation };
}

export const INT4 = shape(Oid.int4);
export const INT8 = shape(Oid.int8);
export const TEXT = shape(Oid.text);

export function request(
  sql: string,
  shapes: readonly Shape[],
  more: Partial<CursorRequest> = {},
): CursorRequest {
  return {
    sql,
    shapes,
    parameters: [],
    rowsRelations: [],
    formats: shapes.map(() => 0),
    text: ISO,
    isSmall: false,
    ...more,
  };
}

/** Reads a cursor to its end; closes it in any case. */
export async function drain(
  cursor: Cursor,
  onBatch: (rows: number, bytes: Uint8Array) => void = () => {},
): Promise<number> {
  let rows = 0;
  try {
    for (;;) {
      const batch = await cursor.next();
      if (batch === undefined) return rows;
      rows += batch.rows;
      onBatch(rows, batch.bytes);
    }
  } finally {
    await cursor.close();
  }
}

/** Cells of all rows; null for NULL. */
export async function rowsOf(engine: Engine, query: CursorRequest): Promise<(Buffer | null)[][]> {
  const rows: (Buffer | null)[][] = [];
  await drain(await engine.openCursor(query), (_, bytes) => {
    rows.push(...parseRows(Buffer.from(bytes)));
  });
  return rows;
}

/** The same as text. */
export async function textsOf(engine: Engine, query: CursorRequest): Promise<(string | null)[][]> {
  const rows = await rowsOf(engine, query);
  return rows.map((row) => row.map((cell) => (cell === null ? null : cell.toString())));
}

/** Copies of the cells of DataRow messages. */
export function parseRows(bytes: Buffer): (Buffer | null)[][] {
  const rows: (Buffer | null)[][] = [];
  for (let at = 0; at < bytes.length; ) {
    if (bytes[at] !== 68) throw new Error(`no DataRow at ${at}`);
    const end = at + 1 + bytes.readInt32BE(at + 1);
    const count = bytes.readInt16BE(at + 5);
    at += 7;
    const row: (Buffer | null)[] = [];
    for (let i = 0; i < count; i += 1) {
      const length = bytes.readInt32BE(at);
      at += 4;
      row.push(length < 0 ? null : Buffer.from(bytes.subarray(at, at + length)));
      at += Math.max(length, 0);
    }
    if (at !== end) throw new Error(`a DataRow ends at ${at}, its length says ${end}`);
    rows.push(row);
  }
  return rows;
}
