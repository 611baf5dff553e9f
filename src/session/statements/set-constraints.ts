/** SET CONSTRAINTS: when deferrable constraints are looked at, in this transaction. */

import { type ErrorFields, SqlError } from "../../base/errors.ts";
import type { NodeObject, NodeValue } from "../../compile/node-text.ts";
import type { ShadowConstraint } from "../../postgres/relation.ts";
import { searchPath } from "../compile-context.ts";
import type { Execution, Result } from "../execution.ts";
import { checkDeferred } from "../plain/check-deferred.ts";
import { allRelations } from "../plain/relation.ts";
import { plainWrites } from "../plain/work.ts";

export interface SetConstraints {
  /** undefined: all. */
  readonly names: readonly ConstraintName[] | undefined;
  readonly isDeferred: boolean;
}

interface ConstraintName {
  readonly schema: string | undefined;
  readonly name: string;
}

/** Of CONSTRAINTSSETSTMT. */
export function setConstraintsOf(node: NodeObject): SetConstraints {
  const list = node["constraints"] as NodeValue[] | null;
  return {
    names: list?.map((one) => {
      const { schemaname, relname } = one as NodeObject;
      return { schema: schemaname ? String(schemaname) : undefined, name: String(relname) };
    }),
    isDeferred: node["deferred"] === true,
  };
}

/** @throws SqlError 42704, 42809, 23503, 23505 */
export async function setConstraints(
  { names, isDeferred }: SetConstraints,
  execution: Execution,
): Promise<Result> {
  const tag = "SET CONSTRAINTS";
  const oids = names?.flatMap((name) => oidsOf(name, isDeferred, execution));
  if (!execution.transaction.isExplicit && execution.isAlone) {
    return { kind: "done", tag, notices: [TOO_LATE] };
  }
  const writes = await plainWrites(execution);
  writes.deferred.set(oids, isDeferred);
  if (!isDeferred) await checkDeferred(writes, false);
  return { kind: "done", tag };
}

const TOO_LATE: ErrorFields = {
  severity: "WARNING",
  sqlState: "25P01",
  message: "SET CONSTRAINTS can only be used in transaction blocks",
};

function oidsOf(
  { schema, name }: ConstraintName,
  isDeferred: boolean,
  execution: Execution,
): number[] {
  const relations = [...allRelations(execution)];
  const schemas = schema === undefined ? searchPath(execution.settings) : [schema];
  if (schema !== undefined && !relations.some((one) => one.schema === schema)) {
    throw new SqlError("3F000", `schema "${schema}" does not exist`);
  }
  for (const each of schemas) {
    const found: ShadowConstraint[] = relations
      .filter((one) => one.schema === each)
      .flatMap(({ constraints }) => constraints.filter((one) => one.name === name));
    if (found.length === 0) continue;
    if (isDeferred && found.some(({ isDeferrable }) => !isDeferrable)) {
      throw new SqlError("42809", `constraint "${name}" is not deferrable`);
    }
    return found.filter(({ isDeferrable }) => isDeferrable).map(({ oid }) => oid);
  }
  const shown = schema === undefined ? name : `${schema}.${name}`;
  throw new SqlError("42704", `constraint "${shown}" does not exist`);
}
