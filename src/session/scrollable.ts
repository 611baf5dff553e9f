/** Whether a cursor declared without a word on SCROLL can go back, as PostgreSQL's plan would. */

import type { NodeObject, NodeValue } from "../compile/node-text.ts";

/** RTEKind: relation, function, table function, values, common table expression. */
const SCANNED = new Set([0, 3, 4, 5, 6]);
const SUBQUERY = 1;
const RANGE_TABLE_REF = "RANGETBLREF";

/**
 * `query` is the analysed tree. Rows that are sorted stand somewhere; else a scan of one thing can
 * turn around, but no join, no grouping, and nothing that changes their number.
 */
export function isScrollable(query: NodeValue | undefined): boolean {
  if (!isNode(query) || isSet(query["rowMarks"])) return false;
  if (query["hasTargetSRFs"] === true) return false;
  if (isSet(query["sortClause"])) return true;
  if (["hasAggs", "hasWindowFuncs"].some((flag) => query[flag] === true)) return false;
  const changes = ["groupClause", "groupingSets", "distinctClause", "setOperations", "havingQual"];
  if (changes.some((clause) => isSet(query[clause]))) return false;
  const jointree = query["jointree"];
  const from = isNode(jointree) ? jointree["fromlist"] : null;
  if (!Array.isArray(from) || from.length !== 1) return false;
  const [only] = from;
  if (!isNode(only) || only.tag !== RANGE_TABLE_REF) return false;
  const table = query["rtable"];
  const entry = Array.isArray(table) ? table[Number(only["rtindex"]) - 1] : undefined;
  if (!isNode(entry)) return false;
  if (entry["rtekind"] === SUBQUERY) return isScrollable(entry["subquery"]);
  return SCANNED.has(Number(entry["rtekind"]));
}

/** Not `<>` and not an empty list. */
function isSet(value: NodeValue | undefined): boolean {
  return value !== undefined && value !== null && !(Array.isArray(value) && value.length === 0);
}

function isNode(value: NodeValue | undefined): value is NodeObject {
  return typeof value === "object" && value !== null && !Array.isArray(value) && "tag" in value;
}
