/** The embedded server inside its worker thread: one exchange of messages at a time. */

import type { PGlite } from "@electric-sql/pglite";
import { SqlError } from "../base/errors.ts";
import type {
  AnalyseRequest,
  Analysis,
  CatalogQueryRequest,
  CatalogQueryResult,
  ShadowSettings,
} from "./analysis.ts";
import { type Answer, errorOf, firstColumn, readAnswer } from "./answer.ts";
import { countRowsSql } from "./live-facts.ts";
import type { MachineCode } from "./machine-code.ts";
import { describeStatement, runStatement, simpleQuery } from "./messages.ts";
import { openTemplate, type StartSettings } from "./pglite.ts";
import { changeSettings, localSettings } from "./settings-sql.ts";

/** The embedded server is in a state it will not come out of: its worker must be replaced. */
class BrokenBackend extends Error {
  override readonly name = "BrokenBackend";
}

/** What the embedded server's small stack does to deep nesting: no answer, then "no statement". */
const NO_STATEMENT = "26000";

export class Backend {
  readonly #db: PGlite;
  /** In force outside transactions; undefined when a change failed half-way. */
  #settings: ShadowSettings | undefined;

  private constructor(db: PGlite) {
    this.#db = db;
  }

  static async open(settings: StartSettings, code: MachineCode): Promise<Backend> {
    return new Backend(await openTemplate(settings, code));
  }

  async analyse(request: AnalyseRequest): Promise<Analysis> {
    await this.use(request.settings);
    return await this.analyseHere(request);
  }

  /** Under the settings that are in force. */
  async analyseHere(request: AnalyseRequest): Promise<Analysis> {
    const answer = await this.exchange(describeStatement(request));
    if (!answer.isParsed) throw unparsed(answer);
    if (answer.error !== undefined) throw errorOf(answer.error);
    return {
      tree: answer.trees.at(-1) ?? "",
      parameterOids: answer.parameterOids,
      fields: answer.fields,
      notices: answer.notices,
    };
  }

  /** Read-only, under the client's role and settings, which are gone afterwards in any case. */
  async query(request: CatalogQueryRequest): Promise<CatalogQueryResult> {
    try {
      return await this.#queryInTransaction(request);
    } finally {
      await this.run("ROLLBACK");
    }
  }

  async #queryInTransaction(request: CatalogQueryRequest): Promise<CatalogQueryResult> {
    const { rows } = request.facts ?? {};
    const begin = rows === undefined ? "BEGIN READ ONLY" : `BEGIN; ${readOnlyAfterCount(rows)}`;
    await this.run(`${begin}; ${localSettings(request.settings, request.facts)}`);
    return await this.queryHere(request);
  }

  /** In a read-only transaction, or a part of one, that is rolled back whatever happens. */
  async queryHere(request: CatalogQueryRequest): Promise<CatalogQueryResult> {
    const answer = await this.exchange(runStatement(request));
    if (!answer.isParsed) throw unparsed(answer);
    if (answer.error !== undefined) throw errorOf(answer.error);
    await this.#assertContained(request.settings.role);
    return {
      bytes: Buffer.concat(answer.rows),
      rows: answer.rows.length,
      tag: answer.tags[0] ?? "",
      notices: answer.notices,
    };
  }

  /** Statements of our own, or a definition's. @throws SqlError */
  async run(sql: string): Promise<Answer> {
    const answer = await this.exchange(simpleQuery(sql));
    if (answer.error !== undefined) throw errorOf(answer.error);
    if (answer.tags.length === 0) throw tooComplex();
    return answer;
  }

  /** The rows of a query whose single column is JSON. */
  async rows<Row>(sql: string): Promise<readonly Row[]> {
    const answer = await this.run(sql);
    return firstColumn(answer).map((text) => JSON.parse(text ?? "null") as Row);
  }

  async exchange(message: Uint8Array): Promise<Answer> {
    const { data } = await this.#db.execProtocol(message, { throwOnError: false });
    const answer = readAnswer(data);
    if (answer.status === undefined) throw new BrokenBackend("the embedded server gave no answer");
    if (answer.error?.sqlState === "XX000") await this.#probe();
    return answer;
  }

  /** Puts settings in force until the next call; only what differs is sent. */
  async use(settings: ShadowSettings): Promise<void> {
    const before = this.#settings;
    if (before === settings) return;
    this.#settings = undefined;
    await this.run(changeSettings(settings, before));
    this.#settings = settings;
  }

  /** A query that got hold of another role or of the right to write has escaped: no answer. */
  async #assertContained(role: string): Promise<void> {
    const answer = await this.run(
      "SELECT current_user || ' ' ||" +
        " pg_catalog.pg_tide_builtin_current_setting('transaction_read_only')",
    );
    if (firstColumn(answer)[0] !== `${role} on`) {
      throw new BrokenBackend("a catalogue query has changed its role or its transaction");
    }
  }

  async #probe(): Promise<void> {
    const { data } = await this.#db.execProtocol(simpleQuery("SELECT 42"), {
      throwOnError: false,
    });
    const answer = readAnswer(data);
    const isFailedTransaction = answer.error?.sqlState === "25P02";
    if (!isFailedTransaction && firstColumn(answer)[0] !== "42") {
      throw new BrokenBackend("the embedded server does not recover");
    }
  }
}

function readOnlyAfterCount(rows: object): string {
  return [countRowsSql(rows), "SET TRANSACTION READ ONLY"].filter((sql) => sql !== "").join("; ");
}

/** Deep nesting makes Parse lose its answer; any other error of Parse is PostgreSQL's. */
function unparsed(answer: Answer): SqlError {
  if (answer.error === undefined || answer.error.sqlState === NO_STATEMENT) return tooComplex();
  return errorOf(answer.error);
}

function tooComplex(): SqlError {
  return new SqlError("54001", "stack depth limit exceeded", {
    hint: "The statement is nested too deeply. Use fewer levels of subqueries or expressions.",
  });
}
