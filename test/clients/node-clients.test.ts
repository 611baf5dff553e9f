/** Drivers and query builders of Node. Need PGTIDE_TEST_NODE_CLIENTS. */

import { join } from "node:path";
import { nodeClients } from "../support/programs.ts";
import { root } from "../support/root.ts";
import type { ClientProgram } from "./drivers/program.ts";
import { describeClients } from "./drivers/suite.ts";

/** @param variant the program's argument, where one serves several clients. */
function program(name: string, file: string, variant?: string): ClientProgram {
  const source = `node/${file}.mjs`;
  const path = join(root, "test/clients", source);
  const args = variant === undefined ? [path] : [path, variant];
  const command = nodeClients === undefined ? undefined : [process.execPath, ...args];
  return { name, source, command, ...(variant !== undefined && { variant }) };
}

describeClients([
  program("node-postgres", "node-postgres"),
  program("postgres.js", "postgres-js"),
  program("Drizzle, node-postgres", "drizzle", "node-postgres"),
  program("Drizzle, postgres.js", "drizzle", "postgres-js"),
  program("Kysely", "kysely"),
]);
