/** A file of the simulated machine: its bytes, those on the disk, and what lies between. */

/** Bytes that reach the disk together. */
const SECTOR_BYTES = 512;

type Change =
  | { readonly kind: "write"; readonly offset: number; readonly bytes: Uint8Array }
  | { readonly kind: "cut"; readonly sizeBytes: number };

type Write = Change & { readonly kind: "write" };

/** Shared by all its names. */
export class SimulatedFile {
  readonly id: number;
  bytes = new Uint8Array(0);
  changes = 0;
  #synced = this.bytes;
  /** What has happened to `#synced` to make it `bytes`, in order. */
  #unsynced: Change[] = [];

  constructor(id: number) {
    this.id = id;
  }

  write(offset: number, bytes: Uint8Array): void {
    this.#change({ kind: "write", offset, bytes: Uint8Array.from(bytes) });
  }

  truncate(sizeBytes: number): void {
    if (sizeBytes !== this.bytes.length) this.#change({ kind: "cut", sizeBytes });
  }

  sync(): void {
    this.#synced = this.bytes;
    this.#unsynced = [];
  }

  /** Whole and synced. */
  place(bytes: Uint8Array): void {
    this.bytes = Uint8Array.from(bytes);
    this.sync();
  }

  /** Each unsynced change happened, or did not, or in part. */
  crash(random: () => number): void {
    this.bytes = this.#synced;
    for (const made of this.#unsynced) {
      const chance = random();
      if (chance < 0.4) continue;
      if (chance >= 0.8 || made.kind === "cut") this.bytes = changed(this.bytes, made);
      else if (chance < 0.6) {
        const bytes = made.bytes.subarray(0, made.bytes.length * random());
        this.bytes = changed(this.bytes, { ...made, bytes });
      } else this.bytes = withSomeSectors(this.bytes, made, random);
    }
    this.sync();
  }

  #change(made: Change): void {
    this.bytes = changed(this.bytes, made);
    this.#unsynced.push(made);
    this.changes += 1;
  }
}

function withSomeSectors(
  before: Uint8Array<ArrayBuffer>,
  { offset, bytes }: Write,
  random: () => number,
): Uint8Array<ArrayBuffer> {
  let after = before;
  for (let from = 0; from < bytes.length; ) {
    const until = Math.min(bytes.length, from + SECTOR_BYTES - ((offset + from) % SECTOR_BYTES));
    const part = bytes.subarray(from, until);
    if (random() < 0.5)
      after = changed(after, { kind: "write", offset: offset + from, bytes: part });
    from = until;
  }
  return after;
}

function changed(before: Uint8Array, made: Change): Uint8Array<ArrayBuffer> {
  const size =
    made.kind === "cut" ? made.sizeBytes : Math.max(before.length, made.offset + made.bytes.length);
  const after = new Uint8Array(size);
  after.set(before.subarray(0, size));
  if (made.kind === "write") after.set(made.bytes, made.offset);
  return after;
}
