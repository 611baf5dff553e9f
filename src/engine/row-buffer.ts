/** A growing buffer that DataRow messages are written into; its memory is handed over when full. */

const MINUS_ONE = 0xffff_ffff;

export class RowBuffer {
  bytes: Buffer;
  /** Where the next byte goes. */
  at = 0;

  constructor(capacity: number) {
    this.bytes = allocate(capacity);
  }

  /** Makes room for `count` more bytes. Writers keep no reference to `bytes` across this call. */
  reserve(count: number): void {
    const needed = this.at + count;
    if (needed <= this.bytes.length) return;
    const larger = allocate(Math.max(needed, this.bytes.length * 2));
    larger.set(this.bytes.subarray(0, this.at));
    this.bytes = larger;
  }

  int16(value: number): void {
    const { bytes, at } = this;
    bytes[at] = value >>> 8;
    bytes[at + 1] = value;
    this.at = at + 2;
  }

  int32(value: number): void {
    const { bytes, at } = this;
    bytes[at] = value >>> 24;
    bytes[at + 1] = value >>> 16;
    bytes[at + 2] = value >>> 8;
    bytes[at + 3] = value;
    this.at = at + 4;
  }

  /** The length word of a NULL. */
  null(): void {
    this.int32(MINUS_ONE);
  }

  setInt32(value: number, at: number): void {
    const { bytes } = this;
    bytes[at] = value >>> 24;
    bytes[at + 1] = value >>> 16;
    bytes[at + 2] = value >>> 8;
    bytes[at + 3] = value;
  }

  /** A text with its length word; every character must be ASCII. */
  ascii(text: string): void {
    const { length } = text;
    this.reserve(4 + length);
    this.int32(length);
    const { bytes, at } = this;
    for (let i = 0; i < length; i += 1) bytes[at + i] = text.charCodeAt(i);
    this.at = at + length;
  }

  /** Any text with its length word. */
  text(text: string): void {
    this.reserve(4 + text.length * 3);
    const written = this.bytes.write(text, this.at + 4, "utf8");
    this.int32(written);
    this.at += written;
  }

  /** Bytes with their length word. */
  block(block: Uint8Array): void {
    this.reserve(4 + block.length);
    this.int32(block.length);
    this.bytes.set(block, this.at);
    this.at += block.length;
  }

  /** What was written; the buffer starts anew with memory of its own. */
  take(capacity: number): Uint8Array {
    const taken = this.bytes.subarray(0, this.at);
    this.bytes = allocate(capacity);
    this.at = 0;
    return taken;
  }
}

/** Never from Node's pool: the whole ArrayBuffer is transferred to another thread. */
function allocate(capacity: number): Buffer {
  return Buffer.allocUnsafeSlow(capacity);
}
