/**
 * The embedded PostgreSQL as the rest of the server sees it: it analyses statements, answers
 * queries over catalogues, and executes definitions. It holds no user data and no password.
 *
 * Two workers, each with the same definitions: one analyses, the other, started at first need, runs
 * catalogue queries and can be killed without disturbing the first.
 */

import { mkdir, rm } from "node:fs/promises";
import type {
  AnalyseRequest,
  Analysis,
  CatalogQueryRequest,
  CatalogQueryResult,
  Definition,
  DefinitionChanges,
  DefinitionOutcome,
  DefinitionStatement,
  SettingDefault,
  ShadowFunction,
  ShadowRelation,
  ShadowSettings,
} from "./analysis.ts";
import { AnalysisCache } from "./analysis-cache.ts";
import { adaptRenamedColumns, adaptSessionUser } from "./client-text.ts";
import { type Call, ShadowWorker } from "./shadow-worker.ts";
import { templateDirectory } from "./template.ts";
import type { ShadowState } from "./worker-protocol.ts";

export interface ShadowOptions {
  /** For the workers' private directories; emptied at start and at the end. */
  readonly directory: string;
  /** What has been defined so far, in order. */
  readonly definitions: readonly Definition[];
  /** Default: the one `npm run build` made. */
  readonly template?: string;
  /** How long one analysis may take before its worker is taken for dead. Default 30 s. */
  readonly analysisDeadlineMs?: number;
  /** The same for a catalogue query, which ends with 57014. Default 60 s. */
  readonly queryDeadlineMs?: number;
  readonly cacheBytesMax?: number;
}

/** A statement, or a function that writes more of ours once the changes so far are known. */
export type DefinitionSource =
  | string
  | DefinitionStatement
  | ((changes: DefinitionChanges) => readonly DefinitionStatement[]);

const ANALYSIS_SETTINGS = {
  debug_print_rewritten: "on",
  debug_print_parse: "off",
  debug_pretty_print: "off",
  client_min_messages: "log",
};

export class Shadow {
  readonly #directory: string;
  readonly #analysis: ShadowWorker;
  readonly #catalog: ShadowWorker;
  readonly #definitions: Definition[];
  readonly #cache: AnalysisCache;
  readonly #relations = new Map<number, ShadowRelation>();
  readonly #functions = new Map<number, ShadowFunction>();
  readonly #settingDefaults = new Map<string, SettingDefault>();

  private constructor(options: ShadowOptions) {
    this.#directory = options.directory;
    this.#definitions = [...options.definitions];
    this.#cache = new AnalysisCache(options.cacheBytesMax ?? 64 * 1024 * 1024);
    const common = {
      directory: options.directory,
      template: options.template ?? templateDirectory,
      definitions: () => this.#definitions,
      queueLengthMax: 1000,
    };
    this.#analysis = new ShadowWorker({
      ...common,
      name: "analysis",
      isKilledByAbort: false,
      settings: ANALYSIS_SETTINGS,
      deadlineMs: options.analysisDeadlineMs ?? 30_000,
    });
    this.#catalog = new ShadowWorker({
      ...common,
      name: "catalog",
      isKilledByAbort: true,
      settings: {},
      deadlineMs: options.queryDeadlineMs ?? 60_000,
    });
  }

  /** The caller closes it. @throws SqlError XX001 when a definition cannot be replayed. */
  static async start(options: ShadowOptions): Promise<Shadow> {
    await rm(options.directory, { recursive: true, force: true });
    await mkdir(options.directory, { recursive: true });
    const shadow = new Shadow(options);
    try {
      shadow.#install(await shadow.#analysis.use(async (call) => await call("state", null)));
    } catch (cause) {
      await shadow.close();
      throw cause;
    }
    return shadow;
  }

  /** Raised by every definition: under another number a statement may have meant something else. */
  get catalogueNumber(): number {
    return this.#definitions.length;
  }

  /** @throws SqlError as PostgreSQL raises it, or 54001, 53000, 57014. */
  async analyse(request: AnalyseRequest, signal?: AbortSignal): Promise<Analysis> {
    const known = this.#cache.get(request, this.catalogueNumber);
    if (known !== undefined) return known;
    const text = adaptRenamedColumns(request.text);
    return await this.#analysis.use(async (call) => {
      const number = this.catalogueNumber;
      const analysis = await call("analyse", { ...request, text });
      this.#cache.put(request, number, analysis);
      return analysis;
    }, signal);
  }

  /**
   * Runs a query that `catalogRefusal` (containment.ts) has let through, or one of our own.
   * Aborting kills the worker and ends the query with 57014.
   */
  async catalogQuery(
    request: CatalogQueryRequest,
    signal?: AbortSignal,
  ): Promise<CatalogQueryResult> {
    const renamed = adaptRenamedColumns(request.text);
    const text = adaptSessionUser(renamed, request.facts?.sessionUser);
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
    decide: (outcome: DefinitionOutcome) => Promise<void>,
  ): Promise<DefinitionOutcome> {
    return await this.#analysis.use(async (call) => {
      await call("begin", settings);
      const outcome = await this.#decided(call, sources, decide);
      this.#definitions.push(outcome.definition);
      this.#apply(outcome);
      // Decided. A worker that fails now is replaced by one that replays it.
      await call("end", "commit").then(
        () => this.#analysis.markCurrent(),
        async () => await this.#analysis.discard(),
      );
      return outcome;
    });
  }

  /** Relations of the user and of ours (schema tstable), by OID. */
  relations(): ReadonlyMap<number, ShadowRelation> {
    return this.#relations;
  }

  /** Functions that initdb did not make, by OID. */
  functions(): ReadonlyMap<number, ShadowFunction> {
    return this.#functions;
  }

  /** By lower-case name. */
  settingDefaults(): ReadonlyMap<string, SettingDefault> {
    return this.#settingDefaults;
  }

  async close(): Promise<void> {
    await Promise.all([this.#analysis.close(), this.#catalog.close()]);
    await rm(this.#directory, { recursive: true, force: true });
  }

  async #decided(
    call: Call,
    sources: readonly DefinitionSource[],
    decide: (outcome: DefinitionOutcome) => Promise<void>,
  ): Promise<DefinitionOutcome> {
    try {
      for (const source of sources) {
        for (const statement of await statementsOf(source, call)) await call("execute", statement);
      }
      const outcome = await call("outcome", null);
      await decide(outcome);
      return outcome;
    } catch (cause) {
      // A worker that cannot even roll back is replaced; the error that counts is the first.
      await call("end", "rollback").catch(async () => await this.#analysis.discard());
      throw cause;
    }
  }

  #install(state: ShadowState): void {
    for (const relation of state.relations) this.#relations.set(relation.oid, relation);
    for (const entry of state.functions) this.#functions.set(entry.oid, entry);
    for (const setting of state.settings) {
      this.#settingDefaults.set(setting.name.toLowerCase(), setting);
    }
  }

  #apply(changes: DefinitionChanges): void {
    for (const relation of changes.relations) this.#relations.set(relation.oid, relation);
    for (const entry of changes.functions) this.#functions.set(entry.oid, entry);
    for (const oid of changes.droppedRelationOids) this.#relations.delete(oid);
    for (const oid of changes.droppedFunctionOids) this.#functions.delete(oid);
  }
}

async function statementsOf(
  source: DefinitionSource,
  call: Call,
): Promise<readonly DefinitionStatement[]> {
  if (typeof source === "string") return [{ sql: source, isOurs: false }];
  if (typeof source === "function") return source(await call("changes", null));
  return [source];
}
