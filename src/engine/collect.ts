/** The rows of a SELECT as blocks in the bound types of columns: what INSERT ... SELECT stores. */

import { joinBlocks } from "../table/join-blocks.ts";
import { decodeBlock, type RowBlock } from "../table/row-block.ts";
import { BlockBuilder } from "./block-builder.ts";
import { layoutOf, type TypedColumn } from "./bound-types.ts";
import type { Cursor, CursorRequest } from "./request.ts";
import { boundExpression, boundShape } from "./stored-expressions.ts";

/**
 * The request's query with its first columns in the bound types of `columns`, one for one, to be
 * read as blocks. @throws SqlError 0A000 for what cannot be stored
 */
export function blockRequest(
  request: CursorRequest,
  columns: readonly TypedColumn[],
): CursorRequest {
  const shapes = columns.map(boundShape);
  return {
    ...request,
    sql: boundQuery(request, columns, (index) => `c${index + 1}`),
    shapes,
    formats: shapes.map(() => 1),
    layouts: columns.map(({ typeOid, typmod }) => layoutOf(typeOid, typmod)),
  };
}

/** `SELECT` of the columns in their bound types, called by `name`, which is quoted. */
export function boundQuery(
  { sql, shapes }: Pick<CursorRequest, "sql" | "shapes">,
  columns: readonly TypedColumn[],
  name: (index: number) => string,
): string {
  const from = (index: number) => `q.c${index + 1}`;
  const expressions = columns.map((column, i) => {
    const shape = shapes[i] as (typeof shapes)[number];
    return `${boundExpression(from(i), shape, column, from)} AS ${name(i)}`;
  });
  const all = shapes.map((_, i) => `c${i + 1}`).join(", ");
  return `SELECT ${expressions.join(", ")} FROM (${sql}\n) AS q(${all})`;
}

/** Blocks of a running query, each of a few megabytes at most; to be closed always. */
export class BlockCursor {
  readonly #cursor: Cursor;
  readonly #columns: readonly TypedColumn[];
  readonly #signal: AbortSignal | undefined;
  readonly #cancel = () => this.#cursor.cancel();

  /** @param cursor of a `blockRequest` of the columns */
  constructor(cursor: Cursor, columns: readonly TypedColumn[], signal?: AbortSignal) {
    this.#cursor = cursor;
    this.#columns = columns;
    this.#signal = signal;
    if (signal?.aborted) cursor.cancel();
    else signal?.addEventListener("abort", this.#cancel, { once: true });
  }

  /** undefined at the end. @throws the statement's error, also in mid-stream */
  async next(): Promise<RowBlock | undefined> {
    const batch = await this.#cursor.next();
    return batch && decodeBlock(batch.bytes);
  }

  async close(): Promise<void> {
    this.#signal?.removeEventListener("abort", this.#cancel);
    await this.#cursor.close();
  }

  /** All rows as one block, undefined when there are more than `rowsMax`. Closes. */
  async collect(rowsMax: number): Promise<RowBlock | undefined> {
    try {
      const blocks = [new BlockBuilder(this.#columns).take()];
      let rows = 0;
      for (;;) {
        const block = await this.next();
        if (block === undefined) return joinBlocks(blocks);
        rows += block.rows;
        if (rows > rowsMax) return undefined;
        blocks.push(block);
      }
    } finally {
      await this.close();
    }
  }
}
