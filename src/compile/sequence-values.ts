/** The value of a sequence function that the session calls once, before the query runs. */

import { Oid } from "../types/oids.ts";
import { defaultShape } from "./duckdb-types.ts";
import type { Sql } from "./expression.ts";
import type { SequenceCallNode } from "./expression-nodes.ts";
import type { Scope } from "./generator.ts";
import { literal } from "./literals.ts";
import type { SequenceCall } from "./plan.ts";
import { refuse } from "./refusals.ts";
import { scalarOf } from "./scalars.ts";

export function sequenceCall(node: SequenceCallNode, scope: Scope): Sql {
  const source = { kind: "sequence", call: callOf(node, scope) } as const;
  return scope.generator.calls.parameter(source, defaultShape(Oid.int8));
}

function callOf(node: SequenceCallNode, scope: Scope): SequenceCall {
  const { name, sequenceOid, number } = node;
  if (name === "lastval") return { kind: name };
  if (name === "currval") return { kind: name, sequenceOid };
  if (name === "nextval") return { kind: name, sequenceOid, number };
  const [value, isCalled = literal(true, Oid.bool)] = node.args.map((arg) =>
    scope.generator.expression(arg, scope),
  );
  if (value?.isConstant !== true || !isCalled.isConstant) {
    return refuse("setval of a value that depends on rows");
  }
  return {
    kind: name,
    sequenceOid,
    value: scalarOf(value),
    isCalled: scalarOf(isCalled),
    number,
  };
}
