/**
 * The relations the server keeps rows of, by OID and by name: what the journal defines, how the
 * embedded PostgreSQL describes it, and the store's handle.
 */

import { SqlError } from "../base/errors.ts";
import type { TstableDefinition } from "../catalog/entry.ts";
import type { RelationInfo } from "../compile/plan.ts";
import type { ShadowRelation } from "../postgres/relation.ts";
import type { ShadowView } from "../postgres/view.ts";
import { entityTypes } from "../table/schema.ts";
import type { EntityValue } from "../table/segment-files.ts";
import type { Table } from "../table/table.ts";
import { ownPath, searchPath } from "./compile-context.ts";
import type { EntityColumn } from "./entity-argument.ts";
import { OWN_FUNCTIONS, ownSchema } from "./own-functions.ts";
import { isOrdinary } from "./plain/physical.ts";
import { type RowKey, rowKeyOf } from "./row-key.ts";
import type { Settings } from "./settings.ts";
import { STORE_SCHEMA } from "./store-relations.ts";
import type { TimeAxis } from "./time-axis.ts";

export interface TstableEntry {
  readonly info: RelationInfo;
  readonly definition: TstableDefinition;
  readonly table: Table;
  readonly axis: TimeAxis;
  /** In identity order. */
  readonly entityColumns: readonly EntityColumn[];
  readonly entityTypes: readonly EntityValue["type"][];
  /** What rows may not repeat. */
  readonly rowKey: RowKey | undefined;
  /** Absolute. */
  readonly directory: string;
}

interface Name {
  readonly schema: string | undefined;
  readonly name: string;
}

export class Tables {
  readonly #shadow: ShadowView;
  /** Those of the server, beneath what a transaction has changed. */
  readonly #beneath: Tables | undefined;
  readonly #entries = new Map<number, TstableEntry>();
  /** Folders in use: of tables, of a CREATE under way, of a DROP that waits for readers. */
  readonly #folders: Set<string>;
  /** Tables whose log cannot be read, and why. */
  readonly #broken = new Map<
    number,
    { readonly relation: ShadowRelation; readonly cause: unknown }
  >();

  constructor(shadow: ShadowView, beneath?: Tables) {
    this.#shadow = shadow;
    this.#beneath = beneath;
    this.#folders = beneath === undefined ? new Set() : beneath.#folders;
  }

  /** As a transaction sees them that has definitions of its own. */
  within(shadow: ShadowView): Tables {
    return new Tables(shadow, this);
  }

  /** Back to what the server has. */
  forgetChanges(): void {
    this.#entries.clear();
  }

  install(entry: TstableEntry): void {
    this.#entries.set(entry.info.oid, entry);
    this.#folders.add(entry.directory);
  }

  /**
   * Before a folder is adopted: two tables over one would undo each other.
   * @throws SqlError 55006
   */
  claim(directory: string): void {
    if (this.#folders.has(directory)) {
      throw new SqlError("55006", `directory "${directory}" is in use by another table`, {
        hint: "Use that table, or drop it first: its files stay.",
      });
    }
    this.#folders.add(directory);
  }

  /** Once nothing uses the folder any more. */
  unclaim(directory: string): void {
    this.#folders.delete(directory);
  }

  remove(oid: number): void {
    this.#entries.delete(oid);
  }

  /** Its name stays taken; whatever reads it fails. */
  markBroken(relation: ShadowRelation, cause: unknown): void {
    this.#broken.set(relation.oid, { relation, cause });
  }

