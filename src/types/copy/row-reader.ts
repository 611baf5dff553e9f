/** Lines of text or csv into rows, cell by cell, with PostgreSQL's rules on what may be wrong. */

import { type ErrorFields, SqlError } from "../../base/errors.ts";
import type { InputSettings } from "../datetime-input.ts";
import { type CopyColumn, type TextCell, textCell } from "./cells.ts";
import { ColumnReader } from "./column-reader.ts";
import { columnContext, lineContext, shownText, withContext } from "./context.ts";
import { FieldPlaces } from "./field-places.ts";
import { DEFAULT, type Fields, NULL, VALUE } from "./fields.ts";
import type { CopyEncoding, CsvFormat, TextFormat } from "./format.ts";
import { LineReader } from "./line-reader.ts";

/** Where rows go: every column is written at row `rows`, then the row is ended. */
export interface RowTarget {
  readonly rows: number;
  endRow(): void;
  /** So many at once. */
  endRows(count: number): void;
}

export interface CopySource {
  /** The table's name without its schema. */
  readonly relation: string;
  /** In the order of the fields. */
  readonly columns: readonly CopyColumn[];
  readonly target: RowTarget;
  readonly settings: InputSettings;
  readonly encoding: CopyEncoding;
  /** As LineSource has it. */
  readonly mayEndByMarker?: boolean;
  /** undefined: the first bad value ends the COPY. */
  readonly skip: SkipRule | undefined;
  /** Called with each row before it is ended; may throw. */
  readonly checkRow: ((row: number) => void) | undefined;
  /** `checkRow` wants every row; otherwise those suffice that have a NULL in a required column. */
  readonly checksEveryRow?: boolean;
}

/** ON_ERROR ignore. */
export interface SkipRule {
  readonly limit: bigint | undefined;
  readonly isVerbose: boolean;
  readonly notice: (fields: ErrorFields) => void;
}

export interface RowReader {
  /** Rows left out because of a bad value. */
  readonly skipped: number;
  readonly bytesRead: number;
  readonly isFinished: boolean;
  /** The number of the line, or the tuple, that was read last. */
  readonly line: number;
  /** CONTEXT of the row that was read last. */
  readonly rowContext: string;
  /** All that was pushed before must have been read. */
  push(chunk: Uint8Array): void;
  end(): void;
  /**
   * Adds at most `rowsMax` rows to the target; fewer than that: more bytes are needed.
   * @throws SqlError with CONTEXT
   */
  read(rowsMax: number): number;
}

export class LineRowReader implements RowReader {
  skipped = 0;
  readonly #source: CopySource;
  readonly #lines: LineReader;
  readonly #cells: readonly TextCell[];
  readonly #columns: readonly ColumnReader[];
  readonly #places = new FieldPlaces();
  /** So many lines are plain and yet must be read one by one: something is wrong in one of them. */
  #oneByOne = 0;
  readonly #format: TextFormat | CsvFormat;
  readonly #nullText: Uint8Array;
  /** The column whose cell is being made; -1 between cells. */
  #column = -1;

