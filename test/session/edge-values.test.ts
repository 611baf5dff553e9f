/**
 * The least, greatest and oddest values of every type, on every way in and out: PostgreSQL's text
 * for each, in time-series and ordinary tables, before and after a flush and a restart.
 */

import { join } from "node:path";
import { PGlite } from "@electric-sql/pglite";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { copyIn, copyOut } from "../support/copy-client.ts";
import { type LocalServer, startLocalServer } from "../support/local-server.ts";

const VALUES: Readonly<Record<string, readonly string[]>> = {
  smallint: ["-32768", "32767", "0"],
  integer: ["-2147483648", "2147483647", "0"],
  bigint: ["-9223372036854775808", "9223372036854775807", "0"],
  real: ["NaN", "Infinity", "-Infinity", "-0", "1e-45", "3.4028235e38", "1.1754944e-38", "0.1"],
  "double precision": [
    ...["NaN", "Infinity", "-Infinity", "-0", "5e-324", "1.7976931348623157e308"],
    ...["0.1", "1e15", "1e16", "123456789012345680"],
  ],
  numeric: [
    ...["NaN", "Infinity", "-Infinity", "0", "0.00", "-0.000000000000000000000000000001"],
    ...["9".repeat(100), `-${"1".repeat(50)}.${"2".repeat(50)}`, "1e20", "1.10"],
  ],
  "numeric(38,10)": ["9999999999999999999999999999.9999999999", "-0.0000000001", "1", "0"],
  "numeric(6,2)": ["9999.99", "-9999.99", "0.005", "-0.005", "1e3"],
  boolean: ["t", "f"],
  text: [
    "",
    " ",
    "\\N",
    "\\.",
    "a\tb\nc\rd\\e",
    "\"q\"'s'",
    "ä€😀\u0301",
    "NULL",
    "x".repeat(9000),
    "\u0001\u007f",
  ],
  "varchar(5)": ["", "äöüßé", "ab   ", "12345   "],
  "char(5)": ["", "a", "äöüßé", "ab   ", "12345  "],
  date: [
    "infinity",
    "-infinity",
    "4713-01-01 BC",
    "5874897-12-31",
    "1970-01-01",
    "0001-01-01",
    "2000-02-29",
  ],
  time: ["00:00", "24:00", "23:59:59.999999", "12:00:00.1"],
  timestamp: [
    ...["infinity", "-infinity", "4713-01-01 00:00 BC", "294247-01-09 23:59:59.999999"],
    ...["0001-12-31 23:59:59.999999 BC", "1969-12-31 23:59:59.999999", "2000-01-01"],
  ],
  timestamptz: [
    ...["infinity", "-infinity", "4713-01-02 00:00+00 BC", "294247-01-09 23:59:59.999999+00"],
    ...["1850-01-01 00:00+00", "2026-03-29 01:30+00", "1969-12-31 23:59:59.999999+00"],
  ],
  interval: [
    ...["0", "1 mon -1 day 00:00:00.000001", "-178000000 years", "178000000 years"],
    ...["-2147483648 days", "2147483647 days", "1 year 2 mons 3 days 04:05:06.789", "-00:00:01"],
  ],
  uuid: ["00000000-0000-0000-0000-000000000000", "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF"],
  bytea: ["", "\\x00", "\\x00ff0a0d5c27", `\\x${"ab".repeat(5000)}`, "\\\\a\\000"],
  json: ['{"a" :  1,\n "a": 2 }', "[]", '""', "1e400", '"\\u00e4\\ud83d\\ude00"', " null "],
  jsonb: [
    '{"b": 1, "aa": 2, "a": {"x" : [1.10, 1e2, -0]}}',
    '{"a":1,"a":2}',
    "[]",
    '"\\u00e4\\n"',
    "null",
  ],
  "integer[]": ["{}", "{NULL}", "{5,NULL,6}", "{2147483647,-2147483648}"],
  "text[]": ["{}", '{"",NULL,"NULL","a\\"b","{x}","c,d"," e ","\\\\"}'],
  "timestamptz[]": ['{infinity,NULL,"2026-01-01 00:00+00"}', "{}"],
  "date[]": ["{infinity,-infinity,2000-01-01}", "{4713-01-01 BC}"],
  "numeric[]": ["{NaN,1.10,NULL,99999999999999999999999999999999999999999}", "{}"],
  "double precision[]": ["{NaN,-0,Infinity,1e-300}"],
  "boolean[]": ["{t,f,NULL}"],
  "bytea[]": ['{"\\\\x00ff",NULL,""}'],
  "uuid[]": ["{00000000-0000-0000-0000-000000000000,NULL}"],
  "interval[]": ['{"1 mon -1 day",NULL}'],
  "jsonb[]": ['{"{\\"b\\": 1, \\"a\\": [1.0]}",NULL}'],
};

/** PostgreSQL would not know them again in the files of a time-series table. */
const PLAIN_ALONE = ["char(5)", "jsonb", "jsonb[]"];
const ROWS = Math.max(...Object.values(VALUES).map(({ length }) => length)) + 1;

/** A table's columns and its rows, the last of which is all NULL. */
class Edge {
  readonly types: readonly string[];
  readonly columns: string;
  readonly texts: string;
  readonly cells: readonly (readonly (string | null)[])[];
  expected: (string | null)[][] = [];

  constructor(types: readonly string[]) {
    this.types = types;
    this.columns = ["ts timestamptz", ...types.map((type, at) => `c${at} ${type}`)].join(", ");
    this.texts = types.map((_, at) => `c${at}::text`).join(", ");
    this.cells = Array.from({ length: ROWS }, (_, row) => [
      `2026-01-01 00:${String(row).padStart(2, "0")}:00+00`,
      ...types.map((type) => VALUES[type]?.[row] ?? null),
    ]);
  }
}

