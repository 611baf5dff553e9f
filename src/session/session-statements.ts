/** Texts into prepared statements of one session, and again when what they rest on has changed. */

import { SqlError } from "../base/errors.ts";
import { isOwnStatement } from "../compile/own-grammar.ts";
import { type StatementText, splitStatements } from "../compile/split.ts";
import type { Portals, PreparedStatement } from "./portals.ts";
import {
  emptyPrepared,
  mayEndFailed,
  resultTypeChanged,
  sameFields,
  sameSettings,
  shifted,
} from "./prepared.ts";
import { analysedAlike } from "./privileges/analysed.ts";
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
    signal?: AbortSignal,
  ): Promise<Prepared> {
    const { preparer } = this.#services();
    if (statement === undefined) {
      return emptyPrepared(parameterOids, preparer.catalogueNumber, this.#settings.shadow);
    }
    if (this.#transaction.status === "E" && !mayEndFailed(statement)) {
      await this.refuseSyntaxErrors([statement], signal);
      this.#transaction.refuseIfFailed();
    }
    return this.#withFields(
      await preparer.prepare(statement, parameterOids, this.#settings, signal),
    );
  }

  /** A statement of a Query message, which has no parameters. @throws SqlError 42P02 */
  async prepareAlone(statement: StatementText, signal: AbortSignal): Promise<Prepared> {
    const prepared = await this.prepare(statement, [], signal);
    if (prepared.parameterOids.length === 0) return prepared;
    const first = statement.tokens.find(({ kind }) => kind === "parameter");
    throw new SqlError("42P02", `there is no parameter ${first?.value}`, {
      position: [...statement.text.slice(0, first?.start ?? 0)].length + 1,
    });
  }

  /** What a Query message gets: text, but from a binary cursor. */
  formats({ statement, fields }: Prepared): number[] {
    const isBinary =
      statement.kind === "fetch" && this.#portals.find(statement.name)?.cursor?.isBinary === true;
    return new Array<number>(fields?.length ?? 0).fill(isBinary ? 1 : 0);
  }

  /** FETCH and EXECUTE answer what their cursor or statement does, now. */
  #withFields(prepared: Prepared): Prepared {
    const { statement } = prepared;
    if (statement.kind === "fetch") {
      const fields = this.#portals.find(statement.name)?.prepared.fields;
      return { ...prepared, fields: statement.isMove ? undefined : fields };
    }
    if (statement.kind !== "execute-prepared") return prepared;
    const isKnown = this.#portals.hasStatement(statement.name);
    const fields = isKnown ? this.#portals.statement(statement.name).prepared.fields : undefined;
    return { ...prepared, fields };
  }

  /** As `current`, when it can be told at once; undefined: it cannot. @throws SqlError 26000 */
  currentNow(name: string): PreparedStatement | undefined {
    const known = this.#portals.statement(name);
    const { statement, catalogueNumber, settings } = known.prepared;
    const { kind } = statement;
    if (kind === "empty") return known;
    if (kind === "fetch" || kind === "execute-prepared") {
      return { ...known, prepared: this.#withFields(known.prepared) };
    }
    const isCurrent = catalogueNumber === this.#services().preparer.catalogueNumber;
    return isCurrent && sameSettings(settings, this.#settings.shadow) ? known : undefined;
  }

  /**
   * A statement by name, prepared again where the catalogue or the search path has changed since
   * Parse. Under other settings, such as the time zone, PostgreSQL keeps the constants of Parse and
   * computes the rest anew.
   */
  async current(name: string, signal?: AbortSignal): Promise<PreparedStatement> {
    const now = this.currentNow(name);
    if (now !== undefined) return now;
    const known = this.#portals.statement(name);
    const { prepared: before } = known;
    const { shadow } = this.#settings;
    const isCurrent = before.catalogueNumber === this.#services().preparer.catalogueNumber;
    const isSamePath = before.settings.searchPath === shadow.searchPath;
    const recompiledStatement =
      isCurrent && isSamePath ? this.#recompiled(before.statement) : undefined;
    if (recompiledStatement !== undefined) {
      const statement = recompiledStatement;
      const recompiled = { ...known, prepared: { ...before, statement, settings: shadow } };
      this.#portals.replaceStatement(name, recompiled);
      return recompiled;
    }
    const prepared = await this.renewed(before, signal);
    if (!sameFields(before.fields, prepared.fields)) throw resultTypeChanged();
    const again = { ...known, prepared };
    this.#portals.replaceStatement(name, again);
    return again;
  }

  /** What a parameter's type was found to be it stays. */
  async renewed(before: Prepared, signal?: AbortSignal): Promise<Prepared> {
    const [statement] = splitStatements(before.text);
    const prepared = await this.prepare(statement, before.parameterOids, signal);
    return { ...prepared, charactersBefore: before.charactersBefore };
  }

  #recompiled(statement: Statement): Statement | undefined {
    switch (statement.kind) {
      case "select": {
        const plan = statement.recompile(this.#settings);
        return analysedAlike({ ...statement, plan }, statement);
      }
      case "change": {
        const change = statement.recompile(this.#settings);
        return analysedAlike({ ...statement, change }, statement);
      }
      case "late":
        return statement;
      default:
        return undefined;
    }
  }

  /**
   * PostgreSQL parses the whole text before it runs any of it, or refuses it in a failed block. Of
   * two statements in one Parse it does no more than that.
   */
  async refuseSyntaxErrors(
    statements: readonly StatementText[],
    signal?: AbortSignal,
  ): Promise<void> {
    if (statements.length < 2 && this.#transaction.status !== "E") return;
    for (const statement of statements) {
      if (statement.literals !== undefined || isOwnStatement(statement)) continue;
      const text = `${ANOTHER}${statement.text}`;
      const request = { text, parameterOids: [], settings: this.#settings.shadow };
      try {
        await this.#services().shadow.analyse(request, signal);
      } catch (cause) {
        if (!(cause instanceof SqlError) || cause.message === ONE_COMMAND) continue;
        const charactersBefore = statement.charactersBefore - ANOTHER.length;
        throw shifted(cause, { charactersBefore });
      }
    }
  }
}

const ANOTHER = "SELECT 1;";
const ONE_COMMAND = "cannot insert multiple commands into a prepared statement";