  constructor(format: TextFormat | CsvFormat, source: CopySource) {
    const { relation, columns, encoding, settings } = source;
    this.#source = source;
    this.#format = format;
    this.#nullText = format.nullText;
    this.#lines = new LineReader(format, {
      relation,
      columns: columns.map(({ name }) => name),
      encoding,
      mayEndByMarker: source.mayEndByMarker ?? false,
    });
    this.#cells = columns.map((column) => textCell(column, settings));
    this.#columns = columns.map((column) => new ColumnReader(column, settings));
  }

  get bytesRead(): number {
    return this.#lines.bytesRead;
  }

  get isFinished(): boolean {
    return this.#lines.isFinished;
  }

  get line(): number {
    return this.#lines.line;
  }

  get rowContext(): string {
    return lineContext(this.#source.relation, this.#lines.line, this.#lines.lineText);
  }

  push(chunk: Uint8Array): void {
    this.#lines.push(chunk);
  }

  end(): void {
    this.#lines.end();
  }

  read(rowsMax: number): number {
    const { target } = this.#source;
    let rows = 0;
    while (rows < rowsMax) {
      const count = this.#readPlain(rowsMax - rows);
      rows += count;
      if (count > 0) continue;
      if (!this.#lines.next()) break;
      this.#oneByOne = Math.max(this.#oneByOne - 1, 0);
      if (!this.#row(target.rows)) continue;
      target.endRow();
      rows += 1;
    }
    return rows;
  }

  /** Plain lines that come next, column by column; gives how many. */
  #readPlain(rowsMax: number): number {
    const { columns, target, checksEveryRow } = this.#source;
    if (this.#oneByOne > 0 || checksEveryRow === true) return 0;
    const lines = this.#lines;
    const places = this.#places;
    const count = lines.findPlain(rowsMax);
    if (count === 0) return 0;
    try {
      for (const [index, reader] of this.#columns.entries()) {
        lines.plain.column(index, places);
        if (places.nulls > 0 && columns[index]?.isRequired === true) {
          this.#oneByOne = count;
          return 0;
        }
        reader.read(places, target.rows);
      }
    } catch (cause) {
      if (!(cause instanceof SqlError)) throw cause;
      this.#oneByOne = count;
      return 0;
    }
    lines.takePlain();
    target.endRows(count);
    return count;
  }

  /** false: the row was skipped. */
  #row(row: number): boolean {
    const { fields } = this.#lines;
    const isCsv = this.#format.kind === "csv";
    try {
      this.#column = -1;
      this.#checkShape(fields);
      const cells = this.#cells;
      for (let i = 0; i < cells.length; i += 1) {
        if (i >= fields.count) throw this.#missing(i);
        this.#column = i;
        const kind = isCsv ? this.#forced(fields, i) : (fields.kinds[i] as number);
        if (kind === VALUE) {
          const start = fields.starts[i] as number;
          (cells[i] as TextCell)(row, fields.bytes, start, fields.ends[i] as number);
        } else this.#absent(row, i, kind);
        this.#column = -1;
      }
      this.#source.checkRow?.(row);
      return true;
    } catch (cause) {
      return this.#failed(cause);
    }
  }

  #checkShape(fields: Fields): void {
    const { columns } = this.#source;
    if (this.#format.defaultText !== undefined) {
      for (let i = 0; i < Math.min(fields.count, columns.length); i += 1) {
        const column = columns[i] as CopyColumn;
        if (fields.kinds[i] === DEFAULT && column.putDefault === undefined) {
          throw new SqlError("22P04", "unexpected default marker in COPY data", {
            detail: `Column "${column.name}" has no default value.`,
          });
        }
      }
    }
    if (fields.count > columns.length) {
      throw new SqlError("22P04", "extra data after last expected column");
    }
  }

  #missing(index: number): SqlError {
    const name = this.#source.columns[index]?.name ?? "";
    return new SqlError("22P04", `missing data for column "${name}"`);
  }

  /** What FORCE_NOT_NULL and FORCE_NULL make of a field. */
  #forced(fields: Fields, index: number): number {
    const kind = fields.kinds[index] as number;
    const format = this.#format as CsvFormat;
    if (kind === NULL && format.forceNotNull[index] === true) {
      fields.bytes = withText(fields, index, this.#nullText);
      return VALUE;
    }
    if (kind !== VALUE || format.forceNull[index] !== true) return kind;
    return Buffer.compare(fields.value(index), this.#nullText) === 0 ? NULL : VALUE;
  }

  #absent(row: number, index: number, kind: number): void {
    const column = this.#source.columns[index] as CopyColumn;
    if (kind === NULL) column.sink.putNull(row);
    else column.putDefault?.(row);
  }

  #failed(cause: unknown): false {
    const { relation, columns, skip } = this.#source;
    const column = columns[this.#column];
    if (column === undefined) throw withContext(cause, this.rowContext);
    const { fields, line } = this.#lines;
    const isValue = fields.kinds[this.#column] === VALUE;
    const value = isValue ? fields.value(this.#column) : null;
    if (skip === undefined || !isInputError(cause)) {
      throw withContext(cause, columnContext(relation, line, column.name, value));
    }
    this.skipped += 1;
    if (skip.isVerbose) {
      const shown = value === null ? "null input" : `"${shownText(value)}"`;
      skip.notice({
        severity: "NOTICE",
        sqlState: "00000",
        message:
          `skipping row due to data type incompatibility at line ${line} ` +
          `for column "${column.name}": ${shown}`,
        where: `COPY ${relation}`,
      });
    }
    if (skip.limit !== undefined && BigInt(this.skipped) > skip.limit) {
      throw withContext(
        new SqlError(
          "22P02",
          `skipped more than REJECT_LIMIT (${skip.limit}) rows due to data type incompatibility`,
        ),
        columnContext(relation, line, column.name, value),
      );
    }
    return false;
  }
}

/** What PostgreSQL raises as a soft error: the value is wrong, not the server. */
function isInputError(cause: unknown): boolean {
  if (!(cause instanceof SqlError)) return false;
  const { sqlState } = cause.fields;
  return sqlState.startsWith("22") || sqlState === "54000" || sqlState === "42704";
}

/** The fields' bytes with a text behind them that the field at `index` now stands for. */
function withText(fields: Fields, index: number, text: Uint8Array): Uint8Array {
  const end = fields.ends.reduce((max, one, i) => (i < fields.count ? Math.max(max, one) : max), 0);
  const bytes = new Uint8Array(end + text.length);
  bytes.set(fields.bytes.subarray(0, end));
  bytes.set(text, end);
  fields.starts[index] = end;
  fields.ends[index] = end + text.length;
  fields.kinds[index] = VALUE;
  return bytes;
}
