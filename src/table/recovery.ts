/** What the write-ahead log holds when the server starts, sorted by who needs it. */

import { corrupt } from "./error.ts";
import type { NewItem } from "./items.ts";
import type { LogRecord } from "./log-port.ts";
import { decodeRecord } from "./records.ts";

/** Something else was to decide it, or has. */
export interface RecoveredTxn {
  readonly txn: number;
  readonly position: number;
  readonly extra: Uint8Array;
  /** undefined: nobody has said so yet. */
  readonly sequence: number | undefined;
}

interface RecoveredItems {
  readonly sequence: number;
  readonly position: number;
  readonly items: readonly NewItem[];
}

interface Prepared extends RecoveredTxn {
  readonly items: readonly NewItem[];
}

/** @throws StoreError "log-corrupt" */
export function recover(records: readonly LogRecord[]): Recovered {
  const recovered = new Recovered();
  for (const record of records) recovered.read(record);
  return recovered;
}

export class Recovered {
  /** How many records there were. */
  records = 0;
  /** The last one that was decided. */
  sequence = 0;
  readonly #byTable = new Map<number, RecoveredItems[]>();
  readonly #prepared = new Map<number, Prepared>();

  read({ position, payload }: LogRecord): void {
    const record = decodeRecord(payload);
    this.records += 1;
    switch (record.kind) {
      case "commit":
        this.#advance(record.sequence);
        this.#keep(record.sequence, position, record.items);
        break;
      case "prepared": {
        const { txn, items, extra } = record;
        this.#prepared.set(txn, { txn, position, extra, items, sequence: undefined });
        break;
      }
      case "decided":
        this.#advance(record.sequence);
        // Its prepared record may be trimmed: then all of it is done.
        if (this.#prepared.has(record.txn)) this.decide(record.txn, record.sequence);
        break;
      case "abandoned":
        this.abandon(record.txn);
        break;
    }
  }

  #advance(sequence: number): void {
    if (sequence <= this.sequence) {
      throw corrupt(`sequence ${sequence} of the write-ahead log comes after ${this.sequence}`);
    }
    this.sequence = sequence;
  }

  #keep(sequence: number, position: number, items: readonly NewItem[]): void {
    for (const tableId of new Set(items.map((item) => item.tableId))) {
      const some = items.filter((item) => item.tableId === tableId);
      const known = this.#byTable.get(tableId);
      const entry = { sequence, position, items: some };
      if (known === undefined) this.#byTable.set(tableId, [entry]);
      else known.push(entry);
    }
  }

  get transactions(): readonly RecoveredTxn[] {
    return [...this.#prepared.values()];
  }

  decide(txn: number, sequence: number): void {
    const prepared = this.#prepared.get(txn);
    if (prepared === undefined) return;
    this.#prepared.set(txn, { ...prepared, sequence });
    this.#keep(sequence, prepared.position, prepared.items);
  }

  abandon(txn: number): void {
    this.#prepared.delete(txn);
  }

  /** What is decided for a table, in order; it is then somebody else's to keep. */
  take(tableId: number): readonly RecoveredItems[] {
    const items = this.#byTable.get(tableId) ?? [];
    this.#byTable.delete(tableId);
    return items;
  }

  forget(isGone: (tableId: number) => boolean): void {
    for (const tableId of [...this.#byTable.keys()]) {
      if (isGone(tableId)) this.#byTable.delete(tableId);
    }
  }

  /** The oldest record that a table not yet attached needs. */
  get position(): number | undefined {
    let least: number | undefined;
    for (const entries of this.#byTable.values()) {
      for (const { position } of entries) least = Math.min(least ?? position, position);
    }
    return least;
  }
}
