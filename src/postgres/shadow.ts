/**
 * The embedded PostgreSQL as the rest of the server sees it: it analyses statements, answers
 * queries over catalogues, and executes definitions. It holds no user data and no password.
 *
 * Two workers, each with the same definitions: one analyses, the other, started at first need, runs
 * catalogue queries and can be killed without disturbing the first. A transaction that defines
 * something gets a worker of its own (fork.ts).
 */

import { Semaphore } from "../base/async.ts";
import type {
  AnalyseRequest,
  Analysis,
  CatalogQueryRequest,
  CatalogQueryResult,
  Definition,
  DefinitionChanges,
  DefinitionOutcome,
  SettingDefault,
  ShadowFunction,
  ShadowSettings,
} from "./analysis.ts";
import { AnalysisCache } from "./analysis-cache.ts";
import { adaptCurrentSchema, adaptOlderClients, adaptSessionUser } from "./client-text.ts";
import { executeSources } from "./execute-sources.ts";
import { ShadowFork } from "./fork.ts";
import { KnownObjects } from "./known-objects.ts";
import type { StartSettings } from "./pglite.ts";
import type { ShadowRelation } from "./relation.ts";
import type { ShadowRoles } from "./role.ts";
import { quoteIdentifier } from "./settings-sql.ts";
import { type Call, ShadowWorker } from "./shadow-worker.ts";
import type { Decide, DefinitionSource, ShadowView, Verdict } from "./view.ts";
import { WorkerPair } from "./worker-pair.ts";

export interface ShadowOptions {
  /** What has been defined so far, in order. */
  readonly definitions: readonly Definition[];
  /** How long one analysis may take before its worker is taken for dead. Default 30 s. */
  readonly analysisDeadlineMs?: number;
  /** The same for a catalogue query, which ends with 57014. Default 60 s. */
  readonly queryDeadlineMs?: number;
  readonly cacheBytesMax?: number;
  /** How many transactions may have definitions of their own at a time. Default 4. */
  readonly forksMax?: number;
}

const ANALYSIS_SETTINGS = {
  debug_print_rewritten: "on",
  debug_print_parse: "off",
  debug_pretty_print: "off",
  client_min_messages: "log",
};
const FORKS_MAX = 4;
/** A new worker costs more than most analyses. */
const ANALYSIS_ABORTED_MS = 300;

export class Shadow implements ShadowView {
  readonly #options: ShadowOptions;
  /** Definitions are executed in the first of them. */
  readonly #analysers: WorkerPair;
  readonly #catalog: WorkerPair;
  readonly #definitions: Definition[];
  readonly #cache: AnalysisCache;
  readonly #settingDefaults = new Map<string, SettingDefault>();
  readonly #forkSlots: Semaphore;
  readonly #forkWorkers = new Set<ShadowWorker>();
  #known = new KnownObjects();
  /** Started ahead of need, once a first fork was needed. */
  #spare: ShadowWorker | undefined;
  #spareStart: Promise<void> = Promise.resolve();
  #number = 0;
  #lastNumber = 0;
  #workersMade = 0;
  #isClosed = false;

  private constructor(options: ShadowOptions) {
    this.#options = options;
    this.#definitions = [...options.definitions];
    this.#cache = new AnalysisCache(options.cacheBytesMax ?? 64 * 1024 * 1024);
    this.#forkSlots = new Semaphore(options.forksMax ?? FORKS_MAX);
    const analysisDeadlineMs = options.analysisDeadlineMs ?? 30_000;
    const analyser = () =>
      this.#worker("analysis", ANALYSIS_ABORTED_MS, ANALYSIS_SETTINGS, analysisDeadlineMs);
    this.#analysers = new WorkerPair(analyser(), analyser());
    const queries = () => this.#worker("catalog", 0, {}, options.queryDeadlineMs ?? 60_000);
    this.#catalog = new WorkerPair(queries(), queries());
  }

