/** The data of a COPY as blocks of the table's rows: read, completed with defaults, checked. */

import { assert, type ErrorFields, SqlError } from "../../base/errors.ts";
import type { RelationInfo } from "../../compile/plan.ts";
import { BlockBuilder } from "../../engine/block-builder.ts";
import { blockReaders } from "../../engine/read-block.ts";
import type { RowBlock } from "../../table/row-block.ts";
import { BinaryRowReader } from "../../types/copy/binary-reader.ts";
import type { CellSink, CopyColumn } from "../../types/copy/cells.ts";
import { withContext } from "../../types/copy/context.ts";
import {
  type CopySource,
  LineRowReader,
  type RowReader,
  type SkipRule,
} from "../../types/copy/row-reader.ts";
import type { Execution } from "../execution.ts";
import { makeRows } from "../insert-rows.ts";
import { requireNotNull } from "../not-null.ts";
import { copyEncoding, copyFormat } from "./copy-format.ts";
import type { CopyFrom } from "./copy-statement.ts";

/** Rows between two looks at the clock, the client and the size of the block. */
const ROWS_AT_ONCE = 4096;
const BLOCK_ROWS = 65_536;
const BLOCK_BYTES = 8 * 2 ** 20;

export class RowStream {
  readonly #copy: CopyFrom;
  readonly #info: RelationInfo;
  readonly #execution: Execution;
  readonly #builder: BlockBuilder;
  readonly #reader: RowReader;
  #rowsTaken = 0;
  #notices: ErrorFields[] = [];
  /** A NULL where there must be none, in the row that is being read. */
  #hasNull = false;
  /** CONTEXT of the first row in the block that has such a NULL. */
  #nullContext: string | undefined;

  private constructor(
    copy: CopyFrom,
    info: RelationInfo,
    execution: Execution,
    defaults: readonly (readonly [CopyColumnDefault, RelationColumn])[],
  ) {
    this.#copy = copy;
    this.#info = info;
    this.#execution = execution;
    this.#builder = new BlockBuilder(defaults.map(([, column]) => column));
    this.#reader = this.#open(defaults);
  }

  static async open(copy: CopyFrom, info: RelationInfo, execution: Execution): Promise<RowStream> {
    const values = await defaultValues(copy, info, execution);
    const columns = copy.columns.map((number) => {
      const column = info.columns.find((one) => one.number === number);
      assert(column !== undefined, "a copied column that its table lacks");
      return [values?.get(number), column] as const;
    });
    return new RowStream(copy, info, execution, columns);
  }

  get skipped(): number {
    return this.#reader.skipped;
  }

  /** All that were read; 0 where a condition is still to say which of them count. */
  get rows(): number {
    return this.#copy.where === undefined ? this.#rowsTaken + this.#builder.rows : 0;
  }

  /** Binary data begin with a header, which is no line. */
  get hasBegun(): boolean {
    return this.#copy.options.format !== "binary" || this.#reader.bytesRead > 0;
  }

  /** The number of the last line that was read. */
  get line(): number {
    return this.#reader.line;
  }

  get isFinished(): boolean {
    return this.#reader.isFinished;
  }

  /** What there is to tell the client since the last call. */
  takeNotices(): readonly ErrorFields[] {
    const notices = this.#notices;
    this.#notices = [];
    return notices;
  }

  /** undefined: no more comes. All blocks of the chunk before must have been taken. */
  push(chunk: Uint8Array | undefined): void {
    if (chunk === undefined) this.#reader.end();
    else this.#reader.push(chunk);
  }

