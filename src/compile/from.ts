/** FROM: range table entries and joins. Each relation is called r<scope>_<rtindex>. */

import { unreachable } from "../base/errors.ts";
import { defaultShape, storedShape } from "./duckdb-types.ts";
import { quoteName, type Sql } from "./expression.ts";
import { functionRelation } from "./from-functions.ts";
import {
  type ColumnSource,
  type Relation,
  type RelationColumn,
  type Scope,
  scopeAbove,
} from "./generator.ts";
import { relationOf } from "./grouping.ts";
import { withOrdinal } from "./ordinals.ts";
import { columnsOf, outputList } from "./outputs.ts";
import type { PlanColumn, RelationInfo } from "./plan.ts";
import { refuse } from "./refusals.ts";
import { unify } from "./representations.ts";
import { catalogScan, type ScanBuilder, scanMark, tableScan } from "./scans.ts";
import { sourcesOf } from "./sources.ts";
import type { JoinExpr, JoinItem, RangeTableEntry } from "./tree.ts";

/** ` FROM ..`, or "" for a query over nothing. Registers what Vars of the query mean. */
export function fromClause(scope: Scope): string {
  const items = scope.query.jointree?.fromlist ?? [];
  if (items.length === 0) return "";
  return ` FROM ${items.map((item) => joinItem(item, scope)).join(", ")}`;
}

function joinItem(item: JoinItem, scope: Scope): string {
  switch (item.tag) {
    case "RANGETBLREF":
      return relation(item.rtindex, scope);
    case "JOINEXPR":
      return join(item, scope);
    case "FROMEXPR":
      return refuse("a nested FROM list");
    default:
      return unreachable(item);
  }
}

const JOIN_WORDS = ["INNER JOIN", "LEFT JOIN", "FULL JOIN", "RIGHT JOIN"] as const;

function join(node: JoinExpr, scope: Scope): string {
  const left = joinItem(node.larg, scope);
  const right = joinItem(node.rarg, scope);
  const words = JOIN_WORDS[node.jointype] ?? refuse("this kind of join");
  const condition = node.quals === null ? undefined : scope.generator.expression(node.quals, scope);
  const entry = scope.query.rtable?.[node.rtindex - 1];
  if (entry !== undefined) scope.relations.set(node.rtindex, joinRelation(entry, scope));
  if (condition !== undefined) return `(${left} ${words} ${right} ON ${condition.text})`;
  if (node.jointype === 0) return `(${left} CROSS JOIN ${right})`;
  return `(${left} ${words} ${right} ON TRUE)`;
}

/** A column of a join is an expression over its sides. */
function joinRelation(entry: RangeTableEntry, scope: Scope): Relation {
  const column = (attribute: number): RelationColumn | undefined => {
    const node = entry.joinaliasvars?.[attribute - 1];
    if (node === undefined) return undefined;
    return {
      name: entry.eref.colnames?.[attribute - 1] ?? "",
      sql: scope.generator.expression(node, scope),
      sources: sourcesOf(node, scope),
    };
  };
  const count = entry.joinaliasvars?.length ?? 0;
  const columns = () =>
    Array.from({ length: count }, (_, index) => column(index + 1)).filter(
      (each) => each !== undefined,
    );
  return { column, columns };
}

function relation(rtindex: number, scope: Scope): string {
  const entry =
    scope.query.rtable?.[rtindex - 1] ?? refuse("a relation outside of the range table");
  const alias = `r${scope.id}_${rtindex}`;
  if (entry.securityQuals !== null && entry.rtekind !== 0) return refuse("row security");
  const set = (made: Relation) => scope.relations.set(rtindex, made);
  switch (entry.rtekind) {
    case 0:
      return barred(table(entry, alias, scope, set), alias, entry, scope);
    case 1: {
      const { generator } = scope;
      const query = generator.query(entry.subquery, scope, generator.isOrderSensitive);
      set(withOrdinal(relationOf(columnsOf(alias, query)), alias, query.hasOrdinal));
      // Below a security barrier nothing of the user may run first.
      const barrier = entry.security_barrier ? `SELECT * FROM (${query.text}) AS b OFFSET 0` : "";
      const lateral = entry.lateral ? "LATERAL " : "";
      return `${lateral}(${barrier === "" ? query.text : barrier}) AS ${alias}`;
    }
    case 3: {
      const made = functionRelation(entry, alias, scope);
      set(made.relation);
      return made.text;
    }
    case 5:
      return values(entry, alias, scope, set);
    case 6: {
      const owner = scopeAbove(scope, entry.ctelevelsup);
      const cte = owner.ctes.get(entry.ctename) ?? refuse("this reference to a WITH query");
      set(withOrdinal(relationOf(columnsOf(alias, cte)), alias, cte.hasOrdinal));
      return `${cte.sqlName} AS ${alias}`;
    }
    case 4:
      return refuse("XMLTABLE and JSON_TABLE");
    default:
      return refuse(`a range table entry of kind ${entry.rtekind}`);
  }
}

