/** Texts into prepared statements of one session, and again when what they rest on has changed. */

import { SqlError } from "../base/errors.ts";
import { type StatementText, splitStatements } from "../compile/split.ts";
import type { Portals, PreparedStatement } from "./portals.ts";
import { emptyPrepared, mayEndFailed, sameFields, sameSettings, shifted } from "./prepared.ts";
import type { Services } from "./services.ts";
import type { Settings } from "./settings.ts";
import type { Prepared, Statement } from "./statement.ts";
import type { Transaction } from "./transaction.ts";

export class SessionStatements {
  /** As the transaction sees them now. */
  readonly #services: () => Services;
  readonly #settings: Settings;
  readonly #transaction: Transaction;
  readonly #portals: Portals;

  constructor(
    services: () => Services,
    settings: Settings,
    transaction: Transaction,
    portals: Portals,
  ) {
    this.#services = services;
    this.#settings = settings;
    this.#transaction = transaction;
    this.#portals = portals;
  }

  /** undefined: a text of blanks and comments. @throws SqlError 25P02 and what analysis says */
  async prepare(
    statement: StatementText | undefined,
    parameterOids: readonly number[],
  ): Promise<Prepared> {
    const { preparer } = this.#services();
    if (statement === undefined) {
      return emptyPrepared(parameterOids, preparer.catalogueNumber, this.#settings.shadow);
    }
    if (!mayEndFailed(statement)) this.#transaction.refuseIfFailed();
    return await preparer.prepare(statement, parameterOids, this.#settings);
  }

  /**
   * A statement by name, prepared again where the catalogue or the search path has changed since
   * Parse. Under other settings, such as the time zone, PostgreSQL keeps the constants of Parse and
   * computes the rest anew.
   */
  async current(name: string): Promise<PreparedStatement> {
    const known = this.#portals.statement(name);
    const { prepared: before } = known;
    if (before.statement.kind === "empty") return known;
    const { shadow } = this.#settings;
    const isCurrent = before.catalogueNumber === this.#services().preparer.catalogueNumber;
    if (isCurrent && sameSettings(before.settings, shadow)) return known;
    const isSamePath = before.settings.searchPath === shadow.searchPath;
    const recompiledStatement =
      isCurrent && isSamePath ? this.#recompiled(before.statement) : undefined;
    if (recompiledStatement !== undefined) {
      const statement = recompiledStatement;
      const recompiled = { ...known, prepared: { ...before, statement, settings: shadow } };
      this.#portals.replaceStatement(name, recompiled);
      return recompiled;
    }
    const statement = splitStatements(known.prepared.text)[0];
    const prepared = await this.prepare(statement, known.declaredOids);
    if (!sameFields(known.prepared.fields, prepared.fields)) {
      throw new SqlError("0A000", "cached plan must not change result type");
    }
    const again = { prepared, declaredOids: known.declaredOids };
    this.#portals.replaceStatement(name, again);
    return again;
  }

  #recompiled(statement: Statement): Statement | undefined {
    switch (statement.kind) {
      case "select":
        return { ...statement, plan: statement.recompile(this.#settings) };
      case "change":
        return { ...statement, change: statement.recompile(this.#settings) };
      default:
        return undefined;
    }
  }

  /** PostgreSQL parses the whole text before it runs any of it. */
  async refuseSyntaxErrors(statements: readonly StatementText[]): Promise<void> {
    if (statements.length < 2) return;
    for (const statement of statements) {
      try {
        await this.#services().preparer.prepare(statement, [], this.#settings);
      } catch (cause) {
        if (cause instanceof SqlError && cause.fields.sqlState === "42601") {
          throw shifted(cause, statement);
        }
      }
    }
  }
}
