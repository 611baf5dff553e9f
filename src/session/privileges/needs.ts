/** What an analysed statement must be allowed to do, as PostgreSQL's analysis lists it. */

import { type NodeObject, type NodeValue, readNodeText } from "../../compile/node-text.ts";
import type { Analysis } from "../../postgres/analysis.ts";

/** A question about one right; any of `privileges` will do. */
export interface Need {
  readonly relationOid: number;
  /** 0: the current role; else the owner of a view. */
  readonly roleOid: number;
  /** As has_table_privilege takes them, apart by commas. */
  readonly privileges: string;
  /**
   * attnum each, 0 for the whole row: a right on these will do as well; none: on any.
   * undefined: only a right on the table.
   */
  readonly columns?: readonly number[] | undefined;
}

export interface Needs {
  readonly needs: readonly Need[];
  /** Of all functions it calls, for those that are ours. */
  readonly functionOids: readonly number[];
}

/** Bits of ACL_* in acl.h. */
const INSERT = 1;
const SELECT = 2;
const UPDATE = 4;
const WHOLE: readonly (readonly [number, string])[] = [
  [8, "DELETE"],
  [16, "TRUNCATE"],
  [32, "REFERENCES"],
  [64, "TRIGGER"],
  [16_384, "MAINTAIN"],
];
/** Column numbers are printed with this added (FirstLowInvalidHeapAttributeNumber). */
const COLUMN_OFFSET = 7;

/** Functions of sequences, and what each asks for. */
const SEQUENCE_RIGHTS: Readonly<Record<number, string>> = {
  1574: "USAGE, UPDATE", // nextval
  1575: "SELECT, USAGE", // currval
  1576: "UPDATE", // setval
  1765: "UPDATE",
};

const KNOWN = new WeakMap<Analysis, Needs>();

export function needsOf(analysis: Analysis): Needs {
  const known = KNOWN.get(analysis);
  if (known !== undefined) return known;
  const found: { needs: Need[]; functionOids: number[] } = { needs: [], functionOids: [] };
  collect(readNodeText(analysis.tree), found);
  KNOWN.set(analysis, found);
  return found;
}

function collect(value: NodeValue, found: { needs: Need[]; functionOids: number[] }): void {
  if (value === null || typeof value !== "object" || value instanceof Uint8Array) return;
  if (Array.isArray(value)) {
    for (const item of value) collect(item, found);
    return;
  }
  // PostgreSQL leaves out what nobody reads, and never looks at its rights.
  if (value.tag === "COMMONTABLEEXPR" && value["cterefcount"] === 0) return;
  if (value.tag === "RTEPERMISSIONINFO") found.needs.push(...relationNeeds(value));
  if (value.tag === "FUNCEXPR") {
    found.functionOids.push(Number(value["funcid"]));
    const sequence = sequenceNeed(value);
    if (sequence !== undefined) found.needs.push(sequence);
  }
  // As PostgreSQL does: a view before what it reads.
  if (value.tag === "QUERY") collect(value["rteperminfos"] ?? null, found);
  for (const [name, field] of Object.entries(value)) {
    if (value.tag !== "QUERY" || name !== "rteperminfos") collect(field, found);
  }
}

function relationNeeds(info: NodeObject): Need[] {
  const required = Number(info["requiredPerms"]);
  const base = { relationOid: Number(info["relid"]), roleOid: Number(info["checkAsUser"]) };
  const columns = (field: string) => numbersOf(info[field]).map((one) => one - COLUMN_OFFSET);
  const byColumn = [
    [SELECT, "SELECT", "selectedCols"],
    [INSERT, "INSERT", "insertedCols"],
    [UPDATE, "UPDATE", "updatedCols"],
  ] as const;
  return [
    ...byColumn.flatMap(([bit, privileges, field]) =>
      (required & bit) === 0 ? [] : [{ ...base, privileges, columns: columns(field) }],
    ),
    ...WHOLE.flatMap(([bit, privileges]) =>
      (required & bit) === 0 ? [] : [{ ...base, privileges }],
    ),
  ];
}

/** A set prints as `(b 8 9)`. */
function numbersOf(value: NodeValue | undefined): number[] {
  if (!Array.isArray(value)) return [];
  return value.filter((item) => typeof item === "number");
}

/** A sequence that is not known before the query runs is refused elsewhere. */
function sequenceNeed(call: NodeObject): Need | undefined {
  const privileges = SEQUENCE_RIGHTS[Number(call["funcid"])];
  const [arg] = Array.isArray(call["args"]) ? call["args"] : [];
  if (privileges === undefined || typeof arg !== "object" || arg === null) return undefined;
  const value = (arg as NodeObject)["constvalue"];
  if (!(value instanceof Uint8Array)) return undefined;
  const view = new DataView(value.buffer, value.byteOffset, value.byteLength);
  return { relationOid: view.getUint32(0, true), roleOid: 0, privileges };
}
