/** Rows of a cursor in another format than it was opened with. */

import { decodeBinary, decodeText } from "../types/codec.ts";
import { encodeDataRows } from "../types/data-row.ts";
import type { TextSettings } from "../types/shape.ts";
import { decodeUtf8 } from "../types/utf8.ts";
import type { SqlValue } from "../types/value.ts";
import { readRows } from "./data-rows.ts";
import type { Portal } from "./portals.ts";
import type { RowBatch } from "./row-source.ts";

/**
 * `formats` are those of `batch`.
 * @throws SqlError 0A000 for a type without a codec of ours
 */
export function transcoded(
  batch: RowBatch,
  target: { readonly prepared: Portal["prepared"]; readonly formats: readonly number[] },
  formats: readonly (0 | 1)[],
  text: TextSettings,
): RowBatch {
  const wanted = target.formats;
  if (wanted.every((format, index) => format === (formats[index] ?? 0))) return batch;
  const oids = (target.prepared.fields ?? []).map(({ typeOid }) => typeOid);
  const input = { ...text, nowMicros: 0n };
  const values = readRows(batch.bytes).map((cells) =>
    cells.map((cell, index): SqlValue => {
      if (cell === null) return null;
      const oid = oids[index] ?? 0;
      return formats[index] === 1
        ? decodeBinary(cell, oid)
        : decodeText(decodeUtf8(cell), oid, input);
    }),
  );
  const columns = oids.map((typeOid, index) => ({
    typeOid,
    format: wanted[index] === 1 ? (1 as const) : (0 as const),
  }));
  return { bytes: encodeDataRows(values, columns, text), rows: batch.rows };
}
