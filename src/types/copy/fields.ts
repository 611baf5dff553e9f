/** The fields of one line: where each stands, and what it is. */

export const VALUE = 0;
export const NULL = 1;
export const DEFAULT = 2;

export class Fields {
  /** What `starts` and `ends` point into. */
  bytes: Uint8Array = new Uint8Array();
  count = 0;
  starts = new Int32Array(64);
  ends = new Int32Array(64);
  kinds = new Uint8Array(64);
  /** Memory for fields that are not in the data as they stand. */
  #scratch = new Uint8Array(1024);

  add(start: number, end: number, kind: number): void {
    const at = this.count;
    if (at >= this.starts.length) this.#grow();
    this.starts[at] = start;
    this.ends[at] = end;
    this.kinds[at] = kind;
    this.count = at + 1;
  }

  /** At least `length` bytes, to be written from the first. */
  scratch(length: number): Uint8Array {
    if (length > this.#scratch.length) this.#scratch = new Uint8Array(length * 2);
    return this.#scratch;
  }

  /** Of a field whose kind is VALUE. */
  value(index: number): Uint8Array {
    return this.bytes.subarray(this.starts[index], this.ends[index]);
  }

  #grow(): void {
    const { starts, ends, kinds } = this;
    this.starts = new Int32Array(starts.length * 2);
    this.ends = new Int32Array(starts.length * 2);
    this.kinds = new Uint8Array(starts.length * 2);
    this.starts.set(starts);
    this.ends.set(ends);
    this.kinds.set(kinds);
  }
}
