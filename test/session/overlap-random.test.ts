/**
 * Random INSERT, COPY, APPEND and DELETE with every policy at every grain, in and out of
 * transactions, with flushes and restarts between: always the rows of a plain list, and coverage
 * that is what they cover.
 */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type LocalServer, startLocalServer } from "../support/local-server.ts";
import { randomFrom, seedOf } from "../support/random.ts";
import { arrived, bucketOf, type Policy, type Row, type Rules } from "./overlap-model.ts";

const STATEMENTS = Number(process.env["PGTIDE_TEST_STATEMENTS"] ?? 25);
const HOURS = 5;
const POLICIES: readonly Policy[] = ["reject", "skip", "replace", "allow"];
const DAY = "2026-01-05";

let server: LocalServer;
let files = 0;
beforeAll(async () => {
  server = await startLocalServer();
});
afterAll(async () => await server.stop());

function at(minute: number): string {
  const two = (n: number) => String(n).padStart(2, "0");
  return `${DAY} ${two(Math.floor(minute / 60))}:${two(minute % 60)}`;
}

async function expectSame(table: string, rows: readonly Row[], what: string): Promise<void> {
  const found = await server.rows(
    `SELECT device, (extract(epoch FROM ts) / 60)::int % 1440, v FROM ${table} ORDER BY 1, 2, 3`,
  );
  const expected = rows
    .toSorted(
      (a, b) =>
        (a.device < b.device ? -1 : a.device > b.device ? 1 : 0) ||
        a.minute - b.minute ||
        a.v - b.v,
    )
    .map(({ device, minute, v }) => [device, String(minute), String(v)]);
  expect(found, what).toEqual(expected);
  const [[count] = []] = await server.rows(
    `SELECT rows FROM tstable.tables WHERE table_name = '${table}'`,
  );
  expect(count, what).toBe(String(rows.length));
  const gaps = await server.rows(
    `SELECT device, sum(buckets) FROM coverage_gaps('${table}', '${at(0)}', '${at(HOURS * 60)}')
     GROUP BY 1 ORDER BY 1`,
  );
  const covered = new Map<string, Set<string>>();
  for (const row of rows) {
    covered.set(row.device, (covered.get(row.device) ?? new Set()).add(bucketOf(row)));
  }
  const missing = [...covered]
    .map(([device, buckets]) => [device, String(HOURS - buckets.size)])
    .filter(([, hours]) => hours !== "0")
    .sort();
  expect(gaps, `coverage: ${what}`).toEqual(missing);
}

class Walk {
  readonly #table: string;
  readonly #rules: Rules;
  readonly #upTo: (n: number) => number;
  readonly #other: pg.Client;
  #rows: readonly Row[] = [];
  /** Rows at BEGIN and at each savepoint; empty outside of a block. */
  #marks: (readonly Row[])[] = [];
  #values = 0;

  constructor(table: string, rules: Rules, upTo: (n: number) => number, other: pg.Client) {
    this.#table = table;
    this.#rules = rules;
    this.#upTo = upTo;
    this.#other = other;
  }

  get rows(): readonly Row[] {
    return this.#rows;
  }

  get isInBlock(): boolean {
    return this.#marks.length > 0;
  }

  #pick<T>(all: readonly T[]): T {
    return all[this.#upTo(all.length)] as T;
  }

  #fresh(): Row[] {
    return Array.from({ length: 1 + this.#upTo(6) }, () => {
      this.#values += 1;
      const minute = this.#upTo(HOURS) * 60 + 20 * this.#upTo(3);
      return { minute, device: this.#pick(["a", "b", "c"]), v: this.#values };
    });
  }

  /** Says what it did. */
  async step(): Promise<string> {
    const kind = this.#upTo(20);
    if (kind < 12) return await this.#arrive();
    if (kind < 14) return await this.#delete();
    if (kind < 16) {
      await this.#other.query(`FLUSH ${this.#table}`);
      return "FLUSH";
    }
    return await this.#transaction();
  }

  async #transaction(): Promise<string> {
    const sql = this.isInBlock
      ? this.#pick(["SAVEPOINT s", "ROLLBACK TO s", "COMMIT", "ROLLBACK"])
      : "BEGIN";
    if (sql === "ROLLBACK TO s" && this.#marks.length < 2) return "nothing";
    await server.client.query(sql);
    if (sql === "BEGIN" || sql === "SAVEPOINT s") this.#marks.push(this.#rows);
    else if (sql === "ROLLBACK TO s") this.#rows = this.#marks.at(-1) ?? [];
    else {
      if (sql === "ROLLBACK") this.#rows = this.#marks[0] ?? [];
      this.#marks = [];
    }
    return sql;
  }

