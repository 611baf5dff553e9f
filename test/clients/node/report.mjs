/** What the programs of Node's drivers share: how they print, how they find their packages. */

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { inspect } from "node:util";

/** Folder that `npm install --prefix` filled. */
const folder = process.env["PGTIDE_TEST_NODE_CLIENTS"] ?? "";
export const load = createRequire(join(folder, "package.json"));

export const using = process.env["CLIENT_USING"];

const { PGHOST, PGPORT, PGUSER, PGPASSWORD, PGDATABASE, PGSSLMODE, PGSSLROOTCERT } = process.env;

export const target = {
  host: PGHOST ?? "",
  port: Number(PGPORT),
  user: PGUSER ?? "",
  password: PGPASSWORD ?? "",
  database: PGDATABASE ?? "",
};

/** Options of TLS as both drivers take them: false, or the authority. */
export const ssl =
  PGSSLMODE === "disable" ? false : { ca: readFileSync(PGSSLROOTCERT ?? "", "utf8") };

export function connected() {
  console.log(`connected: encrypted = ${ssl !== false}`);
}

export function line(feature, what, value) {
  console.log(`${feature}: ${what} = ${shown(value)}`);
}

export function shown(value) {
  const options = {
    depth: 10,
    breakLength: Number.POSITIVE_INFINITY,
    compact: true,
    maxArrayLength: 50,
  };
  return inspect(value, { ...options, maxStringLength: 2000, sorted: false });
}

/** What an action fails with, which it must. */
export async function errorOf(action) {
  try {
    await action();
  } catch (error) {
    return error;
  }
  return undefined;
}

/** PostgreSQL's fields of an error, those that both servers send. */
export function fieldsOf(error) {
  const names = ["severity", "code", "message", "detail", "hint", "position", "where"];
  const more = ["schema", "table", "column", "dataType", "constraint"];
  const drivers = {
    schema: "schema_name",
    table: "table_name",
    column: "column_name",
    constraint: "constraint_name",
  };
  return Object.fromEntries(
    [...names, ...more]
      .map((name) => [name, error?.[name] ?? error?.[drivers[name]]])
      .filter(([, value]) => value !== undefined),
  );
}

const COLUMNS = "(ts timestamptz NOT NULL, device text NOT NULL, v float8, n int8, note text)";

/** Statements that make a program's tables: a time series (here) and an ordinary one. */
export function tables(prefix) {
  const [series, plain] = [`${prefix}_series`, `${prefix}_plain`];
  return {
    series,
    plain,
    statements: [
      `DROP TABLE IF EXISTS ${series}, ${plain}`,
      `CREATE TABLE ${series} ${COLUMNS} ${using}`,
      `CREATE TABLE ${plain} (id int PRIMARY KEY, name text NOT NULL CONSTRAINT ${prefix}_named` +
        " CHECK (name <> ''), price numeric(10,2), made timestamptz, tags text[], info jsonb)",
    ],
  };
}

/** Type and literals. */
export const VALUES = [
  ["bool", ["true", "false"]],
  ["int2", ["-32768"]],
  ["int4", ["2147483647"]],
  ["int8", ["-9223372036854775808"]],
  ["float4", ["0.1", "NaN"]],
  ["float8", ["0.1", "5e-324", "-Infinity"]],
  ["numeric", ["-12345.678900", "1e20", "NaN", "Infinity"]],
  ["text", ["", "tide ü 🌊", "a'b\"c\\d\ne"]],
  ["varchar", ["NULL"]],
  ["bytea", ["\\x", "\\x00ff5c27"]],
  ["date", ["2024-02-29", "0044-03-15 BC", "infinity"]],
  ["time", ["23:59:59.999999"]],
  ["timestamp", ["1969-12-31 23:59:59.001", "-infinity"]],
  ["timestamptz", ["2024-02-29 23:59:59.999+00", "0044-03-15 12:00:00+00 BC", "infinity"]],
  ["interval", ["1 year 2 mons 3 days -04:05:06.7", "-1 days"]],
  ["uuid", ["a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"]],
  ["json", ['{"a": [1, null, "x"],  "b":2}']],
  ["jsonb", ['{"b": 1.50, "a": [true, null, "ü"]}']],
  ["int4[]", ["{}", "{1,NULL,3}", "{{1,2},{3,4}}"]],
  ["text[]", ['{"",NULL,"a b","NULL","q\\"\\\\"}']],
  ["float8[]", ["{0.1,NaN,-Infinity}"]],
  ["timestamptz[]", ['{"2024-02-29 12:00:00+00",NULL}']],
  ["numeric[]", ["{1.10,NaN}"]],
  ["jsonb[]", ['{"{\\"a\\": 1}",NULL}']],
];

export function literals() {
  return VALUES.flatMap(([type, all]) => all.map((literal) => ({ type, literal })));
}

export function quoted(literal) {
  return literal === "NULL" ? "NULL" : `'${literal.replaceAll("'", "''")}'`;
}
