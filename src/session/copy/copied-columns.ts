/** Which columns of a relation a COPY is about, and which of them its options name. */

import { SqlError } from "../../base/errors.ts";
import type { NodeValue } from "../../compile/node-text.ts";
import type { ShadowColumn, ShadowRelation } from "../../postgres/relation.ts";
import type { ColumnChoice } from "./options.ts";

/** @param list `attlist` of a COPYSTMT @throws SqlError 42703, 42701, 42P10 */
export function copiedColumns(
  relation: ShadowRelation,
  list: NodeValue | undefined,
): readonly ShadowColumn[] {
  if (!Array.isArray(list)) return relation.columns.filter(({ generated }) => generated === null);
  const found: ShadowColumn[] = [];
  for (const name of list.map(String)) {
    const column = relation.columns.find((one) => one.name === name);
    if (column === undefined) throw unknownColumn(name, relation.name);
    if (column.generated !== null) {
      throw new SqlError("42P10", `column "${name}" is a generated column`, {
        detail: "Generated columns cannot be used in COPY.",
      });
    }
    if (found.includes(column)) throw twice(name);
    found.push(column);
  }
  return found;
}

/**
 * By position among the copied columns. `all`: every column of the relation; without a relation
 * only `names` exist. @throws SqlError 42703, 42701, 42P10
 */
export function chosenColumns(
  choice: ColumnChoice | undefined,
  option: string,
  names: readonly string[],
  relation: { readonly name: string; readonly columns: readonly string[] } | undefined,
): readonly boolean[] {
  if (choice === undefined) return [];
  if (choice === "all") return names.map(() => true);
  const seen = new Set<string>();
  for (const name of choice) {
    const isThere = (relation?.columns ?? names).includes(name);
    if (!isThere) throw unknownColumn(name, relation?.name);
    if (seen.has(name)) throw twice(name);
    seen.add(name);
    if (!names.includes(name)) {
      throw new SqlError("42P10", `${option} column "${name}" not referenced by COPY`);
    }
  }
  return names.map((name) => seen.has(name));
}

function unknownColumn(name: string, relation: string | undefined): SqlError {
  const of = relation === undefined ? "" : ` of relation "${relation}"`;
  return new SqlError("42703", `column "${name}"${of} does not exist`);
}

function twice(name: string): SqlError {
  return new SqlError("42701", `column "${name}" specified more than once`);
}
