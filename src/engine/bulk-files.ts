/**
 * A long stream of rows into sorted Parquet files: rows gather in a row table until there are
 * enough for a file, and while that file is written the next ones come in. Memory stays at about
 * two files' rows, whatever the length of the stream.
 */

import { blockBytes, type RowBlock } from "../table/row-block.ts";
import { HotRelations, type HotTableShape } from "./hot-relations.ts";
import type { Engine } from "./remote.ts";

export interface BulkOptions {
  readonly shape: HotTableShape;
  /** An absolute path that does not exist, in a folder that does. */
  readonly newFile: () => Promise<string>;
  /** Rows of so many bytes in memory make a file. */
  readonly bytesPerFile: number;
  readonly signal?: AbortSignal;
}

let relations = 0;

export class BulkFiles {
  readonly #options: BulkOptions;
  readonly #rows: HotRelations;
  readonly #paths: string[] = [];
  #relation: string | undefined;
  #bytes = 0;
  #writing: Promise<void> = Promise.resolve();

  constructor(engine: Engine, options: BulkOptions) {
    this.#options = options;
    const { shape } = options;
    this.#rows = new HotRelations(
      engine,
      () => shape.columns,
      () => shape,
    );
  }

  /**
   * Blocks of the table's columns in order, one after the other. Resolves when the next may come.
   * @throws whatever writing an earlier file failed with
   */
  async add(block: RowBlock): Promise<void> {
    if (block.rows === 0) return;
    if (this.#relation === undefined) {
      relations += 1;
      const relation = `bulk_${relations}`;
      await this.#rows.create(relation, 0);
      this.#relation = relation;
    }
    await this.#rows.append(this.#relation, [{ block, sequence: 1 }]);
    this.#bytes += blockBytes(block);
    if (this.#bytes >= this.#options.bytesPerFile) await this.#turnOver();
  }

  /** Paths of all files, in the order of the stream. */
  async finish(): Promise<readonly string[]> {
    await this.#turnOver();
    await this.#writing;
    return this.#paths;
  }

  /** Drops what is in memory; files already there stay, and are told. Never rejects. */
  async abandon(): Promise<readonly string[]> {
    await this.#writing.catch(() => undefined);
    const relation = this.#relation;
    this.#relation = undefined;
    if (relation !== undefined) await this.#rows.drop(relation).catch(() => undefined);
    return this.#paths;
  }

  /** Begins to write what has gathered, once the file before it is there. */
  async #turnOver(): Promise<void> {
    const relation = this.#relation;
    this.#relation = undefined;
    this.#bytes = 0;
    const before = this.#writing;
    const writing = this.#write(relation, before);
    // Awaited by the next turn, `finish` or `abandon`.
    writing.catch(() => undefined);
    this.#writing = writing;
    await before;
  }

  async #write(relation: string | undefined, before: Promise<void>): Promise<void> {
    try {
      await before;
      if (relation === undefined) return;
      const path = await this.#options.newFile();
      const range = { relation, after: 0, through: 1 };
      await this.#rows.write([range], path, this.#options.signal);
      this.#paths.push(path);
    } finally {
      if (relation !== undefined) await this.#rows.drop(relation);
    }
  }
}
