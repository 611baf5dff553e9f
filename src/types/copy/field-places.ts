/** Where the fields of one column stand, in many lines. */

export class FieldPlaces {
  bytes: Uint8Array = new Uint8Array();
  count = 0;
  nulls = 0;
  /** Negative: the field is NULL, and has no end. */
  starts = new Int32Array(256);
  ends = new Int32Array(256);

  /** Makes room for `count` fields of `bytes`. */
  reserve(bytes: Uint8Array, count: number): this {
    this.bytes = bytes;
    this.count = count;
    if (count > this.starts.length) {
      this.starts = new Int32Array(count * 2);
      this.ends = new Int32Array(count * 2);
    }
    return this;
  }
}
