/**
 * A process of its own that commits to plain.duckdb for as long as it lives, and says what it has
 * committed. Runs compiled code. Arguments: folder, first number.
 */

import { join } from "node:path";
import { Engine } from "../../dist/engine/remote.js";

const [folder, first] = process.argv.slice(2);
const engine = await Engine.open({
  memoryLimitBytes: 2 ** 28,
  threads: 1,
  tempDirectory: join(folder, "spill"),
  allowedDirectories: [folder],
  plainFile: join(folder, "plain.duckdb"),
});
await engine.run({ statements: [{ sql: "CREATE TABLE IF NOT EXISTS plain.main.t (a BIGINT)" }] });
for (let i = Number(first); ; i += 1) {
  // Two rows a transaction: half of one must never be found.
  const statement = { sql: `INSERT INTO plain.main.t VALUES (${i})` };
  await engine.run({ statements: [statement, statement] });
  process.stdout.write(`${i}\n`);
  if (i % 20 === 19) await engine.checkpointPlain();
}
