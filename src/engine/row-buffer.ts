/** A growing buffer that DataRow messages are written into; its memory is handed over when full. */

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

  /** What was written; the buffer starts anew with memory of its own. */
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
  return Buffer.allocUnsafeSlow(capacity);
}

function viewOf(bytes: Buffer): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
