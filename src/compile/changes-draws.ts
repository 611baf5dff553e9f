/**
 * nextval in an INSERT of several rows. The session draws values row by row, so the tree is given
 * NULL where PostgreSQL would draw, and a flag beside it where only some rows do.
 */

import { Oid } from "../types/oids.ts";
import type { ConstNode, Expression, VarNode } from "./expression-nodes.ts";
import { drawnSequence, hasOneRow, onceCalls } from "./sequence-calls.ts";
import type { QueryNode, RangeTableEntry, TargetEntry } from "./tree.ts";

/** A column of a VALUES list or of a subquery that is, in some rows, a sequence's next value. */
export interface Draw {
  readonly rtindex: number;
  readonly attribute: number;
  readonly sequenceOid: number;
  /** Column of the VALUES list that says for which rows; undefined: all. */
  readonly flag: VarNode | undefined;
}

/** Calls that are made once become nodes of ours; drawn cells become NULL with a flag beside. */
export function withoutDraws(query: QueryNode): { query: QueryNode; draws: readonly Draw[] } {
  const once = onceCalls();
  if (hasOneRow(query)) {
    const targetList = query.targetList?.map((entry) =>
      drawnSequence(entry.expr) === undefined ? { ...entry, expr: once(entry.expr) } : entry,
    );
    return { query: { ...query, targetList: targetList ?? null }, draws: [] };
  }
  const [item, ...others] = query.jointree?.fromlist ?? [];
  const rtindex = item?.tag === "RANGETBLREF" && others.length === 0 ? item.rtindex : 0;
  const entry = query.rtable?.[rtindex - 1];
  if (entry === undefined) return { query, draws: [] };
  const draws: Draw[] = [];
  const undrawn = withoutDrawsIn(entry, rtindex, draws, once);
  const rtable = query.rtable?.map((each) => (each === entry ? undrawn : each)) ?? null;
  return { query: { ...query, rtable }, draws };
}

function withoutDrawsIn(
  entry: RangeTableEntry,
  rtindex: number,
  draws: Draw[],
  once: (node: Expression) => Expression,
): RangeTableEntry {
  if (entry.rtekind === 5) {
    const lists = drawnLists(entry, rtindex, draws).map((row) => row.map(once));
    return { ...entry, values_lists: lists };
  }
  if (entry.rtekind !== 1 || !drawsInOutputOrder(entry.subquery)) return entry;
  const targetList = entry.subquery.targetList?.map((target): TargetEntry => {
    const sequenceOid = target.ressortgroupref === 0 ? drawnSequence(target.expr) : undefined;
    if (sequenceOid === undefined) return target;
    draws.push({ rtindex, attribute: target.resno, sequenceOid, flag: undefined });
    return { ...target, expr: nullConst(Oid.int8) };
  });
  return { ...entry, subquery: { ...entry.subquery, targetList: targetList ?? null } };
}

/** PostgreSQL computes volatile outputs after sorting, for rows that are not cut off only. */
function drawsInOutputOrder(query: QueryNode): boolean {
  return (
    query.setOperations === null &&
    query.distinctClause === null &&
    query.limitOffset === null &&
    query.limitOption === 0 &&
    !query.hasTargetSRFs
  );
}

function drawnLists(
  entry: RangeTableEntry,
  rtindex: number,
  draws: Draw[],
): readonly (readonly Expression[])[] {
  let lists = entry.values_lists ?? [];
  const width = lists[0]?.length ?? 0;
  for (let index = 0; index < width; index += 1) {
    const drawn = lists.map((row) => drawnAt(row, index));
    for (const sequenceOid of new Set(drawn)) {
      if (sequenceOid === undefined) continue;
      const isAll = drawn.every((each) => each === sequenceOid);
      const flagAttribute = isAll ? undefined : (lists[0]?.length ?? 0) + 1;
      const typeOid = entry.coltypes?.[index] ?? Oid.int8;
      lists = lists.map((row, at) => {
        const isDrawn = drawn[at] === sequenceOid;
        const cells = row.map((cell, j) => (isDrawn && j === index ? nullConst(typeOid) : cell));
        return isAll ? cells : [...cells, booleanConst(isDrawn)];
      });
      const flag = flagAttribute === undefined ? undefined : booleanVar(rtindex, flagAttribute);
      draws.push({ rtindex, attribute: index + 1, sequenceOid, flag });
    }
  }
  return lists;
}

function drawnAt(row: readonly Expression[], index: number): number | undefined {
  const cell = row[index];
  return cell && drawnSequence(cell);
}

function nullConst(consttype: number): ConstNode {
  return { tag: "CONST", consttype, consttypmod: -1, constisnull: true, constvalue: null };
}

function booleanConst(value: boolean): ConstNode {
  const constvalue = Uint8Array.of(value ? 1 : 0, 0, 0, 0);
  return { tag: "CONST", consttype: Oid.bool, consttypmod: -1, constisnull: false, constvalue };
}

function booleanVar(varno: number, varattno: number): VarNode {
  return {
    tag: "VAR",
    varno,
    varattno,
    vartype: Oid.bool,
    vartypmod: -1,
    varlevelsup: 0,
    varnullingrels: null,
    varreturningtype: 0,
  };
}
