/** COPY TO with FORMAT json, as PostgreSQL 19 has it: a row is an object in a line of its own. */

import { ByteWriter } from "../bytes.ts";
import type { TextSettings } from "../shape.ts";
import type { CopyEncoding } from "./format.ts";
import { type JsonCell, jsonCell } from "./json-cells.ts";
import type { RowWriter } from "./row-writer.ts";
import { toLatin1 } from "./to-latin1.ts";

const COPY_DATA = 0x64; // d
const MESSAGE_BYTES = 5;

export interface JsonFormat {
  readonly columns: readonly { readonly name: string; readonly typeOid: number }[];
  /** All rows are one array. */
  readonly isArray: boolean;
  readonly settings: TextSettings;
}

export class JsonWriter implements RowWriter {
  readonly #isArray: boolean;
  readonly #encoding: CopyEncoding;
  readonly #isFramed: boolean;
  readonly #cells: readonly JsonCell[];
  /** What stands before each cell. */
  readonly #names: readonly Buffer[];
  #hasRows = false;

  /** @param isFramed in CopyData messages, one for each row @throws SqlError 0A000 for a type */
  constructor(
    { columns, isArray, settings }: JsonFormat,
    encoding: CopyEncoding,
    isFramed: boolean,
  ) {
    this.#isArray = isArray;
    this.#encoding = encoding;
    this.#isFramed = isFramed;
    this.#cells = columns.map(({ typeOid }) => jsonCell(typeOid, settings));
    this.#names = columns.map(({ name }, index) =>
      Buffer.from(`${index === 0 ? "{" : ","}${JSON.stringify(name)}:`),
    );
  }

  cellFormat(column: number): 0 | 1 {
    return this.#cells[column]?.format ?? 0;
  }

  begin(): Uint8Array {
    return this.#isArray ? this.#line("[") : Buffer.alloc(0);
  }

  rows(messages: Uint8Array): Uint8Array {
    const view = new DataView(messages.buffer, messages.byteOffset, messages.byteLength);
    const out = new ByteWriter(messages.length * 2);
    for (let at = 0; at < messages.length; ) {
      const end = at + 1 + view.getInt32(at + 1);
      const start = this.#startRow(out);
      if (this.#isArray) out.text(this.#hasRows ? "," : " ");
      this.#hasRows = true;
      this.#object(messages, view, at + MESSAGE_BYTES + 2, out);
      this.#endRow(out, start);
      at = end;
    }
    return out.finish();
  }

  finish(): Uint8Array {
    return this.#isArray ? this.#line("]") : Buffer.alloc(0);
  }

  #object(messages: Uint8Array, view: DataView, from: number, out: ByteWriter): void {
    let at = from;
    for (const [index, cell] of this.#cells.entries()) {
      out.bytes(this.#names[index] as Buffer);
      const size = view.getInt32(at);
      at += 4;
      if (size < 0) {
        out.text("null");
        continue;
      }
      const bytes = messages.subarray(at, at + size);
      at += size;
      if (cell.isRaw) out.bytes(bytes);
      else out.text(cell.text(bytes));
    }
    out.text(this.#cells.length === 0 ? "{}" : "}");
  }

  #line(text: string): Uint8Array {
    const out = new ByteWriter();
    const start = this.#startRow(out);
    out.text(text);
    this.#endRow(out, start);
    return out.finish();
  }

  #startRow(out: ByteWriter): number {
    const start = out.length;
    if (this.#isFramed) out.uint8(COPY_DATA).int32(0);
    return start;
  }

  #endRow(out: ByteWriter, start: number): void {
    out.text("\n");
    const payload = this.#isFramed ? start + MESSAGE_BYTES : start;
    if (this.#encoding === "LATIN1") out.shorten(payload, toLatin1);
    if (this.#isFramed) out.setInt32(start + 1, out.length - start - 1);
  }
}
