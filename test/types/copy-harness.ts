/** COPY FROM in PGlite and by our readers, the same bytes: the same rows or the same error. */

import { PGlite } from "@electric-sql/pglite";
import { SqlError } from "../../src/base/errors.ts";
import { encodeText } from "../../src/types/codec.ts";
import { BinaryRowReader } from "../../src/types/copy/binary-reader.ts";
import type { CellSink, CopyColumn } from "../../src/types/copy/cells.ts";
import type { FieldPlaces } from "../../src/types/copy/field-places.ts";
import type {
  BinaryFormat,
  CopyEncoding,
  CsvFormat,
  TextFormat,
} from "../../src/types/copy/format.ts";
import {
  type CopySource,
  LineRowReader,
  type RowReader,
  type SkipRule,
} from "../../src/types/copy/row-reader.ts";
import { Oid } from "../../src/types/oids.ts";
import type { TextSettings } from "../../src/types/shape.ts";
import type { SqlValue } from "../../src/types/value.ts";
import { ISO } from "./comparison.ts";

export const bytesOf = (text: string) => Buffer.from(text);

export const TEXT: TextFormat = {
  kind: "text",
  delimiter: 9,
  nullText: bytesOf("\\N"),
  defaultText: undefined,
  header: "none",
};

export const CSV: CsvFormat = {
  ...TEXT,
  kind: "csv",
  delimiter: 0x2c,
  nullText: bytesOf(""),
  quote: 0x22,
  escape: 0x22,
  forceQuote: [],
  forceNotNull: [],
  forceNull: [],
};

export interface Column {
  readonly name: string;
  readonly type: string;
  readonly typeOid: number;
  readonly typmod?: number;
  /** As SQL writes it, and its value. */
  readonly fallback?: readonly [string, SqlValue];
}

export interface CopyCase {
  readonly columns: readonly Column[];
  readonly options: string;
  readonly format: TextFormat | CsvFormat | BinaryFormat;
  readonly encoding?: CopyEncoding;
  readonly skip?: Pick<SkipRule, "limit" | "isVerbose">;
  readonly settings?: TextSettings;
  readonly isSilent?: boolean;
}

export interface Outcome {
  readonly rows?: readonly string[];
  readonly error?: Record<string, string | undefined>;
  readonly notices: readonly string[];
}

/** A column of values, with the quick ways in that a column in memory has. */
class ValueSink implements CellSink {
  readonly values: SqlValue[] = [];
  readonly putNumber: ((row: number, value: number) => void) | undefined;
  readonly putBytes: CellSink["putBytes"];
  readonly putWords: CellSink["putWords"];
  readonly putNumbers: CellSink["putNumbers"];

  constructor(typeOid: number) {
    const isWide = [Oid.int8, Oid.timestamp, Oid.timestamptz].includes(typeOid as 20);
    const isNumber =
      isWide || [Oid.int2, Oid.int4, Oid.float4, Oid.float8, Oid.date].includes(typeOid as 21);
    if (isNumber) {
      const valueFor = (value: number) =>
        isWide && Number.isFinite(value) ? BigInt(value) : value;
      this.putNumber = (row, value) => this.put(row, valueFor(value));
      this.putNumbers = (row, values, count) => {
        for (let i = 0; i < count; i += 1) this.put(row + i, valueFor(values[i] ?? Number.NaN));
      };
    }
    if (isWide) {
      this.putWords = (row, low, high) => this.put(row, (BigInt(high) << 32n) | BigInt(low >>> 0));
    }
    if (typeOid === Oid.text || typeOid === Oid.varchar) {
      this.putBytes = (row, source, from, until) =>
        this.put(row, Buffer.from(source.subarray(from, until)).toString());
    }
  }

  put(row: number, value: SqlValue): void {
    this.values[row] = value;
  }

  putNull(row: number): void {
    this.values[row] = null;
  }

  putFields(row: number, { bytes, starts, ends, count }: FieldPlaces): void {
    for (let i = 0; i < count; i += 1) {
      const start = starts[i] ?? 0;
      const text = Buffer.from(bytes.subarray(start, ends[i])).toString();
      this.put(row + i, start < 0 ? null : text);
    }
  }
}

