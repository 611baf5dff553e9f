/**
 * One compilation: the state that the parts of the generator share, and the plan made of what they
 * generate. Pure; nothing is read or executed here.
 */

import { loadCatalogue } from "../types/catalogue.ts";
import { Oid } from "../types/oids.ts";
import { type CallContext, closedTable } from "./closed-table.ts";
import { defaultShape } from "./duckdb-types.ts";
import { expression } from "./expressions.ts";
import { chapters } from "./functions/all.ts";
import type { CompiledQuery, Generator } from "./generator.ts";
import type { CompileContext, ParameterSource, Plan } from "./plan.ts";
import { compileQuery } from "./query.ts";
import { type ScanBuilder, splitAtScans } from "./scans.ts";
import { sessionFunctions } from "./session-functions.ts";
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

export interface Compilation {
  readonly generator: Generator;
  finish(query: CompiledQuery): Plan;
}

/** `isOrderSensitive`: as Generator has it. */
export function startCompilation(context: CompileContext, isOrderSensitive: boolean): Compilation {
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
    isOrderSensitive,
  };
  const finish = (compiled: CompiledQuery): Plan => {
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
      ...(compiled.row !== undefined && { row: compiled.row }),
    };
  };
  return { generator, finish };
}
