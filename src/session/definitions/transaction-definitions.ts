/**
 * What one transaction has defined and not yet committed: its own embedded PostgreSQL, what follows
 * outside of it, and the services through which its statements see all that.
 */

import { assert } from "../../base/errors.ts";
import type { DefinitionStep, ShadowSettings } from "../../postgres/analysis.ts";
import type { ShadowFork } from "../../postgres/fork.ts";
import type { DefinitionSource } from "../../postgres/view.ts";
import type { Participant } from "../participant.ts";
import { Preparer } from "../prepare.ts";
import type { Services } from "../services.ts";
import type { Work } from "../transaction-parts.ts";
import { type Effects, isUnknown } from "./effects.ts";

/** Judges a step before it counts: what follows from it, or "undo" when it was only tried. */
export type Judge = (step: DefinitionStep) => Promise<Effects | "undo">;

export class TransactionDefinitions implements Participant {
  /** Those of the server, seen with what is defined here. */
  readonly services: Services;
  readonly #origin: Services;
  readonly #fork: ShadowFork;
  readonly #effects: Effects[] = [];
  readonly #marks: number[] = [];
  readonly #beforeCommit: (() => Promise<void>)[] = [];

  private constructor(origin: Services, fork: ShadowFork) {
    this.#origin = origin;
    this.#fork = fork;
    const tables = origin.tables.within(fork);
    const preparer = new Preparer(fork, tables);
    this.services = { ...origin, shadow: fork, tables, preparer };
  }

  /** The catalogue is locked by the caller. */
  static async start(
    services: Services,
    settings: ShadowSettings,
    signal: AbortSignal,
  ): Promise<TransactionDefinitions> {
    return new TransactionDefinitions(services, await services.definer.fork(settings, signal));
  }

  async execute(
    sources: readonly DefinitionSource[],
    settings: ShadowSettings,
    judge: Judge,
  ): Promise<DefinitionStep> {
    let effects: Effects | undefined;
    try {
      const step = await this.#fork.execute(sources, settings, async (outcome) => {
        const judged = await judge(outcome);
        if (judged === "undo") return "undo";
        effects = judged;
        return judged.temporary === undefined ? undefined : { temporary: judged.temporary };
      });
      if (effects === undefined) return step;
      this.#effects.push(effects);
      effects.install(this.services.tables);
      return step;
    } catch (cause) {
      await effects?.undo();
      throw cause;
    }
  }

  async mark(): Promise<void> {
    await this.#fork.savepoint();
    this.#marks.push(this.#effects.length);
  }

  async rollbackTo(index: number): Promise<void> {
    const kept = this.#marks[index];
    assert(kept !== undefined, "a savepoint that definitions do not know");
    await this.#fork.rollbackTo(index);
    this.#marks.length = index + 1;
    for (const effects of this.#effects.splice(kept).reverse()) await effects.undo();
    const { tables } = this.services;
    tables.forgetChanges();
    for (const effects of this.#effects) effects.install(tables);
  }

  async release(index: number): Promise<void> {
    await this.#fork.release(index);
    this.#marks.length = index;
  }

  /** To be done first when the transaction commits. */
  beforeCommit(act: () => Promise<void>): void {
    this.#beforeCommit.push(act);
  }

  async prepareCommit(): Promise<void> {
    for (const act of this.#beforeCommit.splice(0)) await act();
  }

  /** With all that the transaction has changed besides. Ended in any case. */
  async commit(work: Work | undefined): Promise<void> {
    const effects = this.#effects;
    const changes = effects.flatMap((one) => one.changes);
    const { journal, tables } = this.#origin;
    let installed = 0;
    try {
      await this.#fork.commit(async ({ definition }) => {
        const statements = definition.statements.filter((one) => one.temporary === undefined);
        const entry = { ...definition, statements, changes };
        const install = () => {
          for (const one of effects.slice(installed)) one.install(tables);
          installed = effects.length;
        };
        // Before those go on who wait for a lock.
        work?.atEnd((outcome) => {
          if (outcome === "committed") install();
        });
        if (statements.every(({ isOurs }) => isOurs) && changes.length === 0) await work?.commit();
        else await (work === undefined ? journal.append(entry) : work.commit(entry));
        install();
      });
    } catch (cause) {
      await work?.rollback();
      // When nobody knows whether the entry was written, its tables may be there after a restart.
      if (!isUnknown(cause)) for (const one of [...effects].reverse()) await one.undo();
      throw cause;
    } finally {
      await this.#fork.discard();
    }
    for (const one of effects) await one.finish();
  }

  async rollback(): Promise<void> {
    await this.#fork.discard();
    for (const effects of this.#effects.splice(0).reverse()) await effects.undo();
  }
}
