/**
 * From a statement's text to what executes it: our own verbs by our grammar, everything else by
 * PostgreSQL's analysis, and then the way it goes: DuckDB, the embedded PostgreSQL, or a handler
 * here.
 */

import { SqlError } from "../base/errors.ts";
import { compileSelect } from "../compile/compile.ts";
import type { NodeObject } from "../compile/node-text.ts";
import { parseOwnStatement } from "../compile/own-grammar.ts";
import type { OwnStatement } from "../compile/own-statements.ts";
import type { Plan, RelationInfo } from "../compile/plan.ts";
import { mayBeKnownRow } from "../compile/scalars.ts";
import { withRowCalls } from "../compile/sequence-rows.ts";
import { type StatementText, splitStatements } from "../compile/split.ts";
import { tokenize } from "../compile/tokens.ts";
import { type QueryNode, readQuery } from "../compile/tree.ts";
import type { AnalyseRequest, Analysis } from "../postgres/analysis.ts";
import { factsNeeded, isComputedByPlanning } from "../postgres/containment.ts";
import type { ShadowView } from "../postgres/view.ts";
import type { FieldDescription } from "../types/field.ts";
import { appendFields } from "./append-result.ts";
import { compileContext } from "./compile-context.ts";
import { withQuotedFormat } from "./copy/copy-text.ts";
import { prepareCopy } from "./copy/prepare-copy.ts";
import { effectQuery } from "./effect-query.ts";
import { type CompileFor, compiledOrLate, isRefused } from "./late-statement.ts";
import { asksForChannels, notifyCalls } from "./notify-call.ts";
import { OPTIMIZE_FIELDS } from "./optimize-report.ts";
import { type Insertion, qualifyOwnFunctions, unshiftPosition } from "./own-functions.ts";
import { prepareChange } from "./prepare-change.ts";
import { LiteralInserts } from "./prepare-literals.ts";
import { analysedAs } from "./privileges/analysed.ts";
import { type Route, routeOf } from "./route.ts";
import { isScrollable } from "./scrollable.ts";
import type { Settings } from "./settings.ts";
import { shownHere } from "./shown-setting.ts";
import type { Change, Prepared, Statement } from "./statement.ts";
import type { Tables } from "./tables.ts";
import { withTemporarySchema } from "./temporary-path.ts";
import { classifyUtility, explainedText, isAnalyzing, notBuilt } from "./utility.ts";
import { cursorDeclaration, declaredQuery } from "./utility-cursors.ts";
import { withDefaultMethod } from "./utility-tables.ts";
import { classifyQualified, isViewDefinition } from "./utility-views.ts";

/** A statement and the session state it is prepared under. */
interface Source {
  readonly statement: StatementText;
  readonly settings: Settings;
  readonly request: AnalyseRequest;
  /** What the request's text has more than the statement's. */
  readonly insertions: readonly Insertion[];
  readonly signal: AbortSignal | undefined;
}

export class Preparer {
  readonly #shadow: ShadowView;
  readonly #tables: Tables;
  /**
   * Analyses are cached, and so shared, for one set of settings and one catalogue: so are plans.
   */
  readonly #plans = new WeakMap<Analysis, Plan>();
  readonly #changes = new WeakMap<Analysis, Change>();

  readonly #literals: LiteralInserts;

  constructor(shadow: ShadowView, tables: Tables) {
    this.#shadow = shadow;
    this.#tables = tables;
    this.#literals = new LiteralInserts(shadow, tables);
  }

  /** Whatever was prepared under another number must be prepared again. */
  get catalogueNumber(): number {
    return this.#shadow.catalogueNumber;
  }

