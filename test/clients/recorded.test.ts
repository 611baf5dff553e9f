/**
 * Statements as clients send them, one file for each below recorded/: catalogue queries, settings,
 * data. Each is sent here and to PostgreSQL (PGlite) over the same ordinary table, and again here
 * over a time-series table.
 */

import { readdirSync, readFileSync } from "node:fs";
import { PGlite } from "@electric-sql/pglite";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { unreachable } from "../../src/base/errors.ts";
import { type Answer, readAnswer } from "../../src/postgres/answer.ts";
import { runStatement, simpleQuery } from "../../src/postgres/messages.ts";
import { readTextRows } from "../../src/session/data-rows.ts";
import { type LocalServer, startLocalServer } from "../support/local-server.ts";
import { frame, RawClient } from "../wire/raw-client.ts";

const FOLDER = new URL("recorded/", import.meta.url);
const PRICES =
  "prices (ts timestamptz NOT NULL, symbol text, close double precision, volume bigint)";
const ROWS =
  "INSERT INTO prices SELECT timestamptz '2024-01-01 00:00:00+00' + g * interval '10 minutes'," +
  " 'S' || g % 3, 100 + g * 0.25, g * 10 FROM generate_series(0, 199) g";

/**
 * How our answer may differ from PostgreSQL's, said with its reason before the statement. more: all
 * of its rows are among ours; differs: the columns are the same; here: PostgreSQL has no such
 * function; refused: we do not do it.
 */
const NOTES = ["more", "differs", "here", "refused"] as const;

interface Recorded {
  readonly sql: string;
  readonly values: readonly string[] | undefined;
  readonly note: (typeof NOTES)[number] | undefined;
}

/** Statements by line; `-- values [...]` and notes are about the one that follows. */
function recorded(file: string): readonly Recorded[] {
  const all: Recorded[] = [];
  let values: string[] | undefined;
  let note: Recorded["note"];
  for (const line of readFileSync(new URL(file, FOLDER), "utf8").split("\n")) {
    const [, word, rest = ""] = /^-- (values|more|differs|here|refused) (.*)$/.exec(line) ?? [];
    if (word === "values") values = JSON.parse(rest) as string[];
    else if (word !== undefined) note = NOTES.find((one) => one === word);
    else if (line.trim() !== "") {
      all.push({ sql: line, values, note });
      values = undefined;
      note = undefined;
    }
  }
  return all;
}

/** Reads prices, not catalogues. */
const IS_DATA = /^(?!.*(?:pg_|information_schema)).*\bfrom\b.*\bprices\b/i;

type Exchange = (message: Uint8Array) => Promise<Answer>;

/** What can be compared: what is new in each server is masked. */
interface Shown {
  readonly error?: string | undefined;
  readonly columns?: readonly (readonly [string, number])[] | undefined;
  readonly rows: readonly string[];
  readonly tags: readonly string[];
}

const FIRST_USER_OID = 16_384;
/** What initdb numbers itself depends on the build. */
const FIRST_UNMASKED = 12_000;

function shown(answer: Answer): Shown {
  if (answer.error !== undefined) {
    return { error: `${answer.error.sqlState} ${answer.error.message}`, rows: [], tags: [] };
  }
  const rows = answer.rows.flatMap((row) =>
    readTextRows(row).map((cells) => cells.map(masked).join("|")),
  );
  return {
    columns: answer.fields?.map(({ name, typeOid }) => [name, Math.min(typeOid, FIRST_USER_OID)]),
    rows: rows.toSorted(), // many have no order, or one with ties
    tags: answer.tags,
  };
}

/** OIDs, moments of now, the last digits of floats. */
function masked(cell: string | null): string {
  if (cell === null) return "NULL";
  if (/^\d{3,10}$/.test(cell) && Number(cell) >= FIRST_UNMASKED) return "OID";
  if (/^-?\d+\.\d{12,}$/.test(cell)) return Number(cell).toPrecision(12);
  return cell.replace(/\b20(?:2[6-9]|[3-9]\d)-\d\d-\d\d[ T][\d:.+]+/g, "NOW");
}

