/**
 * New rows of a transaction that wait in memory: few statements that insert are followed by one
 * that reads, so most rows go to their table at COMMIT and are staged nowhere before. Their keys
 * are kept beside them.
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
}

/** Runs of rows and the statements that made them. */
export interface HeldBlock {
  readonly block: RowBlock;
  readonly sequences: { readonly sequence: number; readonly rows: number }[];
}

export class Held {
  #parts: Part[] = [];
  readonly #keys = new Map<number, Set<string>>();

  get isEmpty(): boolean {
    return this.#parts.length === 0;
  }

  get statements(): number {
    return this.#parts.length;
  }

  /** Columns of the block are those of the table. */
  add(statement: number, block: RowBlock, keys: readonly HeldKey[]): void {
    this.#parts.push({ statement, block, keys });
    this.#learn(keys);
  }

  has({ indexOid, text }: HeldKey): boolean {
    return this.#keys.get(indexOid)?.has(text) === true;
  }

  /** What later statements than this one have added is gone. */
  undoAfter(statement: number): void {
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