  all(): readonly TstableEntry[] {
    const own = [...this.#entries.values()];
    if (this.#beneath === undefined) return own;
    const others = this.#beneath.all().filter(({ info }) => this.byOid(info.oid) !== undefined);
    return [...others.filter(({ info }) => !this.#entries.has(info.oid)), ...own];
  }

  byOid(oid: number): TstableEntry | undefined {
    const own = this.#entries.get(oid);
    if (own !== undefined || this.#beneath === undefined) return own;
    return this.#shadow.relations().has(oid) ? this.#beneath.byOid(oid) : undefined;
  }

  #brokenBy(oid: number) {
    const beneath = this.#beneath;
    return this.#broken.get(oid) ?? (beneath === undefined ? undefined : beneath.#broken.get(oid));
  }

  /** Tables with rows, sequences, the relations of schema tstable; undefined for all else. */
  relation(oid: number): RelationInfo | undefined {
    const entry = this.byOid(oid);
    if (entry !== undefined) return entry.info;
    const broken = this.#brokenBy(oid);
    if (broken !== undefined) return relationInfo(broken.relation, "tstable");
    const relation = this.#shadow.relations().get(oid);
    if (relation === undefined) return undefined;
    if (relation.schema === STORE_SCHEMA || relation.sequence !== null) {
      return relationInfo(relation, "store");
    }
    return isOrdinary(relation) ? relationInfo(relation, "ordinary") : undefined;
  }

  functionName(oid: number): { readonly schema: string; readonly name: string } | undefined {
    const entry = this.#shadow.functions().get(oid);
    return entry?.schema.startsWith(ownSchema("")) === true ? entry : undefined;
  }

  /** A function of ours and the table it is about. */
  ownFunction(oid: number): { readonly name: string; readonly entry: TstableEntry } | undefined {
    const found = this.functionName(oid);
    if (found === undefined || !OWN_FUNCTIONS.has(found.name)) return undefined;
    const entry = this.byOid(Number(found.schema.slice(ownSchema("").length)));
    return entry && { name: found.name, entry };
  }

  hasSchema(name: string): boolean {
    return this.#shadow.schemas().has(name);
  }

  /** Where a relation goes whose schema is not said. @throws SqlError 3F000 */
  currentSchema(settings: Settings): string {
    const schema = ownPath(settings).find((name) => this.hasSchema(name));
    if (schema !== undefined) return schema;
    throw new SqlError("3F000", "no schema has been selected to create in");
  }

  /** Any relation of the user, of any kind, that the name means. */
  findRelation(table: Name, settings: Settings): ShadowRelation | undefined {
    const named = table.schema === "pg_temp" ? settings.temporarySchema : table.schema;
    const schemas = table.schema === undefined ? searchPath(settings) : [named ?? "pg_temp"];
    const all = [...this.#shadow.relations().values()];
    for (const schema of schemas) {
      const found = all.find((one) => one.name === table.name && one.schema === schema);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  find(table: Name, settings: Settings): TstableEntry | undefined {
    const relation = this.findRelation(table, settings);
    return relation && this.byOid(relation.oid);
  }

  /** @throws SqlError 42P01, 42809 */
  require(table: Name, settings: Settings): TstableEntry {
    const entry = this.find(table, settings);
    if (entry !== undefined) return entry;
    const relation = this.findRelation(table, settings);
    if (relation !== undefined) this.#refuseBroken(relation.oid);
    const shown = table.schema === undefined ? table.name : `${table.schema}.${table.name}`;
    if (relation === undefined) {
      throw new SqlError("42P01", `relation "${shown}" does not exist`);
    }
    throw new SqlError("42809", `"${shown}" is not a time-series table`);
  }

  /** @throws SqlError XX001, 42P01 */
  requireByOid(oid: number): TstableEntry {
    const entry = this.byOid(oid);
    if (entry !== undefined) return entry;
    this.#refuseBroken(oid);
    throw new SqlError("42P01", `relation with OID ${oid} does not exist`);
  }

  #refuseBroken(oid: number): void {
    const broken = this.#brokenBy(oid);
    if (broken === undefined) return;
    const { relation, cause } = broken;
    throw new SqlError("XX001", `table "${relation.name}" cannot be opened`, {
      detail: cause instanceof Error ? `${cause.message}.` : "Its log cannot be read.",
      hint: "The server's log has the details.",
      cause,
    });
  }

  requireOid(table: Name, settings: Settings): number {
    return this.require(table, settings).info.oid;
  }
}

function relationInfo(
  relation: ShadowRelation,
  kind: RelationInfo["kind"],
  definition?: TstableDefinition,
): RelationInfo {
  const { oid, schema, name, columns } = relation;
  const base = { oid, schema, name, kind, columns };
  if (definition === undefined) return base;
  return {
    ...base,
    timeColumn: definition.timeColumn,
    entityColumns: definition.entityColumns,
  };
}

/** Joins what the three sides know of a table. */
export function tstableEntry(
  relation: ShadowRelation,
  definition: TstableDefinition,
  table: Table,
  directory: string,
): TstableEntry {
  const info = relationInfo(relation, "tstable", definition);
  const { meta } = table.snapshot;
  const types = entityTypes(meta.index, meta.schema ?? []);
  const time = info.columns.find(({ number }) => number === definition.timeColumn);
  return {
    info,
    definition,
    table,
    axis: { kind: meta.index.kind, typeOid: time?.typeOid ?? 0 },
    entityTypes: types,
    entityColumns: definition.entityColumns.map((number, index) => {
      const column = info.columns.find((candidate) => candidate.number === number);
      return {
        name: column?.name ?? "",
        typeOid: column?.typeOid ?? 0,
        type: types[index] ?? "utf8",
      };
    }),
    rowKey: rowKeyOf(relation, definition),
    directory,
  };
}
