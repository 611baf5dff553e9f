/**
 * Where the fields of a Thrift struct in compact encoding begin and end, so that one of them can be
 * replaced and every other byte kept: statistics of types we do not know survive as they are.
 * https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
 */

export interface FieldSpan {
  readonly id: number;
  readonly type: number;
  /** Bytes of the value alone, without the field's header. */
  readonly from: number;
  readonly until: number;
}

const DEPTH_MAX = 32;

/** The fields of the struct that begins at 0. @throws Error when the bytes end or make no sense */
export function fieldsOfStruct(bytes: Uint8Array): readonly FieldSpan[] {
  const walker = new Walker(bytes);
  const fields: FieldSpan[] = [];
  let id = 0;
  for (;;) {
    const header = walker.byte();
    if (header === 0) return fields;
    const type = header & 0x0f;
    id = header >> 4 === 0 ? walker.zigzag() : id + (header >> 4);
    const from = walker.at;
    walker.skip(type, 0);
    fields.push({ id, type, from, until: walker.at });
  }
}

class Walker {
  readonly #bytes: Uint8Array;
  at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  byte(): number {
    const value = this.#bytes[this.at];
    if (value === undefined) throw new Error("truncated");
    this.at += 1;
    return value;
  }

  varint(): number {
    let value = 0;
    for (let scale = 1; scale < 2 ** 70; scale *= 128) {
      const next = this.byte();
      value += (next & 0x7f) * scale;
      if (next < 0x80) return value;
    }
    throw new Error("number too long");
  }

  zigzag(): number {
    const value = this.varint();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  skip(type: number, depth: number): void {
    if (depth > DEPTH_MAX) throw new Error("nested too deeply");
    switch (type) {
      case 1: // true
      case 2: // false
        break;
      case 3: // byte
        this.#jump(1);
        break;
      case 4: // i16
      case 5: // i32
      case 6: // i64
        this.varint();
        break;
      case 7: // double
        this.#jump(8);
        break;
      case 8: // binary
        this.#jump(this.varint());
        break;
      case 9: // list
      case 10: // set
        this.#skipList(depth);
        break;
      case 12: // struct
        this.#skipStruct(depth);
        break;
      default:
        throw new Error(`unknown type ${type}`);
    }
  }

  #skipList(depth: number): void {
    const header = this.byte();
    const type = header & 0x0f;
    const count = header >> 4 === 15 ? this.varint() : header >> 4;
    // Booleans in a list are a byte each.
    if (type <= 2) this.#jump(count);
    else for (let i = 0; i < count; i += 1) this.skip(type, depth + 1);
  }

  #skipStruct(depth: number): void {
    for (;;) {
      const header = this.byte();
      if (header === 0) return;
      if (header >> 4 === 0) this.varint();
      this.skip(header & 0x0f, depth + 1);
    }
  }

  #jump(length: number): void {
    this.at += length;
    if (this.at > this.#bytes.length) throw new Error("truncated");
  }
}
