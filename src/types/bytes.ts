/**
 * Reading and writing of network byte order, bounded: the currency of binary values and messages.
 */

import { SqlError } from "../base/errors.ts";
import { tooShort } from "./input-errors.ts";
import { decodeUtf8 } from "./utf8.ts";

/** Reads forward. Every read past the end is 08P01, never an exception of Node's. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get remaining(): number {
    return this.#bytes.length - this.#at;
  }

  #advance(size: number): number {
    if (size < 0 || size > this.remaining) throw tooShort();
    const from = this.#at;
    this.#at += size;
    return from;
  }

  uint8(): number {
    return this.#view.getUint8(this.#advance(1));
  }

  int16(): number {
    return this.#view.getInt16(this.#advance(2));
  }

  uint16(): number {
    return this.#view.getUint16(this.#advance(2));
  }

  int32(): number {
    return this.#view.getInt32(this.#advance(4));
  }

  uint32(): number {
    return this.#view.getUint32(this.#advance(4));
  }

  int64(): bigint {
    return this.#view.getBigInt64(this.#advance(8));
  }

  float32(): number {
    return this.#view.getFloat32(this.#advance(4));
  }

  float64(): number {
    return this.#view.getFloat64(this.#advance(8));
  }

  /** A view, not a copy. */
  bytes(size: number): Uint8Array {
    const from = this.#advance(size);
    return this.#bytes.subarray(from, from + size);
  }

  rest(): Uint8Array {
    return this.bytes(this.remaining);
  }

  /** Text up to a zero byte. @throws SqlError 08P01 without one, 22021 when it is not UTF-8. */
  cstring(): string {
    const end = this.#bytes.indexOf(0, this.#at);
    if (end < 0) throw new SqlError("08P01", "invalid string in message");
    const text = decodeUtf8(this.#bytes.subarray(this.#at, end));
    this.#at = end + 1;
    return text;
  }

  /** The message must have been read whole. */
  end(): void {
    if (this.remaining !== 0) throw new SqlError("08P01", "invalid message format");
  }
}

/** Appends to a buffer that grows by doubling. */
export class ByteWriter {
  #buffer: Buffer;
  #length = 0;

  constructor(capacity = 64) {
    this.#buffer = Buffer.allocUnsafe(capacity);
  }

  get length(): number {
    return this.#length;
  }

  #grow(size: number): number {
    const from = this.#length;
    const needed = from + size;
    if (needed > this.#buffer.length) {
      const larger = Buffer.allocUnsafe(Math.max(needed, this.#buffer.length * 2));
      this.#buffer.copy(larger, 0, 0, from);
      this.#buffer = larger;
    }
    this.#length = needed;
    return from;
  }

  uint8(value: number): this {
    const at = this.#grow(1);
    this.#buffer[at] = value;
    return this;
  }

  int16(value: number): this {
    const at = this.#grow(2);
    this.#buffer.writeInt16BE(value, at);
    return this;
  }

  uint16(value: number): this {
    const at = this.#grow(2);
    this.#buffer.writeUInt16BE(value, at);
    return this;
  }

  int32(value: number): this {
    const at = this.#grow(4);
    this.#buffer.writeInt32BE(value, at);
    return this;
  }

  uint32(value: number): this {
    const at = this.#grow(4);
    this.#buffer.writeUInt32BE(value, at);
    return this;
  }

  int64(value: bigint): this {
    const at = this.#grow(8);
    this.#buffer.writeBigInt64BE(value, at);
    return this;
  }

  float32(value: number): this {
    const at = this.#grow(4);
    this.#buffer.writeFloatBE(value, at);
    return this;
  }

  float64(value: number): this {
    const at = this.#grow(8);
    this.#buffer.writeDoubleBE(value, at);
    return this;
  }

  bytes(value: Uint8Array): this {
    const at = this.#grow(value.length);
    this.#buffer.set(value, at);
    return this;
  }

  text(value: string): this {
    const size = Buffer.byteLength(value);
    const at = this.#grow(size);
    this.#buffer.write(value, at, size);
    return this;
  }

  /** A zero byte inside would end the string early, so it ends here. */
  cstring(value: string): this {
    const zero = value.indexOf("\0");
    return this.text(zero < 0 ? value : value.slice(0, zero)).uint8(0);
  }

  /** Sets four bytes written before, for lengths known only afterwards. */
  setInt32(at: number, value: number): void {
    this.#buffer.writeInt32BE(value, at);
  }

  /** Changes what was written from `start` on in place, to so many bytes. */
  shorten(start: number, change: (bytes: Buffer) => number): void {
    this.#length = start + change(this.#buffer.subarray(start, this.#length));
  }

  /** A view of what was written; the writer must not be used again. */
  finish(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }
}