const ALL = new Edge(Object.keys(VALUES));
const STORED = new Edge(Object.keys(VALUES).filter((type) => !PLAIN_ALONE.includes(type)));
const SETTINGS = ["SET TimeZone = 'Europe/Berlin'", "SET extra_float_digits = 1"];

let server: LocalServer;
let postgres: PGlite;

const literal = (text: string | null) =>
  text === null ? "NULL" : `E'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
const insert = (table: string, { cells }: Edge) =>
  `INSERT INTO ${table} VALUES ${cells.map((row) => `(${row.map(literal).join(", ")})`).join(", ")}`;

/** What PostgreSQL has copied out. */
async function theirs({ types }: Edge, options: string): Promise<Buffer> {
  const { blob } = await postgres.query(
    `COPY (SELECT * FROM edge${types.length} ORDER BY ts) TO '/dev/blob' ${options}`,
  );
  return Buffer.from(await (blob as Blob).arrayBuffer());
}

async function settle(): Promise<void> {
  for (const sql of SETTINGS) await server.client.query(sql);
}

beforeAll(async () => {
  server = await startLocalServer();
  postgres = await PGlite.create();
  await settle();
  for (const sql of SETTINGS) await postgres.exec(sql);
  for (const edge of [ALL, STORED]) {
    const table = `edge${edge.types.length}`;
    await postgres.exec(`CREATE TABLE ${table} (${edge.columns})`);
    await postgres.exec(insert(table, edge));
    const { rows } = await postgres.query(`SELECT ${edge.texts} FROM ${table} ORDER BY ts`, [], {
      rowMode: "array",
    });
    edge.expected = rows as unknown as (string | null)[][];
  }
});
afterAll(async () => {
  await server.stop();
  await postgres.close();
});

/** Each cell that differs, with its type. */
function differing(
  { types, expected }: Edge,
  found: readonly (readonly (string | null)[])[],
): unknown[] {
  const all = found.flatMap((row, at) =>
    row.map((cell, index) => ({ type: types[index], ours: cell, wanted: expected[at]?.[index] })),
  );
  const wrong = all.filter(({ ours, wanted }) => ours !== wanted);
  return found.length === ROWS ? wrong : [...wrong, `${found.length} rows`];
}

const WAYS: Readonly<Record<string, (table: string, edge: Edge) => Promise<unknown>>> = {
  literals: async (table, edge) => await server.rows(insert(table, edge)),
  parameters: async (table, { cells }) => {
    const list = cells[0]?.map((_, index) => `$${index + 1}`).join(", ");
    for (const row of cells) await server.rows(`INSERT INTO ${table} VALUES (${list})`, row);
  },
  text: async (table, edge) => await copied(table, edge, ""),
  csv: async (table, edge) => await copied(table, edge, "(FORMAT csv)"),
  binary: async (table, edge) => await copied(table, edge, "(FORMAT binary)"),
};

async function copied(table: string, edge: Edge, options: string): Promise<void> {
  await copyIn(server.client, `COPY ${table} FROM STDIN ${options}`, [await theirs(edge, options)]);
}

describe.each([
  ["tstable", STORED],
  ["heap", ALL],
] as const)("a table of kind %s", (kind, edge) => {
  const name = (way: string) => `${kind}_${way}`;
  const create = async (table: string) =>
    await server.rows(
      kind === "heap"
        ? `CREATE TABLE ${table} (${edge.columns})`
        : `CREATE TSTABLE ${table} (${edge.columns}) TIME COLUMN ts`,
    );
  const read = async (table: string) =>
    await server.rows(`SELECT ${edge.texts} FROM ${table} ORDER BY ts`);

  test.each(Object.keys(WAYS))("takes all of them as %s", async (way) => {
    await create(name(way));
    await WAYS[way]?.(name(way), edge);
    expect(differing(edge, await read(name(way)))).toEqual([]);
  });

  test.each(["", "(FORMAT csv)", "(FORMAT binary)"])(
    "gives PostgreSQL's bytes %s",
    async (options) => {
      const sql = `COPY (SELECT * FROM ${name("text")} ORDER BY ts) TO STDOUT ${options}`;
      const ours = Buffer.concat((await copyOut(server.client, sql)).messages);
      const wanted = await theirs(edge, options);
      expect(ours.toString("latin1")).toBe(wanted.toString("latin1"));
    },
  );

  test("has them after a flush and a restart", async () => {
    if (kind === "tstable") await server.rows(`FLUSH ${name("text")}`);
    expect(differing(edge, await read(name("text")))).toEqual([]);
    await server.restart();
    await settle();
    expect(differing(edge, await read(name("text")))).toEqual([]);
    expect(differing(edge, await read(name("binary")))).toEqual([]);
  });

  test.each(["parquet", "arrow"])("takes back what it gives as %s", async (format) => {
    const path = join(server.folder, `${name(format)}.file`);
    await server.rows(`COPY (SELECT * FROM ${name("text")}) TO '${path}' (FORMAT ${format})`);
    await create(name(format));
    await server.rows(`COPY ${name(format)} FROM '${path}' (FORMAT ${format})`);
    expect(differing(edge, await read(name(format)))).toEqual([]);
  });
});

test.each(["{{1,2},{3,NULL}}", "[2:3]={5,6}"])("%s is refused in columns", async (array) => {
  await server.rows("CREATE TEMP TABLE IF NOT EXISTS a (i int[])");
  expect((await server.refusal("INSERT INTO a VALUES ($1)", [array])).code).toBe("0A000");
  await expect(copyIn(server.client, "COPY a FROM STDIN", [`${array}\n`])).rejects.toThrow(
    "cannot be stored",
  );
});
