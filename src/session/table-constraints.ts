/**
 * Constraints of a CREATE TABLE as PostgreSQL parsed it: what a tstable keeps, and what it
 * refuses.
 */

import { SqlError } from "../base/errors.ts";
import type { NodeObject, NodeValue } from "../compile/node-text.ts";
import { notBuilt } from "./utility.ts";

/** ConstrType of parsenodes.h. */
const KINDS: Readonly<Record<number, string>> = {
  3: "an identity column",
  4: "a generated column",
  5: "CHECK",
  8: "EXCLUDE",
  9: "FOREIGN KEY",
  10: "DEFERRABLE",
  12: "INITIALLY DEFERRED",
};
const PRIMARY = 6;
const UNIQUE = 7;

export interface DeclaredKey {
  readonly isPrimary: boolean;
  /** undefined: PostgreSQL names it. */
  readonly name: string | undefined;
  readonly columns: readonly string[];
}

/** @throws SqlError 0A000 for a constraint that appended files would not be checked against */
export function declaredKey(create: NodeObject): DeclaredKey | undefined {
  const keys: DeclaredKey[] = [];
  for (const element of nodesOf(create["tableElts"])) {
    if (element.tag === "COLUMNDEF") {
      for (const constraint of nodesOf(element["constraints"])) {
        take(constraint, [String(element["colname"])]);
      }
    } else if (element.tag === "CONSTRAINT") {
      take(element, []);
    } else {
      throw notBuilt("LIKE in CREATE TSTABLE", "Write the columns out.");
    }
  }
  if (nodesOf(create["inhRelations"]).length > 0 || create["partspec"] !== null) {
    throw new SqlError("0A000", "a tstable can neither inherit nor be partitioned");
  }
  if (keys.length > 1) throw notBuilt("more than one key of a tstable");
  return keys[0];

  function take(constraint: NodeObject, columns: readonly string[]): void {
    const type = Number(constraint["contype"]);
    const refused = KINDS[type];
    if (refused !== undefined) throw notBuilt(`${refused} in CREATE TSTABLE`);
    if (constraint["deferrable"] === true) throw notBuilt("DEFERRABLE in CREATE TSTABLE");
    if (type !== PRIMARY && type !== UNIQUE) return;
    const named = (constraint["keys"] ?? []) as readonly NodeValue[];
    keys.push({
      isPrimary: type === PRIMARY,
      name: constraint["conname"] === null ? undefined : String(constraint["conname"]),
      columns: named.length === 0 ? columns : named.map(String),
    });
  }
}

/** @throws SqlError 0A000 unless the key is (entity..., time) */
export function requireTimeKey(
  key: DeclaredKey,
  timeColumn: string,
  entityColumns: readonly string[],
): void {
  const expected = new Set([...entityColumns, timeColumn]);
  const isSame = key.columns.length === expected.size && key.columns.every((n) => expected.has(n));
  if (isSame) return;
  throw new SqlError("0A000", "the key of a tstable must be its entity columns and its time", {
    hint: `Declare ${key.isPrimary ? "PRIMARY KEY" : "UNIQUE"} (${[...expected].join(", ")}).`,
  });
}

function nodesOf(value: NodeValue | undefined): NodeObject[] {
  if (!Array.isArray(value)) return [];
  return value.filter(
    (item): item is NodeObject => typeof item === "object" && item !== null && "tag" in item,
  );
}
