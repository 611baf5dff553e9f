/** Rows of SQL values as DataRow messages: for the small results that handlers make themselves. */

import { encodeBinary, encodeText } from "../types/codec.ts";
import type { TextSettings } from "../types/shape.ts";
import type { SqlValue } from "../types/value.ts";
import { encodeRow } from "./data-rows.ts";
import type { RowBatch } from "./row-source.ts";

export function encodeRows(
  typeOids: readonly number[],
  rows: readonly (readonly SqlValue[])[],
  formats: readonly (0 | 1)[],
  text: TextSettings,
): RowBatch {
  const messages = rows.map((row) =>
    encodeRow(
      row.map((value, index) => {
        const oid = typeOids[index] ?? 0;
        if (value === null) return null;
        return formats[index] === 1
          ? encodeBinary(value, oid)
          : Buffer.from(encodeText(value, oid, text), "utf8");
      }),
    ),
  );
  return { bytes: Buffer.concat(messages), rows: rows.length };
}
