// Asks the server on a port one question that the embedded PostgreSQL and DuckDB both take part in.
import { createRequire } from "node:module";
import { join } from "node:path";

// The image holds no driver: take it from the clone that this script stands in.
const require = createRequire(join(import.meta.dirname ?? new URL(".", import.meta.url).pathname, "/"));
const { Client } = require("pg");
const client = new Client({
  host: "127.0.0.1",
  port: Number(process.argv[2]),
  user: "postgres",
  database: "postgres",
  password: process.env.PGTIDE_PASSWORD,
});
await client.connect();
const { rows } = await client.query("SELECT sum(n)::int AS total FROM generate_series(1, 4) AS n");
await client.end();
if (rows[0]?.total !== 10) throw new Error(`expected 10, got ${JSON.stringify(rows)}`);