  /** The caller closes it. @throws SqlError XX001 when a definition cannot be replayed. */
  static async start(options: ShadowOptions): Promise<Shadow> {
    const shadow = new Shadow(options);
    try {
      const state = await shadow.#analysis.use(async (call) => await call("state", null));
      const byOid = <T extends { readonly oid: number }>(one: T) => [one.oid, one] as const;
      const { relations, functions, schemas, roles, settings } = state;
      shadow.#known = new KnownObjects(relations.map(byOid), functions.map(byOid), schemas, roles);
      for (const one of settings) shadow.#settingDefaults.set(one.name.toLowerCase(), one);
    } catch (cause) {
      await shadow.close();
      throw cause;
    }
    return shadow;
  }

  get catalogueNumber(): number {
    return this.#number;
  }

  get #analysis(): ShadowWorker {
    return this.#analysers.first;
  }

  get #workers(): ShadowWorker[] {
    const spare = this.#spare === undefined ? [] : [this.#spare];
    const pairs = [this.#analysers, this.#catalog].flatMap(({ first, second }) => [first, second]);
    return [...pairs, ...this.#forkWorkers, ...spare];
  }

  /** One that neither the server's definitions nor any transaction's have had. */
  newNumber(): number {
    this.#lastNumber += 1;
    return this.#lastNumber;
  }

  async analyse(request: AnalyseRequest, signal?: AbortSignal): Promise<Analysis> {
    const known = this.#cache.get(request, this.catalogueNumber);
    if (known !== undefined) return known;
    const text = adaptOlderClients(request.text);
    return await this.#analysers.use(async (call) => {
      // Many may have waited to ask the same.
      const found = this.#cache.get(request, this.catalogueNumber);
      if (found !== undefined) return found;
      const number = this.catalogueNumber;
      const analysis = await call("analyse", { ...request, text });
      this.#cache.put(request, number, analysis);
      return analysis;
    }, signal);
  }

  /** Aborting kills the worker. */
  async catalogQuery(
    request: CatalogQueryRequest,
    signal?: AbortSignal,
  ): Promise<CatalogQueryResult> {
    const { facts } = request;
    const renamed = adaptCurrentSchema(adaptOlderClients(request.text), facts?.currentSchema);
    const text = adaptSessionUser(renamed, facts?.sessionUser);
    const query = { ...request, text };
    return await this.#catalog.use(async (call) => await call("query", query), signal);
  }

  /**
   * Executes statements in one transaction, which nobody else sees before `decide` has returned.
   * Whatever it throws, as any error of a statement, rolls everything back. Nothing is analysed
   * meanwhile, so `decide` must not ask for an analysis.
   */
  async define(
    sources: readonly DefinitionSource[],
    settings: ShadowSettings,
    decide: Decide<DefinitionOutcome>,
  ): Promise<DefinitionOutcome> {
    return await this.#analysis.use(async (call) => {
      await call("begin", { settings });
      return await this.#decided(call, decide, async () => {
        const step = await executeSources(sources, call);
        return { ...step, definition: await call("definition", null) };
      });
    });
  }

  /**
   * The same for what a fork has executed: it is executed again here, before `decide` is asked, so
   * that what is decided can be replayed.
   */
  async adopt(
    { definition, ...step }: DefinitionOutcome,
    decide: Decide<DefinitionOutcome>,
  ): Promise<DefinitionOutcome> {
    return await this.#analysis.use(async (call) => {
      await call("redo", definition);
      return await this.#decided(call, decide, async () => ({ ...step, definition }));
    });
  }

  /**
   * A worker for one transaction's definitions; waits while there are too many. Until it is
   * ended nothing else may be defined.
   */
  async fork(settings: ShadowSettings, signal?: AbortSignal): Promise<ShadowFork> {
    const release = await this.#forkSlots.acquire(signal);
    const worker = this.#spare ?? this.#forkWorker();
    this.#spare = undefined;
    this.#forkWorkers.add(worker);
    const end = async () => {
      this.#forkWorkers.delete(worker);
      await worker.close();
      release();
    };
    try {
      const taken = await this.#analysis.use(async (call) => await call("next-oid", null));
      const oidAtLeast = taken + 1;
      await worker.use(async (call) => {
        await call("begin", { settings, oidAtLeast });
        worker.pin();
      }, signal);
    } catch (cause) {
      await end();
      throw cause;
    }
    return new ShadowFork(this, worker, this.#known.copy(), async () => {
      await end();
      this.#startSpare();
    });
  }

  relations(): ReadonlyMap<number, ShadowRelation> {
    return this.#known.relations;
  }

  functions(): ReadonlyMap<number, ShadowFunction> {
    return this.#known.functions;
  }

  schemas(): ReadonlySet<string> {
    return this.#known.schemas;
  }

  roles(): ShadowRoles {
    return this.#known.roles;
  }

  settingDefaults(): ReadonlyMap<string, SettingDefault> {
    return this.#settingDefaults;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const forks = this.#workers;
    await Promise.all([this.#analysers.close(), this.#catalog.close()]);
    await Promise.all(forks.map(async (worker) => await worker.close()));
    await this.#spareStart;
  }

  /** A session's temporary objects, all of them; nothing is left of how they were made. */
  async dropTemporary(schema: string, settings: ShadowSettings): Promise<void> {
    const sql = `DROP SCHEMA IF EXISTS ${quoteIdentifier(schema)} CASCADE`;
    await this.define([{ sql, isOurs: true }], settings, async () => ({ temporary: schema }));
    const held = Math.min(...this.#workers.map((worker) => worker.held));
    const last = this.#definitions.length - 1;
    this.#definitions.forEach((definition, at) => {
      if (at < last) this.#definitions[at] = withoutTemporary(definition, schema);
      // The others have no such schema and need not drop it.
      else if (at < held) this.#definitions[at] = { ...definition, statements: [] };
    });
  }

  /** Ends the open definition as `decide` says. */
  async #decided(
    call: Call,
    decide: Decide<DefinitionOutcome>,
    execute: () => Promise<DefinitionOutcome>,
  ): Promise<DefinitionOutcome> {
    let outcome: DefinitionOutcome;
    let verdict: Verdict;
    try {
      outcome = await execute();
      verdict = (await decide(outcome)) as Verdict;
      if (verdict === "undo") {
        await this.#rollBack(call);
        return outcome;
      }
    } catch (cause) {
      await this.#rollBack(call);
      throw cause;
    }
    const { definition } = outcome;
    const schema = typeof verdict === "object" ? verdict.temporary : undefined;
    this.#definitions.push(schema === undefined ? definition : temporary(definition, schema));
    this.#install(outcome);
    // Decided. A worker that fails now is replaced by one that replays it.
    await call("end", "commit").then(
      () => this.#analysis.markCurrent(),
      async () => await this.#analysis.discard(),
    );
    return outcome;
  }

  /** A worker that cannot even roll back is replaced. */
  async #rollBack(call: Call): Promise<void> {
    await call("end", "rollback").catch(async () => await this.#analysis.discard());
  }

  #install(changes: DefinitionChanges): void {
    this.#known.apply(changes);
    this.#number = this.newNumber();
  }

  #startSpare(): void {
    if (this.#isClosed || this.#spare !== undefined) return;
    const spare = this.#forkWorker();
    this.#spare = spare;
    // Whoever needs it tries again.
    this.#spareStart = spare.use(async () => {}).catch(() => undefined);
  }

  #forkWorker(): ShadowWorker {
    return this.#worker("fork", undefined, {}, this.#options.queryDeadlineMs ?? 60_000);
  }

  #worker(
    name: string,
    abortedMsMax: number | undefined,
    settings: StartSettings,
    deadlineMs: number,
  ): ShadowWorker {
    this.#workersMade += 1;
    return new ShadowWorker({
      definitions: () => this.#definitions,
      queueLengthMax: 1000,
      name: `${name}-${this.#workersMade}`,
      abortedMsMax,
      settings,
      deadlineMs,
    });
  }
}

function temporary(definition: Definition, schema: string): Definition {
  const statements = definition.statements.map((one) => ({ ...one, temporary: schema }));
  return { ...definition, statements };
}

/** The same place in the list, so that workers know how far they are. */
function withoutTemporary(definition: Definition, schema: string): Definition {
  if (!definition.statements.some((one) => one.temporary === schema)) return definition;
  const statements = definition.statements.filter((one) => one.temporary !== schema);
  return { ...definition, statements };
}
