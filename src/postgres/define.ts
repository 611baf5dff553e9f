/** Definitions inside the worker: executed in a transaction that awaits a decision, or replayed. */

import { assert, type ErrorFields, SqlError } from "../base/errors.ts";
import type {
  Definition,
  DefinitionChanges,
  DefinitionOutcome,
  DefinitionStatement,
  ShadowFunction,
  ShadowRelation,
  ShadowSettings,
} from "./analysis.ts";
import { firstColumn } from "./answer.ts";
import type { Backend } from "./backend.ts";
import { ALL_OIDS, changedFunctions, changedRelations } from "./relations-sql.ts";
import { localSettings, quoteIdentifier, quoteLiteral } from "./settings-sql.ts";
import { NEXT_OID } from "./template.ts";

interface Oids {
  readonly relations: readonly number[];
  readonly functions: readonly number[];
}

/** One open definition. Ended by `commit` or `rollback`, whatever has happened before. */
export class OpenDefinition {
  readonly #backend: Backend;
  readonly #settings: ShadowSettings;
  readonly #oidBefore: number;
  readonly #oidsBefore: Oids;
  readonly #firstXid: string;
  readonly #statements: DefinitionStatement[] = [];
  readonly #notices: ErrorFields[] = [];
  #tag = "";

  private constructor(
    backend: Backend,
    settings: ShadowSettings,
    oidBefore: number,
    oidsBefore: Oids,
    firstXid: string,
  ) {
    this.#backend = backend;
    this.#settings = settings;
    this.#oidBefore = oidBefore;
    this.#oidsBefore = oidsBefore;
    this.#firstXid = firstXid;
  }

  static async begin(backend: Backend, settings: ShadowSettings): Promise<OpenDefinition> {
    await backend.use(settings);
    await beginTransaction(backend);
    try {
      const oidBefore = await nextOid(backend);
      const [oids] = await backend.rows<Oids>(ALL_OIDS);
      const xid = firstColumn(await backend.run("SELECT pg_current_xact_id()"))[0];
      assert(oids !== undefined && typeof xid === "string", "no state before a definition");
      await backend.run(localSettings(settings));
      return new OpenDefinition(backend, settings, oidBefore, oids, xid);
    } catch (cause) {
      await backend.run("ROLLBACK");
      throw cause;
    }
  }

  async execute(statement: DefinitionStatement): Promise<void> {
    const answer = await executeOne(this.#backend, statement, this.#settings);
    this.#statements.push(statement);
    this.#notices.push(...answer.notices);
    if (!statement.isOurs) this.#tag = answer.tags.at(-1) ?? "";
  }

  /** What has changed so far. */
  async changes(): Promise<DefinitionChanges> {
    return await asSuperuser(this.#backend, this.#settings, async () => {
      const [now] = await this.#backend.rows<Oids>(ALL_OIDS);
      assert(now !== undefined, "no state after a definition");
      return {
        relations: await this.#backend.rows<ShadowRelation>(changedRelations(this.#firstXid)),
        functions: await this.#backend.rows<ShadowFunction>(changedFunctions(this.#firstXid)),
        droppedRelationOids: missing(this.#oidsBefore.relations, now.relations),
        droppedFunctionOids: missing(this.#oidsBefore.functions, now.functions),
      };
    });
  }

  /** Nothing may be executed after it. */
  async outcome(): Promise<DefinitionOutcome> {
    const changes = await this.changes();
    await this.#backend.run("SET CONSTRAINTS ALL IMMEDIATE; RESET ROLE");
    return {
      ...changes,
      definition: {
        statements: this.#statements,
        settings: this.#settings,
        oidBefore: this.#oidBefore,
        oidAfter: await nextOid(this.#backend),
      },
      notices: this.#notices,
      tag: this.#tag,
    };
  }

  async commit(): Promise<void> {
    const answer = await this.#backend.run("COMMIT");
    assert(answer.tags[0] === "COMMIT", "a definition did not commit");
  }

  async rollback(): Promise<void> {
    await this.#backend.run("ROLLBACK");
  }
}

/** Executes a journaled definition again. @throws when the OIDs come out otherwise. */
export async function replay(backend: Backend, definition: Definition): Promise<void> {
  await beginTransaction(backend);
  try {
    await advanceOids(backend, definition.oidBefore);
    await backend.run(localSettings(definition.settings));
    for (const statement of definition.statements) {
      await executeOne(backend, statement, definition.settings);
    }
    await backend.run("RESET ROLE");
    const after = await nextOid(backend);
    if (after !== definition.oidAfter) {
      throw new SqlError("XX001", "a definition gives other OIDs when it is replayed", {
        detail: `The counter is at ${after}, and was at ${definition.oidAfter}.`,
      });
    }
    await backend.run("COMMIT");
  } catch (cause) {
    await backend.run("ROLLBACK");
    throw cause;
  }
}

/** Trees of statements that functions run are nobody's business. */
async function beginTransaction(backend: Backend): Promise<void> {
  await backend.run(
    "BEGIN; SET LOCAL ROLE NONE; SET LOCAL debug_print_rewritten = off;" +
      " SET LOCAL client_min_messages = notice",
  );
}

async function executeOne(
  backend: Backend,
  statement: DefinitionStatement,
  settings: ShadowSettings,
) {
  if (!statement.isOurs) return await backend.run(statement.sql);
  return await asSuperuser(backend, settings, async () => {
    await backend.run("SET LOCAL allow_system_table_mods = on");
    const answer = await backend.run(statement.sql);
    await backend.run("SET LOCAL allow_system_table_mods = off");
    return answer;
  });
}

/** Names in what is printed come out qualified: only pg_catalog is searched meanwhile. */
async function asSuperuser<T>(
  backend: Backend,
  settings: ShadowSettings,
  task: () => Promise<T>,
): Promise<T> {
  await backend.run("RESET ROLE; SET LOCAL search_path = pg_catalog");
  const result = await task();
  await backend.run(
    `SELECT pg_catalog.set_config('search_path', ${quoteLiteral(settings.searchPath)}, true);` +
      ` SET LOCAL ROLE ${quoteIdentifier(settings.role)}`,
  );
  return result;
}

async function nextOid(backend: Backend): Promise<number> {
  return Number(firstColumn(await backend.run(`SELECT ${NEXT_OID}`))[0]);
}

/** Moves the counter on until it gives `target`. */
async function advanceOids(backend: Backend, target: number): Promise<void> {
  const current = await nextOid(backend);
  if (current === target) return;
  if (current > target) {
    throw new SqlError("XX001", "the catalogue's OIDs are behind the embedded server's", {
      detail: `The definition needs the counter at ${target}, and it is at ${current}.`,
    });
  }
  const steps = `generate_series(1, ${target - current})`;
  const reached = firstColumn(await backend.run(`SELECT max(${NEXT_OID}::int8) FROM ${steps}`))[0];
  assert(Number(reached) === target, `the OID counter reached ${reached}, not ${target}`);
}

function missing(before: readonly number[], now: readonly number[]): readonly number[] {
  const present = new Set(now);
  return before.filter((oid) => !present.has(oid));
}