export function openReader(
  given: CopyCase,
  notices: string[],
): { readonly reader: RowReader; readonly rows: () => string[] } {
  const sinks = given.columns.map(({ typeOid }) => new ValueSink(typeOid));
  const columns: CopyColumn[] = given.columns.map((column, index) => {
    const sink = sinks[index] as ValueSink;
    const { name, typeOid, typmod = -1, fallback } = column;
    const putDefault = fallback && ((row: number) => sink.put(row, fallback[1]));
    return { name, typeOid, typmod, sink, putDefault };
  });
  const target = {
    rows: 0,
    endRow() {
      target.rows += 1;
    },
    endRows(count: number) {
      target.rows += count;
    },
  };
  const settings = given.settings ?? ISO;
  const source: CopySource = {
    relation: "m",
    columns,
    target,
    settings,
    encoding: given.encoding ?? "UTF8",
    skip: given.skip && { ...given.skip, notice: ({ message }) => notices.push(message) },
    checkRow: undefined,
  };
  const { format } = given;
  const reader =
    format.kind === "binary" ? new BinaryRowReader(source) : new LineRowReader(format, source);
  const text = (row: number) =>
    sinks
      .map(({ values }, i) => {
        const value = values[row] ?? null;
        if (value === null || typeof value === "boolean") return String(value ?? "~");
        return encodeText(value, columns[i]?.typeOid ?? 0, settings);
      })
      .join("|");
  return { reader, rows: () => Array.from({ length: target.rows }, (_, row) => text(row)) };
}

/** The chunks one after the other, a few rows at a time. */
export function readAll(
  given: CopyCase,
  chunks: readonly Uint8Array[],
  rowsMax: number = 2,
): Outcome {
  const notices: string[] = [];
  try {
    const { reader, rows } = openReader(given, notices);
    for (const chunk of chunks) {
      reader.push(chunk);
      while (reader.read(rowsMax) === rowsMax);
    }
    reader.end();
    while (reader.read(rowsMax) === rowsMax);
    if (reader.skipped > 0 && given.isSilent !== true) notices.push(`${reader.skipped} skipped`);
    return { rows: rows(), notices };
  } catch (cause) {
    if (!(cause instanceof SqlError)) throw cause;
    const { sqlState, message, detail, hint, where } = cause.fields;
    return { error: { sqlState, message, detail, hint, where: shownWhere(where, given) }, notices };
  }
}

/** Behind a row that it skipped PostgreSQL goes on naming the column that was bad there. */
function shownWhere(where: string | undefined, { skip }: CopyCase): string | undefined {
  // How far into JSON the fault was is told by the embedded PostgreSQL alone.
  const plain = where?.replace(/^JSON data, .*\n(?=COPY)/, "");
  return skip === undefined ? plain : plain?.replace(/(, line \d+).*$/s, "$1");
}

export class CopyOracle {
  readonly #db: PGlite;

  private constructor(db: PGlite) {
    this.#db = db;
  }

  static async open(): Promise<CopyOracle> {
    return new CopyOracle(await PGlite.create());
  }

  async close(): Promise<void> {
    await this.#db.close();
  }

  async run(sql: string): Promise<void> {
    await this.#db.exec(sql);
  }

  /** A new table `m` for the case. */
  async create({ columns }: CopyCase): Promise<void> {
    const list = columns.map(({ name, type, fallback }) => {
      return `"${name}" ${type}${fallback === undefined ? "" : ` DEFAULT ${fallback[0]}`}`;
    });
    await this.#db.exec(`DROP TABLE IF EXISTS m; CREATE TABLE m (${list.join(", ")})`);
  }

  async copy(given: CopyCase, bytes: Uint8Array): Promise<Outcome> {
    const { options, columns } = given;
    await this.#db.exec("TRUNCATE m");
    const notices: string[] = [];
    try {
      await this.#db.query(`COPY m FROM '/dev/blob' WITH (${options})`, [], {
        blob: new Blob([Buffer.from(bytes)]),
        onNotice: ({ message = "" }) => {
          const total = /^(\d+) rows? (?:was|were) skipped/.exec(message);
          notices.push(total === null ? message : `${total[1]} skipped`);
        },
      });
    } catch (cause) {
      const { code, message, detail, hint, where } = cause as Record<string, string>;
      const error = { sqlState: code, message, detail, hint, where: shownWhere(where, given) };
      return { error, notices };
    }
    const cells = columns.map(({ name }) => `coalesce("${name}"::text, '~')`);
    const { rows } = await this.#db.query<{ r: string }>(
      `SELECT concat_ws('|', ${cells.join(", ")}) AS r FROM m`,
    );
    return { rows: rows.map(({ r }) => r), notices };
  }

  /** The bytes of COPY TO. */
  async copyTo(sql: string): Promise<Uint8Array> {
    const { blob } = await this.#db.query(sql);
    return new Uint8Array(await (blob as Blob).arrayBuffer());
  }
}
