/**
 * psql's backslash commands and variables, one session over all of test/clients/tools/psql-commands.txt:
 * what psql prints is what it prints at PostgreSQL.
 */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Cluster, postgresBin, psql, run, startPostgres } from "../support/programs.ts";
import { root } from "../support/root.ts";
import { TestServer } from "../support/server.ts";

const TOOLS = join(root, "test/clients/tools");
/** A line each; `\n` in it breaks the line, `\\` is a backslash. */
const COMMANDS = readFileSync(join(TOOLS, "psql-commands.txt"), "utf8")
  .trim()
  .split("\n")
  .map((line) => [line, line.replaceAll(/\\n/g, "\n").replaceAll("\\\\", "\\")] as const);
/** As psql starts, whatever a command has set. */
const RESET = `
\\set QUIET on
\\set FETCH_COUNT 0
\\set ON_ERROR_ROLLBACK off
\\set AUTOCOMMIT on
\\set VERBOSITY default
\\set SHOW_ALL_RESULTS on
\\unset ECHO_HIDDEN
\\pset format aligned
\\pset expanded off
\\pset null ''
\\pset numericlocale off
\\pset columns 0
\\unset QUIET
`;
const timeout = 120_000;

interface Printed {
  readonly stdout: readonly string[];
  readonly stderr: readonly string[];
}

describe.skipIf(psql === undefined || postgresBin === undefined)("psql", () => {
  let server: TestServer;
  let cluster: Cluster;
  const printed: Printed[] = [];

  beforeAll(async () => {
    [server, cluster] = await Promise.all([TestServer.start(), startPostgres()]);
    for (const { port } of [server, cluster]) printed.push(await session(port));
  }, timeout);
  afterAll(async () => {
    await server?.dispose();
    await cluster?.stop();
  });

  test.each(COMMANDS.map(([line], index) => [line, index] as const))("%s", (_line, index) => {
    const [ours, theirs] = printed;
    expect(theirs?.stdout).toHaveLength(COMMANDS.length + 1);
    expect(ours?.stdout[index + 1]).toBe(theirs?.stdout[index + 1]);
    expect(ours?.stderr[index + 1]).toBe(theirs?.stderr[index + 1]);
  });
});

async function session(port: number): Promise<Printed> {
  const args = ["-X", "-h", "127.0.0.1", "-p", String(port), "-U", "postgres", "-d", "postgres"];
  const env = { PSQL_EDITOR: "true", PAGER: "cat", PGOPTIONS: "-c timezone=UTC" };
  const objects = join(TOOLS, "objects.sql");
  await run(psql ?? "", [...args, "-q", "-f", objects], { timeoutMs: timeout });
  const mark = "~~~";
  const parts = COMMANDS.map(([, text]) => `\\echo ${mark}\n\\warn ${mark}\n${text}\n${RESET}`);
  const { stdout, stderr } = await run(psql ?? "", args, {
    input: parts.join(""),
    env,
    timeoutMs: timeout,
  });
  const known = (text: string) =>
    text.replaceAll(String(port), "PORT").replaceAll(/^(psql:<stdin>:\d+: )|^LOCATION: .*\n/gm, "");
  return { stdout: known(stdout).split(`${mark}\n`), stderr: known(stderr).split(`${mark}\n`) };
}
