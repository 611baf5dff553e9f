/** Definitions inside the worker: executed in a transaction that awaits a decision, or replayed. */

import { assert, SqlError } from "../base/errors.ts";
import type {
  AnalyseRequest,
  Analysis,
  CatalogQueryRequest,
  CatalogQueryResult,
  Definition,
  DefinitionChanges,
  DefinitionStatement,
  ShadowFunction,
  ShadowSettings,
  StatementAnswer,
} from "./analysis.ts";
import { firstColumn } from "./answer.ts";
import type { Backend } from "./backend.ts";
import { asSuperuser, StatementRunner } from "./definition-runner.ts";
import type { ShadowRelation } from "./relation.ts";
import { ALL_OIDS, changedFunctions, changedRelations, PRINTED_ALIKE } from "./relations-sql.ts";
import type { ShadowRoles } from "./role.ts";
import { NEXT_OID } from "./template.ts";

interface Oids {
  readonly relations: readonly number[];
  readonly functions: readonly number[];
  readonly schemas: readonly string[];
  /** As JSON. */
  readonly roles: string;
  readonly parts: readonly (readonly [part: number, relation: number])[];
}

/** Where `changes` begins to count. */
interface Mark {
  readonly oids: Oids;
  readonly firstXid: string;
}

/** One open definition. Ended by `commit` or `rollback`, whatever has happened before. */
export class OpenDefinition {
  readonly #backend: Backend;
  readonly #settings: ShadowSettings;
  readonly #runner: StatementRunner;
  readonly #oidBefore: number;
  readonly #statements: DefinitionStatement[] = [];
  /** How many statements each open savepoint keeps, by its name. */
  readonly #savepoints = new Map<string, number>();
  #mark: Mark;
  /** Statements were undone, but not the OIDs they took. */
  #hasGap = false;

  private constructor(
    backend: Backend,
    settings: ShadowSettings,
    runner: StatementRunner,
    oidBefore: number,
    mark: Mark,
  ) {
    this.#backend = backend;
    this.#settings = settings;
    this.#runner = runner;
    this.#oidBefore = oidBefore;
    this.#mark = mark;
  }

  /** `oidAtLeast`: what the OID counter is moved on to, if it is not there yet. */
  static async begin(
    backend: Backend,
    settings: ShadowSettings,
    oidAtLeast = 0,
  ): Promise<OpenDefinition> {
    await backend.use(settings);
    await beginTransaction(backend);
    try {
      let oidBefore = await nextOid(backend);
      if (oidBefore < oidAtLeast) oidBefore = await movedOids(backend, oidBefore, oidAtLeast);
      const [oids] = await backend.rows<Oids>(ALL_OIDS);
      const xid = firstColumn(await backend.run("SELECT pg_tide_builtin_current_xact_id()"))[0];
      assert(oids !== undefined && typeof xid === "string", "no state before a definition");
      const runner = await StatementRunner.begin(backend, settings);
      return new OpenDefinition(backend, settings, runner, oidBefore, { oids, firstXid: xid });
    } catch (cause) {
      await backend.run("ROLLBACK");
      throw cause;
    }
  }

  async execute(statement: DefinitionStatement): Promise<StatementAnswer> {
    const settings = statement.settings ?? this.#settings;
    const gap = this.#hasGap ? { oidBefore: await this.#nextOid(settings) } : {};
    const answer = await this.#runner.execute(statement, settings);
    this.#statements.push({ ...statement, ...gap });
    this.#hasGap = false;
    return { notices: answer.notices, tag: answer.tags.at(-1) ?? "" };
  }

