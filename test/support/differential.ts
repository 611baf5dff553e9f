/**
 * Runs one statement in PostgreSQL (PGlite, rows in its tables) and in DuckDB (the same rows in
 * Parquet, SQL generated from PGlite's own analysis) and compares every cell as PostgreSQL's text.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { serialize } from "pg-protocol";
import { SqlError } from "../../src/base/errors.ts";
import type { ChangePlan } from "../../src/compile/change-plan.ts";
import { compileChange } from "../../src/compile/changes.ts";
import { compileSelect } from "../../src/compile/compile.ts";
import type { CompileContext, Plan } from "../../src/compile/plan.ts";
import { readQuery } from "../../src/compile/tree.ts";
import { Engine } from "../../src/engine/remote.ts";
import { type Answer, readAnswer } from "../../src/postgres/answer.ts";
import { machineCode } from "../../src/postgres/machine-code.ts";
import { simpleQuery } from "../../src/postgres/messages.ts";
import { openTemplate } from "../../src/postgres/pglite.ts";
import { type HeldRows, heldRows } from "../../src/session/held-rows.ts";
import { decodeText } from "../../src/types/codec.ts";
import type { TextSettings } from "../../src/types/shape.ts";
import type { SqlValue } from "../../src/types/value.ts";
import { boundSql, loadTables, type TestTables } from "./differential-tables.ts";

export type Row = readonly (string | null)[];

/** What one engine said. */
export type Result =
  | { readonly kind: "rows"; readonly rows: readonly Row[] }
  | { readonly kind: "error"; readonly sqlState: string; readonly message: string };

export interface Comparison {
  readonly postgres: Result;
  readonly ours: Result;
  /** Whether the order of rows is said by the statement. */
  readonly isOrdered: boolean;
  readonly typeOids: readonly number[];
  readonly plan: Plan | undefined;
}

export interface Differential {
  compare(sql: string, parameters?: readonly (string | null)[]): Promise<Comparison>;
  /** INSERT, UPDATE or DELETE with RETURNING; nothing stays changed. */
  compareChange(sql: string, parameters?: readonly (string | null)[]): Promise<Comparison>;
  /** Analysis and compilation alone. */
  compileChange(sql: string): Promise<ChangePlan>;
  compile(sql: string): Promise<Plan>;
  setTimeZone(name: string): Promise<void>;
  close(): Promise<void>;
}

const SETTINGS: TextSettings = {
  timeZone: "UTC",
  dateStyle: { format: "ISO", order: "MDY" },
  intervalStyle: "postgres",
  extraFloatDigits: 1,
  byteaOutput: "hex",
};

