/** NOT NULL of the rows of an INSERT, told as PostgreSQL tells it. */

import { SqlError } from "../base/errors.ts";
import type { RelationInfo } from "../compile/plan.ts";
import { blockReaders } from "../engine/read-block.ts";
import { isNull, type RowBlock } from "../table/row-block.ts";
import { encodeText } from "../types/codec.ts";
import type { TextSettings } from "../types/shape.ts";

const SHOWN_BYTES_MAX = 64;

/** `block` has the columns of the relation. @throws SqlError 23502 of the first row that has one */
export function requireNotNull(info: RelationInfo, block: RowBlock, text: TextSettings): void {
  let firstRow = block.rows;
  let firstColumn = -1;
  for (let index = 0; index < info.columns.length; index += 1) {
    const column = block.columns[index];
    if (column?.validity === undefined || info.columns[index]?.isNotNull !== true) continue;
    for (let row = 0; row < firstRow; row += 1) {
      if (!isNull(column, row)) continue;
      firstRow = row;
      firstColumn = index;
    }
  }
  const column = info.columns[firstColumn];
  if (column === undefined) return;
  throw new SqlError(
    "23502",
    `null value in column "${column.name}" of relation "${info.name}" violates not-null constraint`,
    {
      detail: `Failing row contains (${rowText(info, block, firstRow, text)}).`,
      schema: info.schema,
      table: info.name,
      column: column.name,
    },
  );
}

function rowText(info: RelationInfo, block: RowBlock, row: number, text: TextSettings): string {
  return blockReaders(block, info.columns)
    .map((cell, index) => {
      const value = cell(row);
      const typeOid = info.columns[index]?.typeOid ?? 0;
      return value === null ? "null" : clipped(encodeText(value, typeOid, text));
    })
    .join(", ");
}

/** Of a long value the beginning, in whole characters. */
function clipped(text: string): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= SHOWN_BYTES_MAX) return text;
  let end = SHOWN_BYTES_MAX;
  while (((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return `${bytes.toString("utf8", 0, end)}...`;
}
