/**
 * The entry of compilation: an analysed SELECT to a plan. Pure; nothing is read or executed here.
 */

import { loadCatalogue } from "../types/catalogue.ts";
import { Oid, typeNameOf } from "../types/oids.ts";
import type { Shape } from "../types/shape.ts";
import { type CallContext, closedTable } from "./closed-table.ts";
import { defaultShape } from "./duckdb-types.ts";
import { expression } from "./expressions.ts";
import { chapters } from "./functions/all.ts";
import type { Generator } from "./generator.ts";
import { hasOrderSensitiveAggregate } from "./ordinals.ts";
import type { CompileContext, ParameterSource, Plan } from "./plan.ts";
import { compileQuery } from "./query.ts";
import { refuse } from "./refusals.ts";
import { type ScanBuilder, splitAtScans } from "./scans.ts";
import { sessionFunctions } from "./session-functions.ts";
import type { QueryNode } from "./tree.ts";
import { bindParameter } from "./variables.ts";

const UTC_NAMES: ReadonlySet<string> = new Set([
  "utc",
  "etc/utc",
  "gmt",
  "etc/gmt",
  "uct",
  "etc/uct",
  "zulu",
  "etc/zulu",
  "universal",
  "etc/universal",
  "greenwich",
  "etc/greenwich",
  "gmt0",
  "etc/gmt0",
  "gmt+0",
  "etc/gmt+0",
  "gmt-0",
  "etc/gmt-0",
]);

const TABLE = closedTable([...chapters, sessionFunctions]);

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
function refuseObjectNames(columns: readonly { readonly shape: Shape }[]): void {
  const found = columns.find(({ shape }) => OBJECT_TYPES.has(shape.typeOid));
  if (found !== undefined) refuse(`a result of type ${typeNameOf(found.shape.typeOid)}`);
}

/** @throws SqlError 0A000 by name for everything that we cannot compute as PostgreSQL would. */
export function compileSelect(tree: QueryNode, context: CompileContext): Plan {
  const parameters: ParameterSource[] = [];
  const scans: ScanBuilder[] = [];
  let lastId = 0;
  const { timeZone } = context;
  const isUtc =
    typeof timeZone === "number" ? timeZone === 0 : UTC_NAMES.has(timeZone.toLowerCase());
  const calls: CallContext = {
    session: context,
    timeZone,
    isUtc,
    parameter: (source, shape) => bindParameter({ parameters }, source, shape),
  };
  const generator: Generator = {
    catalogue: loadCatalogue(),
    table: TABLE,
    calls,
    scans,
    parameters,
    nextId: () => {
      lastId += 1;
      return lastId;
    },
    expression,
    query: (query, outer, keepsOrder = false) => compileQuery(query, outer, generator, keepsOrder),
    isOrderSensitive: hasOrderSensitiveAggregate(tree, loadCatalogue()),
  };
  const compiled = generator.query(tree, undefined);
  refuseObjectNames(compiled.columns);
  const columns = compiled.columns.map(({ name, shape }) => ({ name, shape }));
  const shapes = [...columns.map((column) => column.shape), ...compiled.hidden];
  return {
    sql: splitAtScans(compiled.text),
    scans: scans.map((scan) => scan.finish(scan)),
    columns,
    // A SELECT of no columns still has rows.
    shapes: shapes.length === 0 ? [defaultShape(Oid.int4)] : shapes,
    parameters,
    isSmall: compiled.isSmall,
  };
}