  async #delete(): Promise<string> {
    const device = this.#pick(["a", "b", "c"]);
    const [from, until] = [this.#upTo(HOURS) * 60, (1 + this.#upTo(HOURS)) * 60 - 20];
    const where = `device = '${device}' AND ts >= '${at(from)}' AND ts < '${at(until)}'`;
    const sql = `DELETE FROM ${this.#table} WHERE ${where}`;
    await server.client.query(sql);
    this.#rows = this.#rows.filter(
      (row) => row.device !== device || row.minute < from || row.minute >= until,
    );
    return sql;
  }

  async #arrive(): Promise<string> {
    const rows = this.#fresh();
    const way = this.#pick(["INSERT", "COPY", "APPEND"]);
    const stated = way !== "INSERT" && this.#upTo(2) === 0 ? this.#pick(POLICIES) : undefined;
    const session = this.#upTo(3) === 0 ? this.#pick(POLICIES) : undefined;
    const isFile = way === "APPEND";
    const sql = await this.#statement(way, rows, stated);
    const expected = arrived(this.#rows, this.#rules, { rows, isFile, stated, session });
    const what = `${sql} (session: ${session}) ${JSON.stringify(rows)}`;
    if (session !== undefined) await server.client.query(`SET tstable.on_overlap = ${session}`);
    if (this.isInBlock) await server.client.query("SAVEPOINT statement");
    const code = await server.client.query(sql).then(
      () => undefined,
      (cause: pg.DatabaseError) => cause.code,
    );
    expect(code, what).toBe(typeof expected === "string" ? expected : undefined);
    if (this.isInBlock) {
      if (code !== undefined) await server.client.query("ROLLBACK TO statement");
      await server.client.query("RELEASE statement");
    }
    await server.client.query("RESET tstable.on_overlap");
    if (typeof expected !== "string") this.#rows = expected;
    return what;
  }

  async #statement(way: string, rows: readonly Row[], stated: Policy | undefined): Promise<string> {
    files += 1;
    if (way === "INSERT") {
      const values = rows.map(({ minute, device, v }) => `('${at(minute)}+00', '${device}', ${v})`);
      return `INSERT INTO ${this.#table} VALUES ${values.join(", ")}`;
    }
    if (way === "COPY") {
      const path = join(server.folder, `in-${files}`);
      const lines = rows.map(({ minute, device, v }) => `${at(minute)}+00\t${device}\t${v}\n`);
      writeFileSync(path, lines.join(""));
      const option = stated === undefined ? "" : `, OVERLAP '${stated}'`;
      return `COPY ${this.#table} FROM '${path}' (FORMAT text${option})`;
    }
    const values = rows.map(
      ({ minute, device, v }) => `(TIMESTAMP '${at(minute)}', '${device}', ${v}::BIGINT)`,
    );
    const select = `SELECT * FROM (VALUES ${values.join(", ")}) x(ts, device, v)`;
    const path = await server.parquet(`f${files}.parquet`, select);
    const option = stated === undefined ? "" : ` ON OVERLAP ${stated}`;
    return `APPEND PARQUET '${path}' INTO ${this.#table}${option}`;
  }
}

const seed = seedOf("overlap");

test.each(
  (["auto", "bucket", "row"] as const).flatMap((grain) =>
    [false, true].map((hasKey) => [grain, hasKey ? "with" : "without", hasKey] as const),
  ),
)(
  "GRAIN %s, %s a key",
  async (grain, _, hasKey) => {
    const random = randomFrom(seed);
    const upTo = (n: number) => Math.floor(random() * n);
    const policy = POLICIES[upTo(4)] as Policy;
    const rules = { grain, hasKey, policy };
    const table = `t_${grain}_${hasKey}`;
    await server.client.query(
      `CREATE TSTABLE ${table} (ts timestamptz NOT NULL, device text, v int8
     ${hasKey ? ", PRIMARY KEY (device, ts)" : ""}) ENTITY (device) BUCKET '1 hour'
     ON OVERLAP ${policy} GRAIN ${grain}`,
    );
    const walk = new Walk(table, rules, upTo, await server.connect());
    for (let i = 0; i < STATEMENTS; i += 1) {
      const what = await walk.step();
      if (process.env["PGTIDE_TEST_TRACE"]) console.log(i, what);
      const where = `seed ${seed}, ${JSON.stringify(rules)}, statement ${i}: ${what}`;
      await expectSame(table, walk.rows, where);
    }
    if (walk.isInBlock) await server.client.query("COMMIT");
    await server.restart();
    await expectSame(table, walk.rows, `seed ${seed}, after a restart`);
    await server.client.query(`FLUSH ${table}`);
    await expectSame(table, walk.rows, `seed ${seed}, after a restart and a flush`);
  },
  300_000,
);
