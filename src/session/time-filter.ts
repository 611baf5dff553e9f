/** A scan's symbolic filter with its values: what the store's pruning understands. */

import type { RelationInfo, ScanFilter } from "../compile/plan.ts";
import type { EntityCondition, PruneQuery } from "../table/pruning.ts";
import type { EntityValue } from "../table/segment-files.ts";
import { Oid } from "../types/oids.ts";
import { NEG_INFINITY, POS_INFINITY, type SqlValue } from "../types/value.ts";
import type { PlanValues } from "./plan-values.ts";
import { rawOf, type TimeAxis } from "./time-axis.ts";

/** Raw bounds, both inclusive; `isEmpty`: no row can satisfy the filter. */
interface RawRange {
  readonly min?: bigint | undefined;
  readonly max?: bigint | undefined;
  readonly isEmpty: boolean;
}

export interface BoundFilter {
  readonly query: PruneQuery;
  readonly isEmpty: boolean;
}

/** Values are computed by `values`; NULL in a comparison lets no row through. */
export async function bindFilter(
  filter: ScanFilter,
  info: RelationInfo,
  axis: TimeAxis,
  entityTypes: readonly EntityValue["type"][],
  values: PlanValues,
): Promise<BoundFilter> {
  const bounds = filter.time.map(({ bound }) => bound);
  const members = filter.entities.flatMap(({ anyOf }) => anyOf);
  const all = await values.scalars([...bounds, ...members]);
  let range: RawRange = { isEmpty: false };
  filter.time.forEach(({ operator }, index) => {
    range = narrow(range, operator, all[index] ?? null, axis);
  });
  let at = bounds.length;
  const entities = filter.entities.flatMap(({ columnNumber, anyOf }) => {
    const chosen = all.slice(at, at + anyOf.length);
    at += anyOf.length;
    return entityCondition(info, entityTypes, columnNumber, chosen);
  });
  const { min, max } = range;
  const isNowhere = entities.some(({ anyOf }) => anyOf.length === 0);
  return { query: { min, max, entities }, isEmpty: range.isEmpty || isNowhere };
}

function narrow(range: RawRange, operator: string, value: SqlValue, axis: TimeAxis): RawRange {
  if (value === null) return { ...range, isEmpty: true };
  if (isInfinite(value)) return range;
  const first = rawOf(axis, value);
  const last = first + stepOf(axis) - 1n;
  switch (operator) {
    case "<":
      return { ...range, max: least(range.max, first - 1n) };
    case "<=":
      return { ...range, max: least(range.max, last) };
    case ">":
      return { ...range, min: greatest(range.min, last + 1n) };
    case ">=":
      return { ...range, min: greatest(range.min, first) };
    default:
      return {
        ...range,
        min: greatest(range.min, first),
        max: least(range.max, last),
      };
  }
}

/** Comparisons with an infinity are left to the query: they are rare, and prune nothing or all. */
function isInfinite(value: SqlValue): boolean {
  return (
    value === POS_INFINITY ||
    value === NEG_INFINITY ||
    (typeof value === "number" && !Number.isFinite(value))
  );
}

/** How many raw values one value of the column's type stands for: finer ones on disk are cut. */
function stepOf(axis: TimeAxis): bigint {
  if (axis.kind.type !== "timestamp") return 1n;
  return axis.typeOid === Oid.date ? 86_400_000_000_000n : 1000n;
}

function least(a: bigint | undefined, b: bigint): bigint {
  return a === undefined || b < a ? b : a;
}

function greatest(a: bigint | undefined, b: bigint): bigint {
  return a === undefined || b > a ? b : a;
}

function entityCondition(
  info: RelationInfo,
  types: readonly EntityValue["type"][],
  columnNumber: number,
  values: readonly SqlValue[],
): EntityCondition[] {
  const component = info.entityColumns?.indexOf(columnNumber) ?? -1;
  const type = types[component];
  const column = info.columns.find(({ number }) => number === columnNumber);
  // A uuid has many spellings, and the store knows identities as files spell them.
  if (type === undefined || column?.typeOid === Oid.uuid) return [];
  const anyOf = values.flatMap((value) => (value === null ? [] : [entityValue(type, value)]));
  return [{ component, anyOf }];
}

function entityValue(type: EntityValue["type"], value: SqlValue): EntityValue {
  switch (type) {
    case "utf8":
      return { type, value: String(value) };
    case "int32":
      return { type, value: Number(value) };
    default:
      return { type, value: BigInt(value as bigint | number | string) };
  }
}
