/**
 * The embedded PostgreSQL of one transaction that defines something: a worker of its own, inside
 * one open transaction, which only that session asks until the end.
 */

import { assert } from "../base/errors.ts";
import type {
  AnalyseRequest,
  Analysis,
  CatalogQueryRequest,
  CatalogQueryResult,
  DefinitionChanges,
  DefinitionOutcome,
  DefinitionStep,
  SettingDefault,
  ShadowFunction,
  ShadowSettings,
} from "./analysis.ts";
import { AnalysisCache } from "./analysis-cache.ts";
import { adaptCurrentSchema, adaptOlderClients, adaptSessionUser } from "./client-text.ts";
import { executeSources } from "./execute-sources.ts";
import type { KnownObjects } from "./known-objects.ts";
import type { ShadowRelation } from "./relation.ts";
import type { ShadowRoles } from "./role.ts";
import type { ShadowWorker } from "./shadow-worker.ts";
import type { Decide, DefinitionSource, ShadowView } from "./view.ts";

const CACHE_BYTES = 4 * 1024 * 1024;
/** Around each step, so that one that fails leaves nothing. */
const STEP = "pg_tide_step";

/** What it comes from and returns to. */
export interface ForkOrigin {
  newNumber(): number;
  settingDefaults(): ReadonlyMap<string, SettingDefault>;
  adopt(outcome: DefinitionOutcome, decide: Decide<DefinitionOutcome>): Promise<unknown>;
}

interface Savepoint {
  readonly knownDepth: number;
  readonly steps: number;
}

export class ShadowFork implements ShadowView {
  readonly #origin: ForkOrigin;
  readonly #worker: ShadowWorker;
  readonly #known: KnownObjects;
  readonly #end: () => Promise<void>;
  readonly #cache = new AnalysisCache(CACHE_BYTES);
  readonly #savepoints: Savepoint[] = [];
  #steps: DefinitionStep[] = [];
  #number: number;
  #isEnded = false;

  /** By `Shadow.fork`. */
  constructor(
    origin: ForkOrigin,
    worker: ShadowWorker,
    known: KnownObjects,
    end: () => Promise<void>,
  ) {
    this.#origin = origin;
    this.#worker = worker;
    this.#known = known;
    this.#end = end;
    this.#number = origin.newNumber();
  }

  get catalogueNumber(): number {
    return this.#number;
  }