/** Behind each condition of a barrier, that of the innermost view first. */
function barred(text: string, alias: string, entry: RangeTableEntry, scope: Scope): string {
  return (entry.securityQuals ?? []).reduce((inner, qual) => {
    const condition = scope.generator.expression(qual, scope).text;
    return `(SELECT * FROM ${inner} WHERE ${condition} OFFSET 0) AS ${alias}`;
  }, text);
}

type Register = (made: Relation) => void;

function table(entry: RangeTableEntry, alias: string, scope: Scope, set: Register): string {
  const { generator } = scope;
  if (entry.tablesample !== null && entry.tablesample !== undefined) refuse("TABLESAMPLE");
  const info = generator.calls.session.relation(entry.relid);
  const number = generator.scans.length;
  if (info === undefined || info.kind === "store") {
    const columns = new Map<number, PlanColumn>();
    generator.scans.push(catalogScan(number, entry.relid, columns));
    set(catalogRelation(alias, info, entry, columns));
  } else {
    const scan = tableScan(number, info);
    generator.scans.push(scan);
    set(storedRelation(alias, info, scan));
  }
  return `${scanMark(number)} AS ${alias}`;
}

function storedRelation(alias: string, info: RelationInfo, scan: ScanBuilder): Relation {
  const column = (attribute: number): RelationColumn | undefined => {
    const stored = info.columns.find((each) => each.number === attribute);
    if (stored === undefined) return undefined;
    scan.used.add(attribute);
    const sql: Sql = {
      text: `${alias}.${quoteName(stored.name)}`,
      shape: storedShape(stored.typeOid, stored.typmod),
      isConstant: false,
      mayBeNull: !stored.isNotNull,
    };
    const source: ColumnSource = { scan, columnNumber: attribute, loosen: (bound) => [bound] };
    return { name: stored.name, sql, sources: [source] };
  };
  const columns = () =>
    info.columns.map((each) => column(each.number)).filter((each) => each !== undefined);
  return { column, columns, scan };
}

/** Rows come as the session gives them, under the names of the scan's columns. */
function catalogRelation(
  alias: string,
  info: RelationInfo | undefined,
  entry: RangeTableEntry,
  into: Map<number, PlanColumn>,
): Relation {
  const known = (attribute: number, typeOid: number, typmod: number): RelationColumn => {
    const stored = info?.columns.find((each) => each.number === attribute);
    const name = stored?.name ?? `c${attribute}`;
    const shape = defaultShape(typeOid, typmod);
    into.set(attribute, { name, shape });
    const sql = { text: `${alias}.${quoteName(name)}`, shape, isConstant: false, mayBeNull: true };
    return { name: entry.eref.colnames?.[attribute - 1] ?? name, sql, sources: [] };
  };
  return {
    column: (attribute, node) => {
      const stored = info?.columns.find((each) => each.number === attribute);
      const typeOid = stored?.typeOid ?? node?.vartype;
      if (typeOid === undefined) return undefined;
      return known(attribute, typeOid, stored?.typmod ?? node?.vartypmod ?? -1);
    },
    columns: () =>
      info?.columns.map((each) => known(each.number, each.typeOid, each.typmod)) ??
      refuse("a whole row of a catalogue relation"),
  };
}

/** Each column in one representation; display scales stand in columns of their own. */
function values(entry: RangeTableEntry, alias: string, scope: Scope, set: Register): string {
  const rows = (entry.values_lists ?? []).map((row) =>
    row.map((cell) => scope.generator.expression(cell, scope)),
  );
  const [first = []] = rows;
  const columns = first.map((_, index) =>
    unify(rows.map((row) => row[index] ?? refuse("an uneven VALUES list"))),
  );
  const lists = rows.map((_, at) =>
    outputList(
      columns.map((column) => column.items[at] ?? refuse("an uneven VALUES list")),
      entry.eref.colnames ?? [],
    ),
  );
  const [list] = lists;
  if (list === undefined) return refuse("an empty VALUES list");
  const outputs = list.columns.map((column, index) => ({
    ...column,
    mayBeNull: columns[index]?.items.some((item) => item.mayBeNull) ?? true,
  }));
  set(relationOf(columnsOf(alias, { columns: outputs })));
  const selects = lists.map((each) => `SELECT ${each.text}`);
  return `${entry.lateral ? "LATERAL " : ""}(${selects.join(" UNION ALL ")}) AS ${alias}`;
}
