/** What takes part in a transaction: something that can be undone as far as a savepoint. */

import { SqlError } from "../base/errors.ts";

export interface Participant {
  /** SAVEPOINT: what comes after can be undone by itself. */
  mark(): void | Promise<void>;
  /** Back to the state of mark `index`, counted from 0; that mark stays, later ones are gone. */
  rollbackTo(index: number): void | Promise<void>;
  /** Mark `index` and later ones are forgotten; what was done since stays. */
  release(index: number): void | Promise<void>;
}

/** The participants of one transaction and the savepoints they share. */
export class Participants {
  readonly #always: Participant;
  readonly #all: Participant[] = [];
  #savepoints: string[] = [];

  /** `always` takes part in every transaction. */
  constructor(always: Participant) {
    this.#always = always;
    this.#all.push(always);
  }

  /** How many there are. */
  get savepoints(): number {
    return this.#savepoints.length;
  }

  /** One that joins late has nothing to undo: it is told of the savepoints there are. */
  async join(participant: Participant): Promise<void> {
    for (let i = 0; i < this.#savepoints.length; i += 1) await participant.mark();
    this.#all.push(participant);
  }

  async mark(name: string): Promise<void> {
    this.#savepoints.push(name);
    for (const one of this.#all) await one.mark();
  }

  /** Of the newest savepoint of that name. @throws SqlError 3B001 */
  indexOf(name: string): number {
    const index = this.#savepoints.lastIndexOf(name);
    if (index < 0) throw new SqlError("3B001", `savepoint "${name}" does not exist`);
    return index;
  }

  async release(index: number): Promise<void> {
    this.#savepoints.length = index;
    for (const one of this.#all) await one.release(index);
  }

  async rollbackTo(index: number): Promise<void> {
    this.#savepoints.length = index + 1;
    for (const one of this.#all) await one.rollbackTo(index);
  }

  clear(): void {
    this.#all.length = 0;
    this.#all.push(this.#always);
    this.#savepoints = [];
  }
}