  /**
   * The next block; undefined: more data are needed, or all of them were read.
   * @throws SqlError with CONTEXT
   */
  async next(): Promise<RowBlock | undefined> {
    const builder = this.#builder;
    for (;;) {
      // Not beyond a full block, for which its columns have just the memory.
      const rowsMax = Math.min(ROWS_AT_ONCE, BLOCK_ROWS - builder.rows);
      let rows: number;
      try {
        rows = this.#reader.read(rowsMax);
      } catch (cause) {
        // A row before this one was wrong in another way.
        if (this.#nullContext !== undefined) await this.#take();
        throw cause;
      }
      const isFull = builder.rows >= BLOCK_ROWS || builder.bytes >= BLOCK_BYTES;
      if (isFull) return await this.#take();
      if (rows === rowsMax) continue;
      return this.isFinished && builder.rows > 0 ? await this.#take() : undefined;
    }
  }

  async #take(): Promise<RowBlock> {
    const { program } = this.#copy;
    this.#rowsTaken += this.#builder.rows;
    const data = this.#builder.take();
    const where = this.#nullContext;
    this.#nullContext = undefined;
    try {
      const block = await makeRows(
        { program, literals: data },
        this.#info.columns,
        this.#execution,
      );
      // Rows that a condition leaves out may have any NULL; computed columns are not there yet.
      if (this.#copy.where === undefined && !this.#copy.hasGenerated) {
        requireNotNull(this.#info, block, this.#execution.settings.text);
      }
      return block;
    } catch (cause) {
      throw withContext(cause, where ?? `COPY ${this.#copy.relation}`);
    }
  }

  #open(defaults: readonly (readonly [CopyColumnDefault, RelationColumn])[]): RowReader {
    const { options, relation } = this.#copy;
    const { settings, transaction } = this.#execution;
    const columns = defaults.map(([value, column], index): CopyColumn => {
      const { name, typeOid, typmod, isNotNull } = column;
      const plain = this.#builder.columns[index] as CellSink;
      const sink = isNotNull ? this.#watched(plain) : plain;
      const putDefault = value === undefined ? undefined : (row: number) => sink.put(row, value);
      return { name, typeOid, typmod, sink, putDefault, isRequired: isNotNull };
    });
    const names = columns.map(({ name }) => name);
    const all = { name: relation, columns: this.#info.columns.map(({ name }) => name) };
    const format = copyFormat(options, names, all);
    const lacksValue = this.#lacksRequired();
    const source: CopySource = {
      relation,
      columns,
      target: this.#builder,
      settings: { ...settings.text, nowMicros: transaction.nowMicros },
      encoding: copyEncoding(options, settings),
      mayEndByMarker: this.#copy.file === undefined,
      skip: this.#skipRule(),
      checkRow: () => {
        if (!this.#hasNull && !lacksValue) return;
        this.#hasNull = false;
        this.#nullContext ??= this.#reader.rowContext;
      },
      checksEveryRow: lacksValue,
    };
    return format.kind === "binary"
      ? new BinaryRowReader(source)
      : new LineRowReader(format, source);
  }

  #skipRule(): SkipRule | undefined {
    const { onError, rejectLimit, logVerbosity } = this.#copy.options;
    if (onError !== "ignore") return undefined;
    return {
      limit: rejectLimit,
      isVerbose: logVerbosity === "verbose",
      notice: (fields) => this.#notices.push(fields),
    };
  }

  /** Notes a NULL on its way into a column that takes none. */
  #watched(sink: CellSink): CellSink {
    const { putNumber, putWords, putBytes, putNumbers, putFields } = sink;
    const noteNull = () => {
      this.#hasNull = true;
    };
    return {
      put: (row, value) => {
        if (value === null) noteNull();
        sink.put(row, value);
      },
      putNull: (row) => {
        noteNull();
        sink.putNull(row);
      },
      putNumber: putNumber?.bind(sink),
      putWords: putWords?.bind(sink),
      putBytes: putBytes?.bind(sink),
      putNumbers: putNumbers?.bind(sink),
      putFields: putFields?.bind(sink),
    };
  }

  /** A column that takes no NULL gets no value in any row. */
  #lacksRequired(): boolean {
    const [cells = []] = this.#copy.program.rows;
    return this.#info.columns.some(({ isNotNull }, index) => {
      const cell = cells[index];
      return isNotNull && cell?.kind === "constant" && cell.value === null;
    });
  }
}

type RelationColumn = RelationInfo["columns"][number];
type CopyColumnDefault = ReturnType<ReturnType<typeof blockReaders>[number]> | undefined;

/** What DEFAULT markers stand for, by column number. @throws SqlError 0A000 */
async function defaultValues(
  { defaults }: CopyFrom,
  { columns }: RelationInfo,
  execution: Execution,
): Promise<ReadonlyMap<number, CopyColumnDefault> | undefined> {
  if (defaults === undefined) return undefined;
  const { program, columnNumbers } = defaults;
  const [cells = []] = program.rows;
  if (cells.some(({ kind }) => kind === "sequence")) {
    throw new SqlError("0A000", "COPY with DEFAULT into a table with a sequence is not supported", {
      hint: "Leave the column out of COPY's column list.",
    });
  }
  const block = await makeRows({ program, literals: undefined }, columns, execution);
  const readers = blockReaders(block, columns);
  return new Map(
    columns.flatMap(({ number }, index) =>
      columnNumbers.includes(number) ? [[number, readers[index]?.(0) ?? null] as const] : [],
    ),
  );
}