  /** What has changed since the last mark, or since the beginning. */
  async changes(): Promise<DefinitionChanges> {
    const { oids: before, firstXid } = this.#mark;
    return await this.#aside(PRINTED_ALIKE, async () => {
      const now = await this.#oids();
      const parts = new Set(now.parts.map(([part]) => part));
      const touched = before.parts.filter(([part]) => !parts.has(part)).map(([, of]) => of);
      const changed = changedRelations(firstXid, touched);
      return {
        relations: await this.#backend.rows<ShadowRelation>(changed),
        functions: await this.#backend.rows<ShadowFunction>(changedFunctions(firstXid)),
        schemas: missing(now.schemas, before.schemas),
        ...(now.roles !== before.roles && { roles: JSON.parse(now.roles) as ShadowRoles }),
        droppedRelationOids: missing(before.relations, now.relations),
        droppedFunctionOids: missing(before.functions, now.functions),
        droppedSchemas: missing(before.schemas, now.schemas),
      };
    });
  }

  /** A point to return to; `changes` counts from here on. */
  async savepoint(name: string): Promise<void> {
    await this.#backend.run(`SAVEPOINT ${name}`);
    this.#savepoints.delete(name);
    this.#savepoints.set(name, this.#statements.length);
    this.#mark = await asSuperuser(this.#backend, this.#runner, async () => {
      // The table's rows are the session's to tell; this one is for the number of its writer.
      const written = await this.#backend.run(
        "INSERT INTO tstable.tables DEFAULT VALUES RETURNING xmin",
      );
      const firstXid = firstColumn(written)[0];
      assert(typeof firstXid === "string", "no transaction number at a savepoint");
      return { oids: await this.#oids(), firstXid };
    });
  }

  /** What is journaled leaves them out: the next statement says where the OID counter is. */
  markTemporary(savepoint: string, schema: string): void {
    const first = this.#savepoints.get(savepoint);
    assert(first !== undefined, "a savepoint of no definition");
    this.#statements.splice(
      first,
      Infinity,
      ...this.#statements.slice(first).map((one) => ({ ...one, temporary: schema })),
    );
    this.#hasGap = true;
  }

  async rollbackTo(name: string): Promise<void> {
    await this.#backend.run(`ROLLBACK TO ${name}`);
    const kept = this.#savepoints.get(name);
    assert(kept !== undefined, "a savepoint of no definition");
    this.#statements.length = kept;
    this.#hasGap = true;
    this.#runner.forget();
    this.#forgetAfter(name);
  }

  async release(name: string): Promise<void> {
    await this.#backend.run(`RELEASE ${name}`);
    this.#forgetAfter(name);
    this.#savepoints.delete(name);
  }

  /** As `Backend.analyse`, over what is defined so far. */
  async analyse(request: AnalyseRequest): Promise<Analysis> {
    const settings =
      `${this.#runner.sqlAside(request.settings)};` +
      " SET LOCAL debug_print_rewritten = on; SET LOCAL debug_pretty_print = off;" +
      " SET LOCAL client_min_messages = log";
    return await this.#aside(settings, async () => await this.#backend.analyseHere(request));
  }

  /** As `Backend.query`, over what is defined so far. */
  async query(request: CatalogQueryRequest): Promise<CatalogQueryResult> {
    const inForce = this.#runner.sqlAside(request.settings, request.facts);
    const settings = `SET LOCAL transaction_read_only = on; ${inForce}`;
    return await this.#aside(settings, async () => await this.#backend.queryHere(request));
  }

  /** Nothing may be executed after it, but for `commit` and `rollback`. */
  async definition(): Promise<Definition> {
    await this.#backend.run("SET CONSTRAINTS ALL IMMEDIATE; RESET ROLE");
    this.#runner.forget();
    const statements = [...this.#statements];
    if (this.#hasGap) {
      // Nothing to do, but it says where the counter is after what was undone last.
      statements.push({ sql: "SELECT", isOurs: true, oidBefore: await nextOid(this.#backend) });
    }
    const oidAfter = await nextOid(this.#backend);
    return { statements, settings: this.#settings, oidBefore: this.#oidBefore, oidAfter };
  }

  async commit(): Promise<void> {
    await commit(this.#backend);
  }

  async rollback(): Promise<void> {
    await this.#backend.run("ROLLBACK");
  }

  /** Whatever `task` does to the transaction is undone. */
  async #aside<T>(settings: string, task: () => Promise<T>): Promise<T> {
    await this.#backend.run("SAVEPOINT pg_tide_aside");
    try {
      await this.#backend.run(settings);
      return await task();
    } finally {
      await this.#backend.run("ROLLBACK TO pg_tide_aside; RELEASE pg_tide_aside");
    }
  }

  #forgetAfter(name: string): void {
    const names = [...this.#savepoints.keys()];
    for (const later of names.slice(names.indexOf(name) + 1)) this.#savepoints.delete(later);
  }

  async #oids(): Promise<Oids> {
    const [oids] = await this.#backend.rows<Oids>(ALL_OIDS);
    assert(oids !== undefined, "no state of a definition");
    return oids;
  }

  async #nextOid(settings: ShadowSettings): Promise<number> {
    await this.#runner.use(settings);
    return await asSuperuser(this.#backend, this.#runner, async () => await nextOid(this.#backend));
  }
}

/** A journaled definition that is executed again and can still be taken back. */
export class Redone {
  readonly #backend: Backend;

  private constructor(backend: Backend) {
    this.#backend = backend;
  }

  /** @throws when the OIDs come out otherwise. */
  static async begin(backend: Backend, definition: Definition): Promise<Redone> {
    await beginTransaction(backend);
    try {
      await advanceOids(backend, definition.oidBefore);
      const runner = await StatementRunner.begin(backend, definition.settings);
      for (const statement of definition.statements) {
        const { oidBefore } = statement;
        if (oidBefore !== undefined) {
          await asSuperuser(backend, runner, async () => await advanceOids(backend, oidBefore));
        }
        await runner.execute(statement, statement.settings ?? definition.settings);
      }
      await backend.run("SET CONSTRAINTS ALL IMMEDIATE; RESET ROLE");
      await reachOids(backend, definition.oidAfter);
      return new Redone(backend);
    } catch (cause) {
      await backend.run("ROLLBACK");
      throw cause;
    }
  }

  async commit(): Promise<void> {
    await commit(this.#backend);
  }

  async rollback(): Promise<void> {
    await this.#backend.run("ROLLBACK");
  }
}

/** Executes a journaled definition again. @throws when the OIDs come out otherwise. */
export async function replay(backend: Backend, definition: Definition): Promise<void> {
  const redone = await Redone.begin(backend, definition);
  await redone.commit();
}

/** Trees of statements that functions run are nobody's business. */
async function beginTransaction(backend: Backend): Promise<void> {
  await backend.run(
    "BEGIN; SET LOCAL ROLE NONE; SET LOCAL debug_print_rewritten = off;" +
      " SET LOCAL client_min_messages = notice",
  );
}

async function commit(backend: Backend): Promise<void> {
  const answer = await backend.run("COMMIT");
  assert(answer.tags[0] === "COMMIT", "a definition did not commit");
}

/** As a superuser. */
export async function nextOid(backend: Backend): Promise<number> {
  return Number(firstColumn(await backend.run(`SELECT pg_catalog.${NEXT_OID}`))[0]);
}

/** Where the counter must be when all is done. Undone statements at the end may have moved it. */
async function reachOids(backend: Backend, target: number): Promise<void> {
  const after = await nextOid(backend);
  if (after === target) return;
  throw new SqlError("XX001", "a definition gives other OIDs when it is replayed", {
    detail: `The counter is at ${after}, and was at ${target}.`,
  });
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
  await movedOids(backend, current, target);
}

async function movedOids(backend: Backend, current: number, target: number): Promise<number> {
  const steps = `pg_catalog.generate_series(1, ${target - current})`;
  const sql = `SELECT pg_catalog.max(pg_catalog.${NEXT_OID}::int8) FROM ${steps}`;
  const reached = Number(firstColumn(await backend.run(sql))[0]);
  assert(reached === target, `the OID counter reached ${reached}, not ${target}`);
  return reached;
}

function missing<T>(before: readonly T[], now: readonly T[]): readonly T[] {
  const present = new Set(now);
  return before.filter((item) => !present.has(item));
}
