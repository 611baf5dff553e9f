/** What is defined, by OID, with a way back to an earlier point. */

import type { DefinitionChanges, ShadowFunction } from "./analysis.ts";
import type { ShadowRelation } from "./relation.ts";
import type { ShadowRoles } from "./role.ts";

export class KnownObjects {
  readonly relations: Map<number, ShadowRelation>;
  readonly functions: Map<number, ShadowFunction>;
  readonly schemas: Set<string>;
  roles: ShadowRoles;
  readonly #undo: (() => void)[] = [];

  constructor(
    relations: Iterable<readonly [number, ShadowRelation]> = [],
    functions: Iterable<readonly [number, ShadowFunction]> = [],
    schemas: Iterable<string> = [],
    roles: ShadowRoles = [],
  ) {
    this.relations = new Map(relations);
    this.functions = new Map(functions);
    this.schemas = new Set(schemas);
    this.roles = roles;
  }

  copy(): KnownObjects {
    return new KnownObjects(this.relations, this.functions, this.schemas, this.roles);
  }

  /** `undoTo` takes it. */
  get depth(): number {
    return this.#undo.length;
  }

  apply(changes: DefinitionChanges, canUndo = false): void {
    const undo: (() => void)[] = [];
    for (const relation of changes.relations) {
      undo.push(put(this.relations, relation.oid, relation));
    }
    for (const entry of changes.functions) undo.push(put(this.functions, entry.oid, entry));
    for (const oid of changes.droppedRelationOids) undo.push(put(this.relations, oid, undefined));
    for (const oid of changes.droppedFunctionOids) undo.push(put(this.functions, oid, undefined));
    const { roles } = this;
    if (changes.roles !== undefined) {
      this.roles = changes.roles;
      undo.push(() => {
        this.roles = roles;
      });
    }
    for (const name of changes.schemas) {
      this.schemas.add(name);
      undo.push(() => this.schemas.delete(name));
    }
    for (const name of changes.droppedSchemas) {
      this.schemas.delete(name);
      undo.push(() => this.schemas.add(name));
    }
    if (canUndo) this.#undo.push(...undo);
  }

  undoTo(depth: number): void {
    for (const act of this.#undo.splice(depth).reverse()) act();
  }
}

/** @returns what puts the old value back. */
function put<Value>(map: Map<number, Value>, oid: number, value: Value | undefined): () => void {
  const before = map.get(oid);
  if (value === undefined) map.delete(oid);
  else map.set(oid, value);
  return () => {
    if (before === undefined) map.delete(oid);
    else map.set(oid, before);
  };
}
