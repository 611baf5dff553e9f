/**
 * SET CONSTRAINTS, and which constraints have something put off. Of rows nothing is kept: when it
 * is due, all that the transaction has made or removed is looked at.
 */

import type { ShadowConstraint, ShadowRelation } from "../../postgres/relation.ts";
import type { Execution } from "../execution.ts";
import type { Participant } from "../participant.ts";

/** Something of a constraint is put off. */
export interface PutOff {
  readonly constraint: ShadowConstraint;
  /** PostgreSQL has events waiting for rows of these. */
  readonly waiting: ReadonlySet<number>;
  /** The last statement that put something off. */
  readonly execution: Execution;
}

interface State {
  /** SET CONSTRAINTS ALL. */
  readonly all: boolean | undefined;
  /** By name, since then; by OID. */
  readonly named: ReadonlyMap<number, boolean>;
  /** By OID, in the order they were first concerned. */
  readonly putOff: ReadonlyMap<number, PutOff>;
}

export class Deferred implements Participant {
  /** Whether COMMIT knows of it. */
  isAwaited = false;
  #state: State = { all: undefined, named: new Map(), putOff: new Map() };
  readonly #marks: State[] = [];

  mark(): void {
    this.#marks.push(this.#state);
  }

  rollbackTo(index: number): void {
    this.#state = this.#marks[index] ?? this.#state;
    this.#marks.length = index + 1;
  }

  release(index: number): void {
    this.#marks.length = index;
  }

  isDeferred({ oid, isDeferrable, isInitiallyDeferred }: ShadowConstraint): boolean {
    if (!isDeferrable) return false;
    return this.#state.named.get(oid) ?? this.#state.all ?? isInitiallyDeferred;
  }

  /** undefined: all. */
  set(oids: readonly number[] | undefined, isDeferred: boolean): void {
    const { named, putOff } = this.#state;
    const more = (oids ?? []).map((oid) => [oid, isDeferred] as const);
    this.#state =
      oids === undefined
        ? { all: isDeferred, named: new Map(), putOff }
        : { ...this.#state, named: new Map([...named, ...more]) };
  }

  /** `relation`: whose rows PostgreSQL would look at again; undefined: none for certain. */
  putOff(
    constraint: ShadowConstraint,
    relation: ShadowRelation | undefined,
    execution: Execution,
  ): void {
    const known = this.#state.putOff.get(constraint.oid);
    const waiting = new Set([...(known?.waiting ?? []), ...(relation ? [relation.oid] : [])]);
    const putOff = new Map(this.#state.putOff);
    putOff.set(constraint.oid, { constraint, waiting, execution });
    this.#state = { ...this.#state, putOff };
  }

  isWaiting(relationOid: number): boolean {
    return [...this.#state.putOff.values()].some(({ waiting }) => waiting.has(relationOid));
  }

  /** `isAll`: the transaction ends; else what is no longer deferred. */
  due(isAll: boolean): readonly PutOff[] {
    const all = [...this.#state.putOff.values()];
    return isAll ? all : all.filter(({ constraint }) => !this.isDeferred(constraint));
  }

  /** They were looked at. */
  done(checked: readonly PutOff[]): void {
    const putOff = new Map(this.#state.putOff);
    for (const { constraint } of checked) putOff.delete(constraint.oid);
    this.#state = { ...this.#state, putOff };
  }
}
