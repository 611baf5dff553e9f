/**
 * New rows of a transaction, and which committed ones are gone, that wait in memory: few statements
 * that change something are followed by one that reads, so most changes go to their table at COMMIT
 * and are staged nowhere before. The keys of new rows are kept beside them.
 */

import { joinBlocks } from "../../table/join-blocks.ts";
import type { RowBlock } from "../../table/row-block.ts";

/** One row's key in one unique index. */
export interface HeldKey {
  readonly indexOid: number;
  readonly text: string;
}

interface Part {
  readonly statement: number;
  readonly block: RowBlock;
  readonly keys: readonly HeldKey[];
  /** Of an UPDATE: the committed rows instead of which these are. */
  readonly replaced?: Replaced | undefined;
}

export interface Replaced {
  /** One for each row. */
  readonly rowids: readonly bigint[];
  /** Numbers of the columns that may be others. */
  readonly columns: ReadonlySet<number>;
}

/** Committed rows that are deleted, by their rowids. */
interface Gone {
  readonly statement: number;
  readonly rowids: readonly bigint[];
}

/** Runs of rows and the statements that made them. */
export interface HeldBlock {
  readonly block: RowBlock;
  readonly sequences: { readonly sequence: number; readonly rows: number }[];
}

export class Held {
  #parts: Part[] = [];
  #gone: Gone[] = [];
  readonly #keys = new Map<number, Set<string>>();

  get isEmpty(): boolean {
    return this.#parts.length + this.#gone.length === 0;
  }

  get hasRows(): boolean {
    return this.#parts.length > 0;
  }

  get gone(): readonly Gone[] {
    const replaced = this.#parts.flatMap(({ statement, replaced: one }) =>
      one === undefined ? [] : [{ statement, rowids: one.rowids }],
    );
    return replaced.length === 0 ? this.#gone : [...this.#gone, ...replaced];
  }

  /** All there is, if that is one row with other values. */
  get updatedRow(): { readonly block: RowBlock; readonly replaced: Replaced } | undefined {
    const [part, ...others] = this.#parts;
    if (part?.replaced?.rowids.length !== 1 || others.length + this.#gone.length > 0) {
      return undefined;
    }
    return { block: part.block, replaced: part.replaced };
  }

  get statements(): number {
    return this.#parts.length;
  }

  /** Columns of the block are those of the table. */
  add(
    statement: number,
    block: RowBlock,
    keys: readonly HeldKey[],
    replaced?: Replaced | undefined,
  ): void {
    this.#parts.push({ statement, block, keys, replaced });
    this.#learn(keys);
  }

  addGone(statement: number, rowids: readonly bigint[]): void {
    this.#gone.push({ statement, rowids });
  }

  has({ indexOid, text }: HeldKey): boolean {
    return this.#keys.get(indexOid)?.has(text) === true;
  }

  /** What later statements than this one have added is gone. */
  undoAfter(statement: number): void {
    this.#gone = this.#gone.filter((gone) => gone.statement <= statement);
    const kept = this.#parts.filter((part) => part.statement <= statement);
    if (kept.length === this.#parts.length) return;
    this.#parts = kept;
    this.#keys.clear();
    for (const { keys } of kept) this.#learn(keys);
  }

  /** All rows, in order. */
  all(): HeldBlock {
    return {
      block: joinBlocks(this.#parts.map(({ block }) => block)),
      sequences: this.#parts.map(({ statement, block: { rows } }) => ({
        sequence: statement,
        rows,
      })),
    };
  }

  /** The rows are elsewhere now. */
  clear(): void {
    this.#parts = [];
    this.#gone = [];
    this.#keys.clear();
  }

  #learn(keys: readonly HeldKey[]): void {
    for (const { indexOid, text } of keys) {
      const known = this.#keys.get(indexOid);
      if (known === undefined) this.#keys.set(indexOid, new Set([text]));
      else known.add(text);
    }
  }
}
