/**
 * What a server must hold after a crash, kept by the clients that wrote it: every group of rows by
 * its writer and operation. An operation that was acknowledged has happened; one under way when the
 * server died has happened as a whole or not at all.
 */

export interface Group {
  readonly table: string;
  readonly writer: number;
  readonly operation: number;
}

/** `rows` rows numbered from 0, all with `value`; undefined: none. */
export type GroupState = { readonly rows: number; readonly value: number } | undefined;

export interface Change {
  readonly group: Group;
  readonly before: GroupState;
  readonly after: GroupState;
}

/** One row of what the server answers, a group each. */
export interface FoundGroup extends Group {
  readonly rows: number;
  readonly distinct: number;
  readonly highest: number;
  readonly lowestValue: number;
  readonly highestValue: number;
}

export class Ledger {
  readonly #states = new Map<string, Exclude<GroupState, undefined>>();
  /** By writer: what it has sent and not been answered. */
  acknowledged = 0;
  readonly #underWay = new Map<number, readonly Change[]>();

  stateOf(group: Group): GroupState {
    return this.#states.get(keyOf(group));
  }

  /** Groups of a writer in a table, oldest first. */
  groupsOf(writer: number, table: string): readonly Group[] {
    return [...this.#states.keys()]
      .map(groupOf)
      .filter((group) => group.writer === writer && group.table === table);
  }

  begin(writer: number, changes: readonly Change[]): void {
    this.#underWay.set(writer, changes);
  }

  acknowledge(writer: number): void {
    this.acknowledged += 1;
    for (const change of this.#underWay.get(writer) ?? []) this.#apply(change.group, change.after);
    this.#underWay.delete(writer);
  }

  /** Refused: nothing of it may be there. */
  refuse(writer: number): void {
    this.#underWay.delete(writer);
  }

  #apply(group: Group, state: GroupState): void {
    if (state === undefined) this.#states.delete(keyOf(group));
    else this.#states.set(keyOf(group), state);
  }

  /**
   * Compares with what the server has, and takes over how operations under way turned out. Returns
   * what is wrong, in words; empty when nothing is.
   */
  settle(found: readonly FoundGroup[]): readonly string[] {
    const complaints: string[] = [];
    const byKey = new Map(found.map((group) => [keyOf(group), group]));
    const unsure = new Set<string>();
    for (const [writer, changes] of this.#underWay) {
      for (const { group } of changes) unsure.add(keyOf(group));
      const isDone = changes.every(({ group, after }) => matches(byKey.get(keyOf(group)), after));
      const isUndone = changes.every(({ group, before }) =>
        matches(byKey.get(keyOf(group)), before),
      );
      if (!isDone && !isUndone) {
        complaints.push(`writer ${writer}: half of ${JSON.stringify(changes)} is there`);
      }
      if (isDone) for (const { group, after } of changes) this.#apply(group, after);
    }
    this.#underWay.clear();
    for (const [key, state] of this.#states) {
      if (!unsure.has(key) && !matches(byKey.get(key), state)) {
        complaints.push(
          `${key} should be ${JSON.stringify(state)} and is ${JSON.stringify(byKey.get(key))}`,
        );
      }
    }
    for (const key of byKey.keys()) {
      if (!unsure.has(key) && !this.#states.has(key)) complaints.push(`${key} was never written`);
    }
    return complaints;
  }
}

function matches(found: FoundGroup | undefined, state: GroupState): boolean {
  if (found === undefined || state === undefined) return found === undefined && state === undefined;
  return (
    found.rows === state.rows &&
    found.distinct === state.rows &&
    found.highest === state.rows - 1 &&
    found.lowestValue === state.value &&
    found.highestValue === state.value
  );
}

function keyOf({ table, writer, operation }: Group): string {
  return `${table}/${writer}/${operation}`;
}

function groupOf(key: string): Group {
  const [table = "", writer, operation] = key.split("/");
  return { table, writer: Number(writer), operation: Number(operation) };
}
