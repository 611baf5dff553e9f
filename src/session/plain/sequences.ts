/** nextval, currval, lastval and setval of one session. */

import { assert, SqlError } from "../../base/errors.ts";
import type { SequenceCall } from "../../compile/plan.ts";
import type { ShadowRelation } from "../../postgres/relation.ts";
import type { SqlValue } from "../../types/value.ts";
import type { Execution } from "../execution.ts";
import type { Transaction } from "../transaction.ts";
import { isTemporary } from "./physical.ts";
import { relationOf } from "./relation.ts";
import type { SequenceRun } from "./sequence-state.ts";

/** What a session remembers of the values it has drawn. */
interface Drawn {
  readonly values: Map<number, bigint>;
  /** Of the last nextval. */
  lastOid: number | undefined;
}

const SESSIONS = new WeakMap<Transaction, Drawn>();

function drawnBy({ transaction }: Execution): Drawn {
  const known = SESSIONS.get(transaction);
  if (known !== undefined) return known;
  const drawn: Drawn = { values: new Map(), lastOid: undefined };
  SESSIONS.set(transaction, drawn);
  return drawn;
}

/** DISCARD SEQUENCES. */
export function forgetSequences(transaction: Transaction): void {
  SESSIONS.delete(transaction);
}

/** @throws SqlError 2200H, 25006 */
export async function drawMany(
  oid: number,
  count: number,
  execution: Execution,
): Promise<readonly SequenceRun[]> {
  refuseReadOnly("nextval", oid, execution);
  const runs = await execution.services.plain.sequences.draw(sequence(oid, execution), count);
  const drawn = drawnBy(execution);
  const last = runs.at(-1);
  if (last !== undefined) {
    drawn.values.set(oid, last.first + BigInt(last.count - 1) * last.increment);
    drawn.lastOid = oid;
  }
  return runs;
}

type CalledSequence =
  | { readonly kind: Exclude<SequenceCall["kind"], "lastval">; readonly sequenceOid: number }
  | { readonly kind: "lastval" };

/** `args` of setval: the value, and whether nextval goes on behind it. */
export async function callSequence(
  call: CalledSequence,
  args: readonly SqlValue[],
  execution: Execution,
): Promise<bigint | null> {
  switch (call.kind) {
    case "nextval": {
      const [run] = await drawMany(call.sequenceOid, 1, execution);
      assert(run !== undefined, "a sequence gave no value");
      return run.first;
    }
    case "currval":
      return currentValue(call.sequenceOid, execution);
    case "lastval":
      return lastValue(execution);
    case "setval":
      return await setValue(call.sequenceOid, args, execution);
  }
}

function currentValue(oid: number, execution: Execution): bigint {
  const value = drawnBy(execution).values.get(oid);
  if (value !== undefined) return value;
  const { name } = sequence(oid, execution);
  throw new SqlError("55000", `currval of sequence "${name}" is not yet defined in this session`);
}

function lastValue(execution: Execution): bigint {
  const { lastOid, values } = drawnBy(execution);
  const isThere = lastOid !== undefined && execution.services.shadow.relations().has(lastOid);
  const value = isThere ? values.get(lastOid) : undefined;
  if (value !== undefined) return value;
  throw new SqlError("55000", "lastval is not yet defined in this session");
}

async function setValue(
  oid: number,
  [value, isCalled]: readonly SqlValue[],
  execution: Execution,
): Promise<bigint | null> {
  if (typeof value !== "bigint" || typeof isCalled !== "boolean") return null;
  refuseReadOnly("setval", oid, execution);
  const { name, sequence: definition } = sequence(oid, execution);
  const { min, max } = definition ?? { min: "0", max: "0" };
  if (value < BigInt(min) || value > BigInt(max)) {
    const message = `setval: value ${value} is out of bounds for sequence "${name}" (${min}..${max})`;
    throw new SqlError("22003", message);
  }
  await execution.services.plain.sequences.move(oid, { last: value, isCalled });
  if (isCalled) drawnBy(execution).values.set(oid, value);
  return value;
}

/** @throws SqlError 42809 */
function sequence(oid: number, execution: Execution): ShadowRelation {
  const relation = relationOf(oid, execution);
  if (relation.sequence !== null) return relation;
  throw new SqlError("42809", `"${relation.name}" is not a sequence`);
}

function refuseReadOnly(name: string, oid: number, execution: Execution): void {
  if (!execution.transaction.isReadOnly || isTemporary(sequence(oid, execution))) return;
  throw new SqlError("25006", `cannot execute ${name}() in a read-only transaction`);
}