/** `schema` is SQL that creates and fills the tables. The caller closes. */
export async function openDifferential(schema: string): Promise<Differential> {
  const directory = mkdtempSync(join(tmpdir(), "pgtide-differential-"));
  const pg = await openTemplate({ timezone: "UTC" }, await machineCode());
  const exchange = async (message: Uint8Array): Promise<Answer> =>
    readAnswer((await pg.execProtocol(message, { throwOnError: false })).data);
  const run = async (sql: string): Promise<Answer> => {
    const answer = await exchange(simpleQuery(sql));
    if (answer.error !== undefined) throw new Error(`${answer.error.message}: ${sql}`);
    return answer;
  };
  await run(schema);
  let opened: Promise<Engine> | undefined;
  const engine = async () => {
    opened ??= Engine.open({
      memoryLimitBytes: 2 ** 30,
      threads: 2,
      tempDirectory: join(directory, "spill"),
      allowedDirectories: [directory],
    });
    return await opened;
  };
  const tables = await loadTables(run, directory);
  await run(
    "SET debug_print_rewritten = on; SET debug_pretty_print = off; SET client_min_messages = log",
  );
  const runner = new Runner(exchange, engine, tables);
  return {
    compare: async (sql, parameters) => await runner.compare(sql, parameters ?? []),
    compareChange: async (sql, parameters) => await runner.compareChange(sql, parameters ?? []),
    compileChange: async (sql) => await runner.compileChange(sql),
    compile: async (sql) => await runner.compileOnly(sql),
    setTimeZone: async (name) => {
      await run(`SET TimeZone = '${name}'`);
      runner.settings = { ...SETTINGS, timeZone: name };
    },
    close: async () => {
      await (await opened)?.close();
      await pg.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** Undone with the transaction, unlike what nextval draws. */
const RESTART_SEQUENCES = `DO $$ DECLARE s regclass; BEGIN
  FOR s IN SELECT oid FROM pg_class WHERE relkind = 'S' LOOP
    EXECUTE 'ALTER SEQUENCE ' || s || ' RESTART';
  END LOOP; END $$`;

class Runner {
  settings: TextSettings = SETTINGS;
  readonly #exchange: (message: Uint8Array) => Promise<Answer>;
  readonly #engine: () => Promise<Engine>;
  readonly #tables: TestTables;

  constructor(
    exchange: (message: Uint8Array) => Promise<Answer>,
    engine: () => Promise<Engine>,
    tables: TestTables,
  ) {
    this.#exchange = exchange;
    this.#engine = engine;
    this.#tables = tables;
  }

  async compileOnly(sql: string): Promise<Plan> {
    const analysed = await this.#analyse(sql);
    if (analysed.error !== undefined) throw new Error(analysed.error.message);
    return this.#compile(analysed);
  }

  async compileChange(sql: string): Promise<ChangePlan> {
    const analysed = await this.#analyse(sql);
    if (analysed.error !== undefined) throw new Error(analysed.error.message);
    return compileChange(readQuery(analysed.trees[0] ?? ""), this.#context());
  }

  async compareChange(sql: string, parameters: readonly (string | null)[]): Promise<Comparison> {
    return await this.#compare(sql, parameters, async (analysed, now) => {
      const plan = compileChange(readQuery(analysed.trees[0] ?? ""), this.#context());
      const oids = analysed.parameterOids;
      const rows = await this.#execute(plan.source, oids, parameters, now);
      if (plan.returning === undefined) throw new Error("a change without RETURNING");
      const draw = counters();
      const held = heldRows(
        plan.source.columns,
        rows.map((row) => this.#changedRow(row, draw, plan, now)),
      );
      return {
        rows: await this.#execute(plan.returning, oids, parameters, now, held),
        plan: plan.returning,
        isOrdered: false,
      };
    });
  }

  /** What the session does between the two plans: sequences count from 1. */
  #changedRow(
    row: Row,
    draw: (sequenceOid: number) => number,
    plan: ChangePlan,
    now: bigint,
  ): SqlValue[] {
    const values = row.map((cell, index) => {
      const typeOid = plan.source.columns[index]?.shape.typeOid ?? 25;
      return cell === null ? null : decodeText(cell, typeOid, this.#input(now));
    });
    for (const { sourceColumn, sequenceOid, when } of plan.sequences) {
      if (when !== undefined && values[when] !== true) continue;
      const isInt8 = plan.source.columns[sourceColumn]?.shape.typeOid === 20;
      const value = draw(sequenceOid);
      values[sourceColumn] = isInt8 ? BigInt(value) : value;
    }
    return values;
  }

  async compare(sql: string, parameters: readonly (string | null)[]): Promise<Comparison> {
    return await this.#compare(sql, parameters, async (analysed, now) => {
      const plan = this.#compile(analysed);
      const rows = await this.#execute(plan, analysed.parameterOids, parameters, now);
      const isOrdered = readQuery(analysed.trees[0] ?? "").sortClause !== null;
      return { rows, isOrdered, plan };
    });
  }

  async #compare(
    sql: string,
    parameters: readonly (string | null)[],
    compute: (
      analysed: Answer,
      now: bigint,
    ) => Promise<{ readonly rows: readonly Row[]; isOrdered: boolean; plan: Plan }>,
  ): Promise<Comparison> {
    const analysed = await this.#analyse(sql);
    const typeOids = analysed.fields?.map((field) => field.typeOid) ?? [];
    // One transaction, so that now() is known.
    await this.#exchange(simpleQuery(`BEGIN; ${RESTART_SEQUENCES}`));
    const clock = await this.#exchange(
      simpleQuery("SELECT (extract(epoch FROM now()) * 1000000)::int8"),
    );
    const now = BigInt(textRows(clock)[0]?.[0] ?? "0");
    const answer = await this.#exchange(runStatement(sql, parameters));
    await this.#exchange(simpleQuery("ROLLBACK"));
    const postgres: Result =
      answer.error === undefined
        ? { kind: "rows", rows: textRows(answer) }
        : { kind: "error", sqlState: answer.error.sqlState, message: answer.error.message };
    const base = { postgres, typeOids, isOrdered: false, plan: undefined };
    if (analysed.error !== undefined) {
      const { sqlState, message } = analysed.error;
      return { ...base, ours: { kind: "error", sqlState, message } };
    }
    try {
      const { rows, isOrdered, plan } = await compute(analysed, now);
      return { ...base, ours: { kind: "rows", rows }, isOrdered, plan };
    } catch (error) {
      return { ...base, ours: failure(error) };
    }
  }

  async #analyse(sql: string): Promise<Answer> {
    return await this.#exchange(
      Buffer.concat([
        serialize.parse({ text: sql }),
        serialize.describe({ type: "S" }),
        serialize.sync(),
      ]),
    );
  }

  #compile(analysed: Answer): Plan {
    return compileSelect(readQuery(analysed.trees[0] ?? ""), this.#context());
  }

  #context(): CompileContext {
    return {
      relation: (oid) => this.#tables.relation(oid),
      functionName: () => undefined,
      timeZone: this.settings.timeZone,
      currentUser: "postgres",
      sessionUser: "postgres",
      currentDatabase: "postgres",
      currentSchema: "public",
      setting: (name) => (name === "TimeZone" ? String(this.settings.timeZone) : undefined),
    };
  }

  async #execute(
    plan: Plan,
    parameterOids: readonly number[],
    parameters: readonly (string | null)[],
    now: bigint,
    held: HeldRows = { sql: "", rowsRelations: [] },
  ): Promise<readonly Row[]> {
    const draw = counters();
    const values = plan.parameters.map((source) => {
      if (source.kind === "sequence" && source.call.kind === "nextval") {
        return { typeOid: 20, value: BigInt(draw(source.call.sequenceOid)) };
      }
      if (source.kind !== "client") return { typeOid: 1184, value: now };
      const text = parameters[source.index - 1] ?? null;
      const typeOid = parameterOids[source.index - 1] ?? source.typeOid;
      return { typeOid, value: text === null ? null : decodeText(text, typeOid, this.#input(now)) };
    });
    const engine = await this.#engine();
    const cursor = await engine.openCursor({
      sql: boundSql(plan, this.#tables, held.sql),
      parameters: values,
      rowsRelations: held.rowsRelations,
      shapes: plan.shapes,
      formats: plan.columns.map(() => 0),
      text: this.settings,
      isSmall: plan.isSmall,
    });
    const rows: Row[] = [];
    try {
      for (;;) {
        const batch = await cursor.next();
        if (batch === undefined) return rows;
        rows.push(...dataRows(Buffer.from(batch.bytes)));
      }
    } finally {
      await cursor.close();
    }
  }

  #input(now: bigint) {
    return { ...this.settings, nowMicros: now };
  }
}

/** Sequences that begin at 1. */
function counters(): (sequenceOid: number) => number {
  const last = new Map<number, number>();
  return (oid) => {
    const value = (last.get(oid) ?? 0) + 1;
    last.set(oid, value);
    return value;
  };
}

function failure(error: unknown): Result {
  if (error instanceof SqlError) {
    return { kind: "error", sqlState: error.fields.sqlState, message: error.message };
  }
  return {
    kind: "error",
    sqlState: "XX000",
    message: error instanceof Error ? `${error.message}` : String(error),
  };
}

function runStatement(sql: string, parameters: readonly (string | null)[]): Buffer {
  return Buffer.concat([
    serialize.parse({ text: sql }),
    serialize.bind({ values: [...parameters] }),
    serialize.execute(),
    serialize.sync(),
  ]);
}

function textRows(answer: Answer): readonly Row[] {
  return answer.rows.flatMap((row) => dataRows(Buffer.from(row)));
}

/** Cells of complete DataRow messages. */
function dataRows(bytes: Buffer): Row[] {
  const rows: Row[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = at + 1 + bytes.readInt32BE(at + 1);
    const count = bytes.readInt16BE(at + 5);
    at += 7;
    const row: (string | null)[] = [];
    for (let index = 0; index < count; index += 1) {
      const length = bytes.readInt32BE(at);
      at += 4;
      row.push(length < 0 ? null : bytes.toString("utf8", at, at + length));
      at += Math.max(length, 0);
    }
    if (at !== end) throw new Error("a DataRow that does not end where it says");
    rows.push(row);
  }
  return rows;
}
