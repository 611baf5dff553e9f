/** Identities of entities: their order, equality, and keys for maps. */

import type { LogicalField } from "./format.ts";
import type { EntityValue } from "./segment-files.ts";

export type Entity = readonly EntityValue[];

const TYPE_ORDER: Readonly<Record<EntityValue["type"], number>> = {
  utf8: 0,
  int32: 1,
  int64: 2,
  uint64: 3,
};

/** The shared format's canonical order: component by component, strings by their UTF-8 bytes. */
export function compareEntities(a: Entity, b: Entity): number {
  for (let i = 0; i < a.length && i < b.length; i += 1) {
    const order = compareValues(a[i] as EntityValue, b[i] as EntityValue);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

function compareValues(a: EntityValue, b: EntityValue): number {
  if (a.type !== b.type) return TYPE_ORDER[a.type] - TYPE_ORDER[b.type];
  if (a.type === "utf8") return compareUtf8(a.value, b.value as string);
  const other = b.value as number | bigint;
  return a.value < other ? -1 : a.value > other ? 1 : 0;
}

/** JavaScript compares UTF-16 units, in which U+10000 comes before U+FFFF. */
function compareUtf8(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i += 1) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) return rank(x) - rank(y);
  }
  return a.length - b.length;
}

function rank(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit < 0xe000 ? unit + 0x1_0000 : unit;
}

/** Equal exactly for equal identities. */
export function entityKey(entity: Entity): string {
  const [only] = entity;
  if (only !== undefined && entity.length === 1) return String(only.value);
  return entity.map(({ value }) => `${String(value).length}:${value}`).join("");
}

/** The identity type of an entity column, undefined when the format allows no such column. */
export function entityTypeOf(field: LogicalField): EntityValue["type"] | undefined {
  switch (field.type.kind) {
    case "Utf8":
      return "utf8";
    case "Int32":
      return "int32";
    case "Int64":
      return "int64";
    case "UInt64":
      return "uint64";
    default:
      return undefined;
  }
}
