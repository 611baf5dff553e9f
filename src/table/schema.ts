/**
 * The registered schema: what it must be for an index, and what an entity layout must be for both.
 */

import { entityTypeOf } from "./entities.ts";
import { StoreError } from "./error.ts";
import type { EntityLayout, IndexKind, IndexSpec, LogicalField, LogicalType } from "./format.ts";
import type { EntityValue } from "./segment-files.ts";

const INDEX_TYPE: Readonly<Record<IndexKind["type"], LogicalType["kind"]>> = {
  timestamp: "Timestamp",
  int64: "Int64",
  u_int64: "UInt64",
};

/** What is wrong between index and schema, undefined when they fit. */
export function mismatchOfIndex(
  index: IndexSpec,
  schema: readonly LogicalField[],
): string | undefined {
  const time = fieldNamed(schema, index.column);
  if (time === undefined) return `time column "${index.column}" is not in the schema`;
  if (time.type.kind !== INDEX_TYPE[index.kind.type]) {
    return `time column "${index.column}" is ${time.type.kind} but indexed as ${index.kind.type}`;
  }
  for (const name of index.entityColumns) {
    const field = fieldNamed(schema, name);
    if (field === undefined) return `entity column "${name}" is not in the schema`;
    if (entityTypeOf(field) === undefined) {
      return `entity column "${name}" cannot be of type ${field.type.kind}`;
    }
  }
  return undefined;
}

/** What is wrong with a segment's layout, undefined when it fits. */
export function mismatchOfLayout(
  index: IndexSpec,
  schema: readonly LogicalField[],
  layout: EntityLayout,
): string | undefined {
  const hasEntities = index.entityColumns.length > 0;
  if (!hasEntities) {
    return layout.kind === "NotApplicable" ? undefined : "a layout for entities it does not have";
  }
  if (layout.kind === "NotApplicable") return "no layout for its entities";
  if (layout.kind === "Mixed") return undefined;
  const types = entityTypes(index, schema);
  const isSame =
    types.length === layout.entity.length &&
    types.every((type, i) => layout.entity[i]?.type === type);
  return isSame ? undefined : "an identity that does not fit its entity columns";
}

/** Types of the identity's components, in order; all of them known to fit. */
export function entityTypes(
  index: IndexSpec,
  schema: readonly LogicalField[],
): readonly EntityValue["type"][] {
  return index.entityColumns.flatMap((name) => {
    const field = fieldNamed(schema, name);
    const type = field === undefined ? undefined : entityTypeOf(field);
    return type === undefined ? [] : [type];
  });
}

function fieldNamed(schema: readonly LogicalField[], name: string): LogicalField | undefined {
  return schema.find((field) => field.name === name);
}

/**
 * What every reader of the format demands of a new schema.
 * @throws StoreError "bad-definition"
 */
export function checkNewSchema(index: IndexSpec, schema: readonly LogicalField[]): void {
  const bad = (what: string) => new StoreError("bad-definition", what);
  const seen = new Set<string>();
  for (const { name, type } of schema) {
    if (name === "") throw bad("a column has no name");
    if (seen.has(name)) throw bad(`column "${name}" is specified more than once`);
    seen.add(name);
    if (type.kind === "Int96" || type.kind === "Other") {
      throw bad(`column "${name}" has a type that no table can have`);
    }
    if (type.kind === "Decimal" && !isDecimal(type.precision, type.scale)) {
      throw bad(`column "${name}" has a precision or scale out of range`);
    }
  }
  const mismatch = mismatchOfIndex(index, schema);
  if (mismatch !== undefined) throw bad(mismatch);
}

function isDecimal(precision: number, scale: number): boolean {
  return precision >= 1 && precision <= 76 && scale >= 0 && scale <= precision;
}

/** A short name for messages: "timestamp[us]", "decimal(10,2)". */
export function typeName(type: LogicalType): string {
  switch (type.kind) {
    case "Timestamp": {
      const unit = { Millis: "ms", Micros: "us", Nanos: "ns" }[type.unit];
      return `timestamp[${unit}${type.timezone === undefined ? "" : `, ${type.timezone}`}]`;
    }
    case "Decimal":
      return `decimal(${type.precision},${type.scale})`;
    case "FixedBinary":
      return `fixed_binary(${type.byteWidth})`;
    case "Other":
      return type.text;
    default:
      return type.kind.toLowerCase();
  }
}