  async analyse(request: AnalyseRequest, signal?: AbortSignal): Promise<Analysis> {
    const known = this.#cache.get(request, this.#number);
    if (known !== undefined) return known;
    const text = adaptOlderClients(request.text);
    return await this.#worker.use(async (call) => {
      const analysis = await call("analyse", { ...request, text });
      this.#cache.put(request, this.#number, analysis);
      return analysis;
    }, signal);
  }

  /** An aborted query runs on, and the next call waits for its end. */
  async catalogQuery(
    request: CatalogQueryRequest,
    signal?: AbortSignal,
  ): Promise<CatalogQueryResult> {
    const { facts } = request;
    const renamed = adaptCurrentSchema(adaptOlderClients(request.text), facts?.currentSchema);
    const text = adaptSessionUser(renamed, facts?.sessionUser);
    return await this.#worker.use(
      async (call) => await call("query", { ...request, text }),
      signal,
    );
  }

  /**
   * Executes statements, all or none. What `decide` throws, as an error of a statement, undoes
   * them; they are not seen by anybody before it has returned.
   */
  async execute(
    sources: readonly DefinitionSource[],
    settings: ShadowSettings,
    decide: Decide<DefinitionStep>,
  ): Promise<DefinitionStep> {
    return await this.#worker.use(async (call) => {
      await call("savepoint", STEP);
      let step: DefinitionStep;
      try {
        step = await executeSources(sources, call, settings);
        const verdict = await decide(step);
        if (verdict === "undo") {
          await call("rollback-to", STEP);
          return step;
        }
        if (typeof verdict === "object") {
          await call("temporary", { savepoint: STEP, schema: verdict.temporary });
        }
      } catch (cause) {
        await call("rollback-to", STEP);
        throw cause;
      }
      await call("release", STEP);
      this.#steps.push(step);
      this.#known.apply(step, true);
      this.#number = this.#origin.newNumber();
      return step;
    });
  }

  /** How many savepoints there are: the next one has this number. */
  get depth(): number {
    return this.#savepoints.length;
  }

  async savepoint(): Promise<void> {
    const name = savepointName(this.depth);
    await this.#worker.use(async (call) => await call("savepoint", name));
    this.#savepoints.push({ knownDepth: this.#known.depth, steps: this.#steps.length });
  }

  /** Savepoint `depth` stays, later ones do not. */
  async rollbackTo(depth: number): Promise<void> {
    const savepoint = this.#savepoints[depth];
    assert(savepoint !== undefined, "no such savepoint in a fork");
    await this.#worker.use(async (call) => await call("rollback-to", savepointName(depth)));
    this.#savepoints.length = depth + 1;
    this.#known.undoTo(savepoint.knownDepth);
    this.#steps.length = savepoint.steps;
    this.#number = this.#origin.newNumber();
  }

  /** Savepoint `depth` and later ones go, what was executed stays. */
  async release(depth: number): Promise<void> {
    await this.#worker.use(async (call) => await call("release", savepointName(depth)));
    this.#savepoints.length = depth;
  }

  /**
   * Makes its definitions the server's; `decide` as in `Shadow.define`. The fork is to be
   * discarded afterwards in any case.
   */
  async commit(decide: Decide<DefinitionOutcome>): Promise<void> {
    if (this.#steps.length === 0) return;
    const definition = await this.#worker.use(async (call) => await call("definition", null));
    const last = this.#steps.at(-1);
    const notices = this.#steps.flatMap((step) => step.notices);
    const outcome = { ...sum(this.#steps), notices, tag: last?.tag ?? "", definition };
    await this.#origin.adopt(outcome, decide);
  }

  /** Twice is harmless. */
  async discard(): Promise<void> {
    if (this.#isEnded) return;
    this.#isEnded = true;
    await this.#end();
  }

  relations(): ReadonlyMap<number, ShadowRelation> {
    return this.#known.relations;
  }

  functions(): ReadonlyMap<number, ShadowFunction> {
    return this.#known.functions;
  }

  roles(): ShadowRoles {
    return this.#known.roles;
  }

  schemas(): ReadonlySet<string> {
    return this.#known.schemas;
  }

  settingDefaults(): ReadonlyMap<string, SettingDefault> {
    return this.#origin.settingDefaults();
  }
}

function savepointName(depth: number): string {
  return `pg_tide_savepoint_${depth}`;
}

/** What steps come to together. */
function sum(steps: readonly DefinitionStep[]): DefinitionChanges {
  const relations = new Map<number, ShadowRelation>();
  const functions = new Map<number, ShadowFunction>();
  const schemas = new Set<string>();
  const dropped = { relations: new Set<number>(), functions: new Set<number>() };
  const droppedSchemas = new Set<string>();
  const roles = steps.findLast((step) => step.roles !== undefined)?.roles;
  for (const step of steps) {
    for (const relation of step.relations) relations.set(relation.oid, relation);
    for (const entry of step.functions) functions.set(entry.oid, entry);
    for (const oid of step.droppedRelationOids) {
      relations.delete(oid);
      dropped.relations.add(oid);
    }
    for (const oid of step.droppedFunctionOids) {
      functions.delete(oid);
      dropped.functions.add(oid);
    }
    for (const name of step.schemas) {
      schemas.add(name);
      droppedSchemas.delete(name);
    }
    for (const name of step.droppedSchemas) {
      schemas.delete(name);
      droppedSchemas.add(name);
    }
  }
  return {
    relations: [...relations.values()],
    functions: [...functions.values()],
    schemas: [...schemas],
    ...(roles && { roles }),
    droppedRelationOids: [...dropped.relations],
    droppedFunctionOids: [...dropped.functions],
    droppedSchemas: [...droppedSchemas],
  };
}
