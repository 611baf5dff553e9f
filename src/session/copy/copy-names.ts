/** The relation that a COPY names. */

import { SqlError } from "../../base/errors.ts";
import type { NodeObject, NodeValue } from "../../compile/node-text.ts";
import { quoteIdentifier } from "../../compile/tokens.ts";
import type { ShadowRelation } from "../../postgres/relation.ts";

export interface Name {
  readonly schema: string | undefined;
  readonly name: string;
}

/** undefined: a query is copied. */
export function tableName(node: NodeValue | undefined): Name | undefined {
  if (node === null || node === undefined || typeof node !== "object" || !("tag" in node)) {
    return undefined;
  }
  const { schemaname, relname } = node as NodeObject;
  return { schema: schemaname === null ? undefined : String(schemaname), name: String(relname) };
}

export function quotedName({ schema, name }: Name): string {
  const quoted = quoteIdentifier(name);
  return schema === undefined ? quoted : `${quoteIdentifier(schema)}.${quoted}`;
}

const KINDS: Readonly<Record<string, string>> = {
  v: "view",
  m: "materialized view",
  S: "sequence",
  f: "foreign table",
};

/** @throws SqlError 42809 for what is no table */
export function refuseKind({ relkind, name }: ShadowRelation, direction: "from" | "to"): void {
  const kind = KINDS[relkind];
  if (kind === undefined || (relkind === "m" && direction === "from")) return;
  const hint =
    direction === "from"
      ? "Try the COPY (SELECT ...) TO variant."
      : "To enable copying to a view, provide an INSTEAD OF INSERT trigger.";
  const hasHint = relkind === "v" || (direction === "from" && relkind !== "S");
  throw new SqlError(
    "42809",
    `cannot copy ${direction} ${kind} "${name}"`,
    hasHint ? { hint } : {},
  );
}
