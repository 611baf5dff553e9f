/** What of an executed definition we cannot honour: refused by name, and so undone. */

import { SqlError } from "../../base/errors.ts";
import { boundType } from "../../engine/bound-types.ts";
import type { ShadowColumn, ShadowRelation } from "../../postgres/relation.ts";
import { typeNameOf } from "../../types/oids.ts";
import { ownSchema } from "../own-functions.ts";
import { isOrdinary } from "../plain/physical.ts";
import { STORE_SCHEMA } from "../store-relations.ts";
import { isTemporarySchema } from "../temporary.ts";
import { isTstable, type RelationChange } from "./relation-changes.ts";

const FIRST_USER_OID = 16_384;
/** The database's own collation, "C", and "POSIX": all of them compare bytes here. */
const COLLATIONS: ReadonlySet<number> = new Set([0, 100, 950, 951]);

const KINDS: Readonly<Record<string, string>> = {
  p: "a partitioned table",
  f: "a foreign table",
};

/** @throws SqlError 42501 for what is the server's own */
export function refuseOwnSchemas(schemas: readonly string[]): void {
  const own = schemas.find(
    (name) => name === STORE_SCHEMA || (name.startsWith(ownSchema("")) && !isTemporarySchema(name)),
  );
  if (own !== undefined) throw new SqlError("42501", `permission denied for schema ${own}`);
}

/**
 * `schema` where all changes are of temporary objects.
 * @throws SqlError 42P16, 0A000 where they are mixed
 */
export function temporaryOf(
  changes: readonly RelationChange[],
  known: ReadonlyMap<number, ShadowRelation>,
): string | undefined {
  const relations = changes.flatMap(({ before, after }) => after ?? before ?? []);
  const [first] = relations.filter(({ schema }) => isTemporarySchema(schema));
  const made = new Map(relations.map((one) => [one.oid, one]));
  for (const { schema, constraints } of relations) {
    const isTemporary = isTemporarySchema(schema);
    for (const { foreign } of constraints) {
      const target = foreign && (made.get(foreign.relationOid) ?? known.get(foreign.relationOid));
      if (!target || isTemporarySchema(target.schema) === isTemporary) continue;
      const kind = isTemporary ? "temporary" : "permanent";
      const message = `constraints on ${kind} tables may reference only ${kind} tables`;
      throw new SqlError("42P16", message);
    }
  }
  if (first === undefined || hasOnlyLostViews(changes)) return undefined;
  if (relations.some(({ schema }) => !isTemporarySchema(schema))) {
    throw notSupported("a definition of both temporary and other objects");
  }
  return first.schema;
}

/** Something permanent was dropped, and with it views of sessions, which the journal never had. */
function hasOnlyLostViews(changes: readonly RelationChange[]): boolean {
  const isLost = ({ before, after }: RelationChange) =>
    after === undefined && before?.relkind === "v" && isTemporarySchema(before.schema);
  const others = changes.filter((change) => !isLost(change));
  return others.length > 0 && others.every(isPermanent);
}

function isPermanent({ before, after }: RelationChange): boolean {
  return ![before, after].some((one) => one !== undefined && isTemporarySchema(one.schema));
}

/** @throws SqlError 0A000, 42501 */
export function refuseUnsupported(change: RelationChange): void {
  refuseOwnSchemas([change.before, change.after].flatMap((one) => (one ? [one.schema] : [])));
  const { before, after } = change;
  if (after === undefined) return;
  const kind = KINDS[after.relkind];
  if (kind !== undefined) throw notSupported(`${kind} ("${after.name}")`);
  const [oddity] = after.oddities;
  if (oddity !== undefined) throw notSupported(`${oddity} (table "${after.name}")`);
  if (isTstable(after)) refuseTstable(before, after);
  else if (isOrdinary(after)) refuseOrdinary(after);
  else if (after.relkind === "r") {
    throw notSupported(`access method "${after.accessMethod}"`);
  }
}

/** Its files say what its columns are. Names, defaults and indexes are the catalogue's alone. */
function refuseTstable(before: ShadowRelation | undefined, after: ShadowRelation): void {
  if (before === undefined) return;
  const shape = ({ columns }: ShadowRelation) =>
    columns.map(({ number, name, typeOid, typmod, generated, identity }) => [
      number,
      name,
      typeOid,
      typmod,
      generated,
      identity,
    ]);
  const others = ({ constraints }: ShadowRelation) =>
    constraints.filter(({ kind }) => !KEPT.has(kind)).map(({ oid }) => oid);
  if (!isSame(shape(before), shape(after)) || !isSame(others(before), others(after))) {
    throw new SqlError(
      "0A000",
      `this change of time-series table "${after.name}" is not supported`,
      {
        hint: "It can be renamed, moved to another schema, and given a key, defaults and comments.",
      },
    );
  }
}

/** Constraints of time-series tables: tstable-keys.ts looks at them. */
const KEPT: ReadonlySet<string> = new Set(["primary key", "unique", "not null"]);

function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function refuseOrdinary(relation: ShadowRelation): void {
  const names = new Set<string>();
  for (const column of relation.columns) {
    refuseColumn(column);
    const folded = column.name.toLowerCase();
    if (names.has(folded)) {
      throw notSupported(`a column that differs from "${column.name}" in case alone`);
    }
    names.add(folded);
  }
  for (const constraint of relation.constraints) {
    if (constraint.kind === "exclusion") throw notSupported("an EXCLUDE constraint");
    if (constraint.isTemporal) throw notSupported("a key WITHOUT OVERLAPS or with PERIOD");
  }
}

function refuseColumn(column: ShadowColumn): void {
  const { name, typeOid, collationOid } = column;
  if (typeOid >= FIRST_USER_OID) throw notSupported(`column "${name}" of a type of your own`);
  try {
    boundType(column);
  } catch (cause) {
    if (!(cause instanceof SqlError)) throw cause;
    throw notSupported(`column "${name}" of type ${typeNameOf(typeOid)}`);
  }
  if (!COLLATIONS.has(collationOid)) throw notSupported(`a collation of column "${name}"`);
}

function notSupported(what: string): SqlError {
  return new SqlError("0A000", `${what} is not supported`);
}
