/** Executes the statements of one definition, each under its settings, inside its transaction. */

import type { CatalogFacts, DefinitionStatement, ShadowSettings } from "./analysis.ts";
import type { Answer } from "./answer.ts";
import type { Backend } from "./backend.ts";
import {
  localSettings,
  localSettingsAfter,
  quoteIdentifier,
  quoteLiteral,
  settingNames,
} from "./settings-sql.ts";

export class StatementRunner {
  readonly #backend: Backend;
  readonly #names: Set<string>;
  #inForce: ShadowSettings;
  /** Nobody knows what a rollback has left. */
  #isKnown = true;

  private constructor(backend: Backend, settings: ShadowSettings) {
    this.#backend = backend;
    this.#inForce = settings;
    this.#names = new Set(settingNames(settings));
  }

  /** In a transaction that has begun. */
  static async begin(backend: Backend, settings: ShadowSettings): Promise<StatementRunner> {
    await backend.run(localSettings(settings));
    return new StatementRunner(backend, settings);
  }

  /** What `asSuperuser` returns to. */
  get settings(): ShadowSettings {
    return this.#inForce;
  }

  /** The transaction was put back to a savepoint. */
  forget(): void {
    this.#isKnown = false;
  }

  /** Puts settings in force for something that is rolled back at once. */
  sqlAside(settings: ShadowSettings, facts?: CatalogFacts): string {
    return localSettingsAfter(settings, this.#names, facts);
  }

  async use(settings: ShadowSettings): Promise<void> {
    if (this.#isKnown && isSame(settings, this.#inForce)) return;
    await this.#backend.run(localSettingsAfter(settings, this.#names));
    for (const name of settingNames(settings)) this.#names.add(name);
    this.#inForce = settings;
    this.#isKnown = true;
  }

  async execute(statement: DefinitionStatement, settings: ShadowSettings): Promise<Answer> {
    await this.use(settings);
    if (!statement.isOurs) return await this.#backend.run(statement.sql);
    return await asSuperuser(this.#backend, this, async () => {
      await this.#backend.run("SET LOCAL allow_system_table_mods = on");
      const answer = await this.#backend.run(statement.sql);
      await this.#backend.run("SET LOCAL allow_system_table_mods = off");
      return answer;
    });
  }
}

/** Names in what is printed come out qualified: only pg_catalog is searched meanwhile. */
export async function asSuperuser<T>(
  backend: Backend,
  runner: StatementRunner,
  task: () => Promise<T>,
): Promise<T> {
  await backend.run("RESET ROLE; SET LOCAL search_path = pg_catalog");
  const result = await task();
  const { searchPath, role } = runner.settings;
  await backend.run(
    `SELECT pg_catalog.set_config('search_path', ${quoteLiteral(searchPath)}, true);` +
      ` SET LOCAL ROLE ${quoteIdentifier(role)}`,
  );
  return result;
}

function isSame(a: ShadowSettings, b: ShadowSettings): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}
