/**
 * Prepared statements and portals by name, with PostgreSQL's rules on when a name is free and what
 * ends a portal: its transaction, the savepoint before it, or nothing but CLOSE (WITH HOLD).
 */

import type { Awaitable } from "../base/async.ts";
import { SqlError } from "../base/errors.ts";
import type { FieldDescription } from "../types/field.ts";
import type { SqlValue } from "../types/value.ts";
import type { CursorRows } from "./cursor-rows.ts";
import type { Prepared } from "./statement.ts";
import type { Companion } from "./transaction-parts.ts";

export interface PreparedStatement {
  readonly prepared: Prepared;
  /** The whole text of the Parse message, or of the Query message that PREPARE stood in. */
  readonly source: string;
  /** By PREPARE. */
  readonly isFromSql: boolean;
  readonly preparedAtMs: number;
  /** How often it was bound or executed by name. */
  readonly executions: { count: number };
}

/** Parameters as they came, and decoded for what needs values. */
export interface BoundParameters {
  readonly raw: readonly (Uint8Array | null)[];
  readonly formats: readonly (0 | 1)[];
  readonly values: readonly SqlValue[];
}

/** How DECLARE made it. */
export interface CursorOptions {
  readonly isBinary: boolean;
  readonly isScrollable: boolean;
  readonly isHoldable: boolean;
}

export interface Portal {
  readonly name: string;
  /** As it was described; a Query message describes it when it runs. */
  prepared: Prepared;
  readonly parameters: BoundParameters;
  /** One for each column of the result, as the client wants it. */
  formats: readonly number[];
  readonly createdAtMs: number;
  /** The client's whole text. */
  readonly source: string;
  /** undefined: of a Bind message. */
  readonly cursor?: CursorOptions;
  /** Made at the first Execute. */
  state: PortalState;
}

export type PortalState =
  | { readonly kind: "ready" }
  | {
      readonly kind: "running";
      readonly rows: CursorRows;
      /** Of the bytes in `rows`. */
      readonly formats: readonly (0 | 1)[];
      readonly tag: (rows: number) => string;
    }
  /** tag undefined: it cannot be run again. */
  | { readonly kind: "done"; readonly tag: string | undefined };

interface Entry {
  readonly portal: Portal;
  /** Savepoints that were set when it was made. */
  depth: number;
  /** It outlives its transaction. */
  isHeld: boolean;
}

export class Portals implements Companion {
  readonly #statements = new Map<string, PreparedStatement>();
  readonly #portals = new Map<string, Entry>();
  #savepoints = 0;
  /** Entries that the COMMIT under way has made independent of its transaction. */
  #heldNow: Entry[] = [];

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

  hasStatement(name: string): boolean {
    return this.#statements.has(name);
  }

  statement(name: string): PreparedStatement {
    const statement = this.#statements.get(name);
    if (statement === undefined) {
      const which = name === "" ? "unnamed prepared statement" : `prepared statement "${name}"`;
      // By the routine postgres.js knows to prepare again.
      const routine = name === "" ? "exec_bind_message" : "FetchPreparedStatement";
      throw new SqlError("26000", `${which} does not exist`, { routine });
    }
    return statement;
  }

  /** All that have a name. */
  namedStatements(): (readonly [string, PreparedStatement])[] {
    return [...this.#statements].filter(([name]) => name !== "");
  }

  removeStatement(name: string): boolean {
    return this.#statements.delete(name);
  }

  removeAllStatements(): void {
    this.#statements.clear();
  }

  addPortal(portal: Portal): Awaitable<void> {
    const { name } = portal;
    this.requireFree(name);
    const before = name === "" ? this.find("") : undefined;
    const add = () => {
      this.#portals.set(name, { portal, depth: this.#savepoints, isHeld: false });
    };
    if (before === undefined || isOver(before)) return add();
    return this.removePortal("").then(add);
  }

  /** @throws SqlError 42P03 */
  requireFree(name: string): void {
    if (name === "" || !this.#portals.has(name)) return;
    throw new SqlError("42P03", `cursor "${name}" already exists`);
  }

  portal(name: string): Portal {
    const portal = this.find(name);
    if (portal === undefined) throw new SqlError("34000", `portal "${name}" does not exist`);
    return portal;
  }

  find(name: string): Portal | undefined {
    return this.#portals.get(name)?.portal;
  }

  all(): Portal[] {
    return [...this.#portals.values()].map(({ portal }) => portal);
  }

  async removePortal(name: string): Promise<void> {
    const entry = this.#portals.get(name);
    this.#portals.delete(name);
    if (entry !== undefined) await closeRows(entry.portal);
  }

  async removeAllPortals(): Promise<void> {
    for (const name of [...this.#portals.keys()]) await this.removePortal(name);
  }

  /** Their rows cost nothing any more; the names stay taken to the end of the block. */
  async failed(): Promise<void> {
    for (const { portal, isHeld } of this.#portals.values()) {
      if (isHeld) continue;
      await closeRows(portal);
      portal.state = { kind: "done", tag: undefined };
    }
  }

  /** None has rows to keep or to close when the transaction ends. */
  get areOver(): boolean {
    for (const { portal } of this.#portals.values()) {
      if (portal.cursor !== undefined || !isOver(portal)) return false;
    }
    return true;
  }

  /** As `ended`, when they are over. */
  forget(): void {
    this.#portals.clear();
    this.#savepoints = 0;
  }

  /** Cursors WITH HOLD read the rest of their rows. */
  async beforeCommit(): Promise<void> {
    for (const entry of this.#portals.values()) {
      const { portal } = entry;
      if (portal.cursor?.isHoldable !== true || entry.isHeld) continue;
      if (portal.state.kind === "running") await portal.state.rows.keepAll();
      entry.isHeld = true;
      this.#heldNow.push(entry);
    }
  }

  async ended(isCommitted: boolean): Promise<void> {
    if (!isCommitted) for (const entry of this.#heldNow) entry.isHeld = false;
    this.#heldNow = [];
    this.#savepoints = 0;
    if (this.#portals.size === 0) return;
    for (const [name, { isHeld }] of [...this.#portals]) {
      if (!isHeld) await this.removePortal(name);
    }
  }

  mark(): void {
    this.#savepoints += 1;
  }

  async rollbackTo(index: number): Promise<void> {
    this.#savepoints = index + 1;
    for (const [name, { depth, isHeld }] of [...this.#portals]) {
      if (depth > index && !isHeld) await this.removePortal(name);
    }
  }

  release(index: number): void {
    this.#savepoints = index;
    for (const entry of this.#portals.values()) entry.depth = Math.min(entry.depth, index);
  }
}

function isOver({ state }: Portal): boolean {
  return state.kind !== "running" || state.rows.isClosed;
}

async function closeRows({ state }: Portal): Promise<void> {
  if (state.kind === "running") await state.rows.close();
}

/**
 * The Bind message's format codes, one for each of `count` values: none is text, one is for all.
 */
export function spreadFormats(
  formats: readonly number[],
  count: number,
  what: "parameter" | "result",
): number[] {
  if (formats.length === 0) return new Array<number>(count).fill(0);
  const [only] = formats;
  if (formats.length === 1 && only !== undefined) return new Array<number>(count).fill(only);
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

/** @throws SqlError 22023 */
export function requireFormat(code: number): 0 | 1 {
  if (code === 0 || code === 1) return code;
  throw new SqlError("22023", `unsupported format code: ${code}`);
}

export function withFormats(
  fields: readonly FieldDescription[],
  formats: readonly number[],
): FieldDescription[] {
  return fields.map((field, index) => ({ ...field, format: formats[index] ?? 0 }));
}