/** What stands against our answer; undefined: nothing. */
function complaint({ note }: Recorded, ours: Shown, theirs: Shown): string | undefined {
  const isSame = JSON.stringify(ours) === JSON.stringify(theirs);
  const hasColumns = JSON.stringify(ours.columns) === JSON.stringify(theirs.columns);
  switch (note) {
    case undefined:
      return isSame ? undefined : "not the same";
    case "refused":
      return ours.error?.startsWith("0A000 ") === true ? undefined : "not refused";
    case "here":
      return ours.error === undefined && theirs.error !== undefined ? undefined : "not only here";
    case "more":
      if (isSame || !hasColumns || ours.error !== undefined) return "not more";
      return theirs.rows.every((row) => ours.rows.includes(row))
        ? undefined
        : "something is missing";
    case "differs":
      return isSame || !hasColumns || ours.error !== undefined ? "not only other rows" : undefined;
    default:
      return unreachable(note);
  }
}

let server: LocalServer;
let postgres: PGlite;

beforeAll(async () => {
  [server, postgres] = await Promise.all([startLocalServer(), PGlite.create()]);
});

afterAll(async () => {
  await server.stop();
  await postgres.close();
});

async function ours(): Promise<{ readonly ask: Exchange; readonly end: () => void }> {
  const client = await RawClient.ready(server.port);
  return {
    ask: async (message) => {
      client.send(message);
      const messages = await client.until("Z");
      return readAnswer(Buffer.concat(messages.map(({ type, body }) => frame(type, body))));
    },
    end: () => client.socket.destroy(),
  };
}

const theirs: Exchange = async (message) =>
  readAnswer((await postgres.execProtocol(message, { throwOnError: false })).data);

async function run({ sql, values }: Recorded, prices: string, ask: Exchange): Promise<Answer> {
  const text = sql.replaceAll("{prices}", prices);
  if (values === undefined) return await ask(simpleQuery(text));
  const parameters = values.map((value) => Buffer.from(value));
  return await ask(
    runStatement({
      text,
      parameters,
      parameterOids: [],
      parameterFormats: [],
      resultFormats: [],
      settings: { role: "", searchPath: "", settings: {} },
    }),
  );
}

async function answers(
  statements: readonly Recorded[],
  create: string,
  ask: Exchange,
): Promise<readonly Shown[]> {
  const all: Shown[] = [];
  await ask(simpleQuery(create));
  await ask(simpleQuery(ROWS));
  const oid = await ask(simpleQuery("SELECT 'prices'::regclass::oid"));
  const prices = readTextRows(oid.rows[0] as Uint8Array)[0]?.[0] ?? "";
  for (const one of statements) all.push(shown(await run(one, prices, ask)));
  await ask(simpleQuery("ROLLBACK"));
  await ask(simpleQuery("DISCARD ALL"));
  await ask(simpleQuery("DROP TABLE IF EXISTS prices, pd_out, my_model"));
  return all;
}

describe.each(readdirSync(FOLDER))("%s", (file) => {
  const statements = recorded(file);

  test("is answered as PostgreSQL answers it", async () => {
    const create = `CREATE TABLE ${PRICES}`;
    const expected = await answers(statements, create, theirs);
    const { ask, end } = await ours();
    const plain = await answers(statements, create, ask);
    const series = await answers(statements, `CREATE TSTABLE ${PRICES}`, ask);
    end();
    const differences = statements.flatMap((one, at): readonly object[] => {
      const [here, there, over] = [plain[at], expected[at], series[at]];
      if (here === undefined || there === undefined || over === undefined)
        return [{ sql: one.sql, found: "no answer" }];
      const { sql } = one;
      const found = complaint(one, here, there);
      const isAlike = IS_DATA.test(sql)
        ? JSON.stringify(over) === JSON.stringify(here)
        : (over.error === undefined) === (here.error === undefined);
      return [
        ...(found === undefined ? [] : [{ sql, found, ours: here, theirs: there }]),
        ...(isAlike ? [] : [{ sql, found: "time-series", ours: over, theirs: here }]),
      ];
    });
    expect(differences).toEqual([]);
  });
});
