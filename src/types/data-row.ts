/** DataRow messages from values in memory: small results that no engine computes. */

import { ByteWriter } from "./bytes.ts";
import { encodeBinary, encodeText } from "./codec.ts";
import type { TextSettings } from "./shape.ts";
import type { SqlValue } from "./value.ts";

export interface RowColumn {
  readonly typeOid: number;
  readonly format: 0 | 1;
}

/** Complete DataRow messages, one for each row. */
export function encodeDataRows(
  rows: readonly (readonly SqlValue[])[],
  columns: readonly RowColumn[],
  settings: TextSettings,
): Uint8Array {
  const writer = new ByteWriter(64 * (rows.length + 1));
  for (const row of rows) {
    const start = writer.uint8(0x44).length; // 'D'
    writer.int32(0).uint16(columns.length);
    for (const [index, { typeOid, format }] of columns.entries()) {
      const value = row[index] ?? null;
      if (value === null) writer.int32(-1);
      else {
        const bytes =
          format === 1
            ? encodeBinary(value, typeOid)
            : Buffer.from(encodeText(value, typeOid, settings));
        writer.int32(bytes.length).bytes(bytes);
      }
    }
    writer.setInt32(start, writer.length - start);
  }
  return writer.finish();
}
