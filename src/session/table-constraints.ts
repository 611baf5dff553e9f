/** Constraints of a CREATE TABLE as PostgreSQL parsed it: what a tstable cannot keep is refused. */

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

/** @throws SqlError 0A000 for a constraint that appended files would not be checked against */
export function refuseConstraints(create: NodeObject): void {
  for (const element of nodesOf(create["tableElts"])) {
    if (element.tag === "COLUMNDEF") {
      for (const constraint of nodesOf(element["constraints"])) refuse(constraint);
    } else if (element.tag === "CONSTRAINT") {
      refuse(element);
    } else {
      throw notBuilt("LIKE in CREATE TSTABLE", "Write the columns out.");
    }
  }
  if (nodesOf(create["inhRelations"]).length > 0 || create["partspec"] !== null) {
    throw new SqlError("0A000", "a tstable can neither inherit nor be partitioned");
  }
}

function refuse(constraint: NodeObject): void {
  const refused = KINDS[Number(constraint["contype"])];
  if (refused !== undefined) throw notBuilt(`${refused} in CREATE TSTABLE`);
  if (constraint["deferrable"] === true) throw notBuilt("DEFERRABLE in CREATE TSTABLE");
}

function nodesOf(value: NodeValue | undefined): NodeObject[] {
  if (!Array.isArray(value)) return [];
  return value.filter(
    (item): item is NodeObject => typeof item === "object" && item !== null && "tag" in item,
  );
}