  /** @throws SqlError with the position in the statement's own text */
  async prepare(
    statement: StatementText,
    parameterOids: readonly number[],
    settings: Settings,
    signal?: AbortSignal,
  ): Promise<Prepared> {
    const { text, charactersBefore } = statement;
    const { catalogueNumber } = this;
    const base = { text, charactersBefore, catalogueNumber, settings: settings.shadow };
    const literal =
      statement.literals && (await this.#literals.prepare(statement.literals, settings, signal));
    if (literal !== undefined) {
      const { analysis, change, recompile } = literal;
      const { fields, notices } = analysis;
      const insert: Statement = { kind: "change", change, recompile };
      analysedAs(insert, [analysis]);
      return { ...base, statement: insert, parameterOids, fields, notices };
    }
    const own = parseOwnStatement(statement);
    if (own !== undefined) {
      const fields = this.#ownFields(own, settings);
      return { ...base, statement: { kind: "own", own }, parameterOids, fields, notices: [] };
    }
    const quoted = withQuotedFormat(withRealSchema(statement, settings));
    const qualified = qualifyOwnFunctions(quoted.statement, (table) =>
      this.#tables.requireOid(table, settings),
    );
    const insertions = [...qualified.insertions, ...quoted.insertions];
    const request = { text: qualified.text, parameterOids, settings: settings.shadow };
    try {
      const analysis = await this.#shadow.analyse(request, signal);
      const source = { statement, settings, request, insertions, signal };
      const prepared = analysedAs(await this.#classify(source, analysis), [analysis]);
      const { parameterOids: found, fields, notices } = analysis;
      return { ...base, statement: prepared, parameterOids: found, fields, notices };
    } catch (cause) {
      const shown = shownHere(cause, settings);
      if (shown !== undefined) return { ...base, ...shown, parameterOids, notices: [] };
      if (!(cause instanceof SqlError) || insertions.length === 0) throw cause;
      const fields = unshiftPosition(cause.fields, insertions);
      throw new SqlError(fields.sqlState, fields.message, { ...fields, cause });
    }
  }

  #ownFields(own: OwnStatement, settings: Settings): readonly FieldDescription[] | undefined {
    if (own.kind === "optimize-tstable") return OPTIMIZE_FIELDS;
    if (own.kind !== "append-parquet") return undefined;
    return appendFields(this.#tables.require(own.table, settings).info);
  }

  async #classify(source: Source, analysis: Analysis): Promise<Statement> {
    const change = this.#changes.get(analysis);
    if (change !== undefined) return this.#changing(analysis, change);
    const query = readQuery(analysis.tree);
    const utility = query.utilityStmt as NodeObject | null;
    if (query.commandType === 6 && utility !== null) {
      if (utility.tag === "EXPLAINSTMT") return await this.#explain(source, utility);
      if (utility.tag === "COPYSTMT") return await this.#copy(source, utility);
      if (utility.tag === "DECLARECURSORSTMT") {
        return await this.#declare(source, utility, analysis.parameterOids);
      }
      if (source.insertions.length > 0 && isViewDefinition(utility)) {
        return classifyQualified(utility, source);
      }
      const method = source.settings.get("default_table_access_method");
      return classifyUtility(withDefaultMethod(utility, method), source.statement);
    }
    if (query.hasModifyingCTE) {
      throw notBuilt("a data-modifying WITH", "Run the changes as statements of their own.");
    }
    if (query.commandType === 1) return this.#select(source, analysis, query);
    const compile: CompileFor = (settings, parameterValue) => {
      const made = prepareChange(query, settings, this.#tables, parameterValue);
      if (parameterValue === undefined) this.#changes.set(analysis, made);
      return this.#changing(analysis, made);
    };
    return compiledOrLate(compile, analysis, source.settings);
  }

  #changing(analysis: Analysis, change: Change): Statement {
    const recompile = (settings: Settings) =>
      prepareChange(readQuery(analysis.tree), settings, this.#tables);
    return { kind: "change", change, recompile };
  }

  #select(source: Source, analysis: Analysis, query: QueryNode): Statement {
    const effects = effectQuery(source.request, analysis, query);
    if (effects !== undefined) return effects;
    if (asksForChannels(query)) return { kind: "listening-channels" };
    const notify = notifyCalls(query);
    if (notify !== undefined) {
      if ("calls" in notify) return { kind: "notify-call", calls: notify.calls };
      const plan = compileSelect(notify.query, compileContext(source.settings, this.#tables));
      return { kind: "notify-query", plan };
    }
    const route = routeOf(analysis.tree, this.#tables);
    switch (route.kind) {
      case "compile":
        return this.#sequenceRows(source, query) ?? this.#compiledOrLate(source, analysis, query);
      case "catalog":
        return this.#knownRow(source, analysis, query) ?? catalogQuery(source.request, analysis);
      case "compile-first":
        return this.#compileFirst(source, analysis, query, route);
    }
  }

  /** `SELECT setval('s', max(id)) FROM t`. */
  #sequenceRows(source: Source, query: QueryNode): Statement | undefined {
    const made = withRowCalls(query);
    if (made === undefined) return undefined;
    const plan = compileSelect(made.query, compileContext(source.settings, this.#tables));
    return { kind: "sequence-rows", plan, calls: made.calls };
  }

  /** `SELECT 1`, `SELECT $1`: needs nobody. */
  #knownRow(source: Source, analysis: Analysis, query: QueryNode): Statement | undefined {
    if (!mayBeKnownRow(query)) return undefined;
    try {
      const statement = this.#compiled(source, analysis, query);
      return statement.kind === "select" && statement.plan.row !== undefined
        ? statement
        : undefined;
    } catch (cause) {
      if (!isRefused(cause)) throw cause;
      return undefined;
    }
  }

  /** What DuckDB can compute goes there; the rest to PostgreSQL itself, when it may. */
  #compileFirst(
    source: Source,
    analysis: Analysis,
    query: QueryNode,
    route: Extract<Route, { kind: "compile-first" }>,
  ): Statement {
    try {
      return this.#compiled(source, analysis, query);
    } catch (cause) {
      if (!isRefused(cause)) throw cause;
      if (route.mayRunInCatalog) return catalogQuery(source.request, analysis);
    }
    try {
      return this.#compiledOrLate(source, analysis, query);
    } catch (cause) {
      throw withoutTables(cause);
    }
  }

  #compiledOrLate(source: Source, analysis: Analysis, query: QueryNode): Statement {
    const compile: CompileFor = (settings, parameterValue) => {
      if (parameterValue === undefined) return this.#compiled(source, analysis, query);
      const plan = compileSelect(query, compileContext(settings, this.#tables, parameterValue));
      return { kind: "select", plan, recompile: () => plan };
    };
    return compiledOrLate(compile, analysis, source.settings);
  }

  #compiled(source: Source, analysis: Analysis, query: QueryNode): Statement {
    const recompile = (settings: Settings) =>
      compileSelect(readQuery(analysis.tree), compileContext(settings, this.#tables));
    return { kind: "select", plan: this.#plan(source, analysis, query), recompile };
  }

  #plan(source: Source, analysis: Analysis, query: QueryNode): Plan {
    const known = this.#plans.get(analysis);
    if (known !== undefined) return known;
    const plan = compileSelect(query, compileContext(source.settings, this.#tables));
    this.#plans.set(analysis, plan);
    return plan;
  }

  async #copy(
    { statement, settings, request, signal }: Source,
    node: NodeObject,
  ): Promise<Statement> {
    const { text } = request;
    const analysed =
      text === statement.text ? statement : { ...statement, text, tokens: tokenize(text) };
    const analyses: Analysis[] = [];
    const analyse = async (asked: AnalyseRequest) => {
      const analysis = await this.#shadow.analyse(asked, signal);
      analyses.push(analysis);
      return analysis;
    };
    const copy = await prepareCopy(node, {
      statement: analysed,
      prepare: async (inner) => await this.prepare(inner, [], settings, signal),
      analyse: async (text) => await analyse({ ...request, text }),
      program: async (text) => {
        const { tree } = await analyse({ ...request, text, parameterOids: [] });
        return prepareChange(readQuery(tree), settings, this.#tables).rows?.program;
      },
      find: (name) => this.#tables.findRelation(name, settings),
      timeColumn: (oid) => timeColumnOf(this.#tables.relation(oid)),
    });
    return analysedAs(copy, analyses);
  }

  /** Its query is analysed by itself, as that of EXPLAIN. */
  async #declare(
    { statement, settings, signal }: Source,
    node: NodeObject,
    parameterOids: readonly number[],
  ): Promise<Statement> {
    const text = declaredQuery(statement);
    const query = await this.prepare(text, parameterOids, settings, signal);
    const canGoBack = isScrollable(node["query"]);
    const declaration = cursorDeclaration(node);
    return { kind: "declare-cursor", declaration, query, canGoBack };
  }

  /**
   * The printed inner tree is not rewritten (no policies, no views): its text is analysed by
   * itself.
   */
  async #explain(source: Source, node: NodeObject): Promise<Statement> {
    const { statement, request } = source;
    const start = explainedText(statement);
    const inner = splitStatements(statement.text.slice(start))[0];
    if (inner === undefined) throw notBuilt("this form of EXPLAIN");
    const prepared = await this.prepare(
      // As it stands: EXPLAIN shows the plan that its own analysis gives.
      { text: inner.text, charactersBefore: 0, tokens: inner.tokens },
      request.parameterOids,
      source.settings,
      source.signal,
    );
    return { kind: "explain", query: prepared.statement, isAnalyze: isAnalyzing(node) };
  }
}

/** A query without tables: what refuses it need not speak of them. */
function withoutTables(cause: unknown): unknown {
  if (!(cause instanceof SqlError) || !isRefused(cause)) return cause;
  const plain = / on these tables$/;
  if (!plain.test(cause.message)) return cause;
  return new SqlError("0A000", cause.message.replace(plain, ""), { cause });
}

function timeColumnOf(relation: RelationInfo | undefined): string | undefined {
  return relation?.columns.find(({ number }) => number === relation.timeColumn)?.name;
}

function catalogQuery(request: AnalyseRequest, { tree, notices }: Analysis): Statement {
  const isConstant = isComputedByPlanning(tree);
  return { kind: "catalog-query", request, factsNeeded: factsNeeded(tree), isConstant, notices };
}

/** `pg_temp.t` under the schema's real name, where there is one. */
function withRealSchema(statement: StatementText, settings: Settings): StatementText {
  const { temporarySchema: schema } = settings;
  if (schema === undefined || !statement.text.includes("pg_temp")) return statement;
  const text = withTemporarySchema(statement, schema);
  return text === statement.text ? statement : { ...statement, text, tokens: tokenize(text) };
}
