/**
 * A growing buffer that messages are written into; its memory is handed over when full, and comes
 * back when it was read: the collector would find it late, and look at everything for it.
 */

/** Smaller ones are made anew. */
const RECYCLED_BYTES_MIN = 64 * 1024;
const RECYCLED_BYTES_MAX = 1024 * 1024;
const RECYCLED_MAX = 16;

/** Of this thread. */
const recycled: ArrayBuffer[] = [];

/** Takes memory that nobody uses any more. */
export function recycle(buffer: ArrayBuffer): void {
  const { byteLength } = buffer;
  if (byteLength < RECYCLED_BYTES_MIN || byteLength > RECYCLED_BYTES_MAX) return;
  if (recycled.length < RECYCLED_MAX) recycled.push(buffer);
}

export class RowBuffer {
  bytes: Buffer;
  view: DataView;
  /** Where the next byte goes. */
  at = 0;

  constructor(capacity: number) {
    this.bytes = allocate(capacity);
    this.view = viewOf(this.bytes);
  }

  /** Makes room for `count` more bytes. */
  reserve(count: number): void {
    const needed = this.at + count;
    if (needed <= this.bytes.length) return;
    const larger = allocate(Math.max(needed, this.bytes.length * 2));
    larger.set(this.bytes.subarray(0, this.at));
    this.bytes = larger;
    this.view = viewOf(larger);
  }

  /** What was written; the buffer starts anew with other memory. */
  take(capacity: number): Uint8Array {
    const taken = this.bytes.subarray(0, this.at);
    this.bytes = allocate(capacity);
    this.view = viewOf(this.bytes);
    this.at = 0;
    return taken;
  }
}

/** Never from Node's pool: the whole ArrayBuffer is transferred to another thread. */
function allocate(capacity: number): Buffer {
  if (capacity >= RECYCLED_BYTES_MIN) {
    const at = recycled.findLastIndex(({ byteLength }) => byteLength >= capacity);
    const [buffer] = at < 0 ? [] : recycled.splice(at, 1);
    if (buffer !== undefined) return Buffer.from(buffer);
  }
  return Buffer.allocUnsafeSlow(capacity);
}

function viewOf(bytes: Buffer): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
