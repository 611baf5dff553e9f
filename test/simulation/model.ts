/**
 * What a store must hold: rows are numbers, a change adds some and takes some out, in one or more
 * tables. An acknowledged change counts; one whose end nobody saw counts whole or not at all.
 */

import { expect } from "vitest";

export interface Change {
  readonly name: string;
  /** By table. */
  readonly adds: Readonly<Record<number, readonly number[]>>;
  readonly removes: Readonly<Record<number, readonly number[]>>;
}

export class Model {
  readonly #acknowledged: Change[] = [];
  readonly #open = new Set<Change>();

  begin(change: Change): void {
    this.#open.add(change);
  }

  acknowledge(change: Change): void {
    this.#open.delete(change);
    this.#acknowledged.push(change);
  }

  /** It failed, and said so. */
  fail(change: Change): void {
    this.#open.delete(change);
  }

  /** Whatever was begun has failed, and said so. */
  failOpen(): void {
    this.#open.clear();
  }

  /** @param found sorted numbers of every table */
  check(found: Readonly<Record<number, readonly number[]>>, where: string): void {
    const allowed = this.#allowed().map((changes) => JSON.stringify(stateOf(changes, found)));
    const isAllowed = allowed.includes(JSON.stringify(found));
    expect(isAllowed, `${where}: ${JSON.stringify(found)} not among ${allowed.join(" ")}`).toBe(
      true,
    );
  }

  /** The open changes were decided by the crash: what is found holds from now on. */
  settle(found: Readonly<Record<number, readonly number[]>>): void {
    const decided = this.#allowed().find(
      (changes) => JSON.stringify(stateOf(changes, found)) === JSON.stringify(found),
    );
    this.#open.clear();
    this.#acknowledged.splice(0, this.#acknowledged.length, ...(decided ?? []));
  }

  /** Every way in which the open changes may have ended. */
  #allowed(): readonly (readonly Change[])[] {
    let ways: readonly (readonly Change[])[] = [this.#acknowledged];
    for (const change of this.#open) ways = ways.flatMap((way) => [way, [...way, change]]);
    return ways;
  }
}

function stateOf(
  changes: readonly Change[],
  tables: Readonly<Record<number, unknown>>,
): Record<string, readonly number[]> {
  const state: Record<string, readonly number[]> = {};
  for (const table of Object.keys(tables)) {
    const id = Number(table);
    const gone = new Set(changes.flatMap(({ removes }) => removes[id] ?? []));
    const there = changes.flatMap(({ adds }) => adds[id] ?? []).filter((n) => !gone.has(n));
    state[table] = there.sort((a, b) => a - b);
  }
  return state;
}
