/**
 * Where sequences stand. A position is written ahead of the values that are given out, some at a
 * time, so that no value is given twice however the server ends, and few are skipped.
 */

import { Mutex } from "../../base/async.ts";
import type { Engine } from "../../engine/remote.ts";
import type { ShadowRelation, ShadowSequence } from "../../postgres/relation.ts";
import { Oid } from "../../types/oids.ts";
import type { Shape } from "../../types/shape.ts";
import {
  ahead,
  draw,
  isWithin,
  type SequencePosition,
  type SequenceRun,
  startPosition,
} from "./sequence-state.ts";

/** As many as PostgreSQL writes ahead. */
const VALUES_AHEAD = 32;
const INT8: Shape = { typeOid: Oid.int8, typmod: -1, representation: { kind: "plain" } };
const BOOL: Shape = { typeOid: Oid.bool, typmod: -1, representation: { kind: "plain" } };
const SEQUENCE_TABLE = "plain.main.sequences";

interface State {
  position: SequencePosition;
  /** No value beyond it may be given out before it was written anew. */
  reserved: bigint | undefined;
}

export class SequenceStore {
  readonly #engine: Engine;
  readonly #states = new Map<number, State>();
  readonly #turn = new Mutex();

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** Reads the positions; the table is made if missing. */
  async open(): Promise<void> {
    const [, read] = await this.#engine.run({
      statements: [
        {
          sql:
            `CREATE TABLE IF NOT EXISTS ${SEQUENCE_TABLE}` +
            " (oid BIGINT, last BIGINT, is_called BOOLEAN)",
        },
        {
          sql: `SELECT oid, last, is_called FROM ${SEQUENCE_TABLE}`,
          shapes: [INT8, INT8, BOOL],
        },
      ],
    });
    for (const [oid, last, isCalled] of read?.rows ?? []) {
      const position = { last: last as bigint, isCalled: isCalled as boolean };
      this.#states.set(Number(oid), { position, reserved: position.last });
    }
  }

  /** @throws SqlError 2200H, with the values before it lost */
  async draw(relation: ShadowRelation, wanted: number): Promise<readonly SequenceRun[]> {
    const definition = relation.sequence as ShadowSequence;
    return await this.#turn.run(async () => {
      const state = this.#state(relation.oid, definition);
      const { runs, position, failure } = draw(relation.name, definition, state.position, wanted);
      const isReserved =
        runs.length < 2 &&
        state.reserved !== undefined &&
        isWithin(definition, position.last, state.reserved);
      if (!isReserved && position !== state.position) {
        const far = ahead(definition, position, VALUES_AHEAD);
        await this.#write(relation.oid, { last: far, isCalled: true });
        state.reserved = far;
      }
      state.position = position;
      if (failure !== undefined) throw failure;
      return runs;
    });
  }

  /** setval, RESTART: durable on return. */
  async move(oid: number, position: SequencePosition): Promise<void> {
    await this.#turn.run(async () => {
      await this.#write(oid, position);
      this.#states.set(oid, { position, reserved: position.last });
    });
  }

  position(relation: ShadowRelation): SequencePosition {
    return this.#state(relation.oid, relation.sequence as ShadowSequence).position;
  }

  /** What SELECT reads of the sequence. */
  row(relation: ShadowRelation): Readonly<Record<string, bigint | boolean>> {
    const definition = relation.sequence as ShadowSequence;
    const { position, reserved } = this.#state(relation.oid, definition);
    const ahead = reserved === undefined ? 0n : reserved - position.last;
    const log_cnt = ahead / BigInt(definition.increment);
    return { last_value: position.last, log_cnt, is_called: position.isCalled };
  }

  /** Of sequences that are no more. */
  async keepOnly(oids: ReadonlySet<number>): Promise<void> {
    const gone = [...this.#states.keys()].filter((oid) => !oids.has(oid));
    if (gone.length === 0) return;
    const sql = `DELETE FROM ${SEQUENCE_TABLE} WHERE oid IN (${gone.join(", ")})`;
    await this.#engine.run({ statements: [{ sql }] });
    for (const oid of gone) this.#states.delete(oid);
  }

  /** What was written ahead and not given out is taken back: the server stops in good order. */
  async close(): Promise<void> {
    await this.#turn.run(async () => {
      for (const [oid, { position, reserved }] of this.#states) {
        if (position.last !== reserved) await this.#write(oid, position);
      }
    });
  }

  #state(oid: number, definition: ShadowSequence): State {
    const known = this.#states.get(oid);
    if (known !== undefined) return known;
    const state: State = { position: startPosition(definition), reserved: undefined };
    this.#states.set(oid, state);
    return state;
  }

  async #write(oid: number, { last, isCalled }: SequencePosition): Promise<void> {
    await this.#engine.run({
      statements: [
        { sql: `DELETE FROM ${SEQUENCE_TABLE} WHERE oid = ${oid}` },
        { sql: `INSERT INTO ${SEQUENCE_TABLE} VALUES (${oid}, ${last}, ${isCalled})` },
      ],
    });
  }
}
