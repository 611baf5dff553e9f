/**
 * The entry of compilation: an analysed SELECT to a plan. Pure; nothing is read or executed here.
 */

import { loadCatalogue } from "../types/catalogue.ts";
import { Oid, typeNameOf } from "../types/oids.ts";
import type { Shape } from "../types/shape.ts";
import { startCompilation } from "./compilation.ts";
import { hasOrderSensitiveAggregate } from "./ordinals.ts";
import type { CompileContext, Plan } from "./plan.ts";
import { refuse } from "./refusals.ts";
import { rowLocksOf } from "./row-locks.ts";
import { withSequenceCalls } from "./sequence-calls.ts";
import type { QueryNode } from "./tree.ts";

/** Types that are OIDs here and names for the client. */
const OBJECT_TYPES: ReadonlySet<number> = new Set([
  Oid.regproc,
  Oid.regprocedure,
  Oid.regoper,
  Oid.regoperator,
  Oid.regclass,
  Oid.regtype,
  Oid.regconfig,
  Oid.regdictionary,
  Oid.regnamespace,
  Oid.regrole,
  Oid.regcollation,
]);

/** DuckDB has the OID, and the name stands in PostgreSQL's catalogues. */
export function refuseObjectNames(columns: readonly { readonly shape: Shape }[]): void {
  const found = columns.find(({ shape }) => OBJECT_TYPES.has(shape.typeOid));
  if (found !== undefined) refuse(`a result of type ${typeNameOf(found.shape.typeOid)}`);
}

/** @throws SqlError 0A000 by name for everything that we cannot compute as PostgreSQL would. */
export function compileSelect(tree: QueryNode, context: CompileContext): Plan {
  const isOrderSensitive = hasOrderSensitiveAggregate(tree, loadCatalogue());
  const { generator, finish } = startCompilation(context, isOrderSensitive);
  const compiled = generator.query(withSequenceCalls(tree), undefined);
  refuseObjectNames(compiled.columns);
  const rowLocks = rowLocksOf(tree, context);
  return rowLocks === undefined ? finish(compiled) : { ...finish(compiled), rowLocks };
}
