/** Which unique indexes an ON CONFLICT clause means. */

import { SqlError } from "../../base/errors.ts";
import type { OnConflict } from "../../compile/change-plan.ts";
import { type NodeObject, type NodeValue, readNodeText } from "../../compile/node-text.ts";
import type { ShadowIndex, ShadowRelation } from "../../postgres/relation.ts";
import { uniqueIndexes } from "./keys.ts";
import { blame } from "./violations.ts";

/** @throws SqlError 42P10, 42809, 55000, 0A000 */
export function arbitersOf(clause: OnConflict, relation: ShadowRelation): readonly ShadowIndex[] {
  const found = matching(clause, relation);
  const late = found.find(({ isImmediate }) => !isImmediate);
  if (late === undefined) return found;
  throw new SqlError(
    "55000",
    "ON CONFLICT does not support deferrable unique constraints/exclusion constraints as arbiters",
    blame(relation, { constraint: late.name }),
  );
}

function matching(
  { arbiters, arbiterWhere, constraintOid }: OnConflict,
  relation: ShadowRelation,
): readonly ShadowIndex[] {
  const indexes = uniqueIndexes(relation);
  if (constraintOid !== undefined) {
    const found = indexes.filter((index) => index.constraintOid === constraintOid);
    if (found.length > 0) return found;
    throw new SqlError("42809", "constraint in ON CONFLICT clause has no associated index");
  }
  if (arbiters === undefined) return indexes;
  const wanted = new Set(arbiters.map((one) => (typeof one === "number" ? `${one}` : plain(one))));
  const keyed = indexes.filter((index) => {
    const keys = new Set(keysOf(index));
    return keys.size === wanted.size && [...keys].every((key) => wanted.has(key));
  });
  const given = new Set(conjuncts(arbiterWhere));
  const found = keyed.filter(({ predicate }) => conjunctsOf(predicate).every((p) => given.has(p)));
  // PostgreSQL proves more than that one condition contains another.
  if (given.size > 0 && found.length < keyed.length) {
    const [index] = keyed.filter((one) => !found.includes(one));
    throw new SqlError("0A000", "this condition of ON CONFLICT is not supported", {
      hint: `Write the condition of index "${index?.name}".`,
    });
  }
  if (found.length > 0) return found;
  throw new SqlError(
    "42P10",
    "there is no unique or exclusion constraint matching the ON CONFLICT specification",
  );
}

/** Column numbers, and expressions as `plain` writes them. */
function keysOf({ columns, expressions }: ShadowIndex): string[] {
  const trees = expressions === null ? [] : (readNodeText(expressions) as NodeValue[]);
  const texts = trees.map(plain);
  return columns.map((number) => (number === 0 ? (texts.shift() ?? "") : `${number}`));
}

function conjunctsOf(predicate: string | null): string[] {
  return predicate === null ? [] : conjuncts(readNodeText(predicate));
}

/** The conditions that AND joins. */
function conjuncts(value: NodeValue): string[] {
  if (value === null) return [];
  const { tag, boolop, args } = value as NodeObject;
  if (tag === "BOOLEXPR" && boolop === "and") return (args as NodeValue[]).flatMap(conjuncts);
  return [plain(value)];
}

/** What the same expression may have of its own in an index and in a statement. */
const PLACES: ReadonlySet<string> = new Set([
  "location",
  "varno",
  "varnosyn",
  "varattnosyn",
  "varnullingrels",
]);

function plain(value: NodeValue): string {
  return JSON.stringify(value, (field, each: unknown) => (PLACES.has(field) ? undefined : each));
}
