/** Prepared statements and portals by name, with PostgreSQL's rules on when a name is free. */

import { SqlError } from "../base/errors.ts";
import type { FieldDescription } from "../types/field.ts";
import type { SqlValue } from "../types/value.ts";
import type { PagedRows } from "./row-source.ts";
import type { Prepared } from "./statement.ts";

export interface PreparedStatement {
  readonly prepared: Prepared;
  /** As the client declared them, for preparing again. */
  readonly declaredOids: readonly number[];
}

/** Parameters as they came, and decoded for what needs values. */
export interface BoundParameters {
  readonly raw: readonly (Uint8Array | null)[];
  readonly formats: readonly (0 | 1)[];
  readonly values: readonly SqlValue[];
}

export interface Portal {
  readonly name: string;
  readonly prepared: Prepared;
  readonly parameters: BoundParameters;
  /** One for each column of the result. */
  readonly formats: readonly (0 | 1)[];
  /** Made at the first Execute. */
  state: PortalState;
}

export type PortalState =
  | { readonly kind: "ready" }
  | { readonly kind: "running"; readonly rows: PagedRows; readonly tag: (rows: number) => string }
  | { readonly kind: "done"; readonly tag: string | undefined };

export class Portals {
  readonly #statements = new Map<string, PreparedStatement>();
  readonly #portals = new Map<string, Portal>();

  addStatement(name: string, statement: PreparedStatement): void {
    if (name !== "" && this.#statements.has(name)) {
      throw new SqlError("42P05", `prepared statement "${name}" already exists`);
    }
    this.#statements.set(name, statement);
  }

  /** After preparing again for a changed catalogue. */
  replaceStatement(name: string, statement: PreparedStatement): void {
    this.#statements.set(name, statement);
  }

  statement(name: string): PreparedStatement {
    const statement = this.#statements.get(name);
    if (statement === undefined) {
      const which = name === "" ? "unnamed prepared statement" : `prepared statement "${name}"`;
      throw new SqlError("26000", `${which} does not exist`);
    }
    return statement;
  }

  removeStatement(name: string): boolean {
    return this.#statements.delete(name);
  }

  removeAllStatements(): void {
    this.#statements.clear();
  }

  async addPortal(portal: Portal): Promise<void> {
    if (portal.name !== "" && this.#portals.has(portal.name)) {
      throw new SqlError("42P03", `cursor "${portal.name}" already exists`);
    }
    await this.removePortal(portal.name);
    this.#portals.set(portal.name, portal);
  }

  portal(name: string): Portal {
    const portal = this.#portals.get(name);
    if (portal === undefined) throw new SqlError("34000", `portal "${name}" does not exist`);
    return portal;
  }

  hasPortal(name: string): boolean {
    return this.#portals.has(name);
  }

  async removePortal(name: string): Promise<void> {
    const portal = this.#portals.get(name);
    this.#portals.delete(name);
    if (portal?.state.kind === "running") await portal.state.rows.close();
  }

  async removeAllPortals(): Promise<void> {
    for (const name of [...this.#portals.keys()]) await this.removePortal(name);
  }
}

/**
 * The Bind message's format codes, one for each of `count` values: none is text, one is for all.
 */
export function spreadFormats(
  formats: readonly (0 | 1)[],
  count: number,
  what: "parameter" | "result",
): (0 | 1)[] {
  if (formats.length === 0) return new Array<0 | 1>(count).fill(0);
  const [only] = formats;
  if (formats.length === 1 && only !== undefined) return new Array<0 | 1>(count).fill(only);
  if (formats.length !== count) {
    throw new SqlError(
      "08P01",
      what === "parameter"
        ? `bind message has ${formats.length} parameter formats but ${count} parameters`
        : `bind message has ${formats.length} result formats but query has ${count} columns`,
    );
  }
  return [...formats];
}

export function withFormats(
  fields: readonly FieldDescription[],
  formats: readonly (0 | 1)[],
): FieldDescription[] {
  return fields.map((field, index) => ({ ...field, format: formats[index] ?? 0 }));
}
