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

/** They define and look at definitions for a while: only `.ci/run long` asks for them. */
const slow = [
  program("Knex, Objection", "knex"),
  program("Sequelize", "sequelize"),
  program("TypeORM", "typeorm"),
].map((one) => ({ ...one, timeoutMs: 300_000 }));

describeClients([
  program("node-postgres", "node-postgres"),
  program("postgres.js", "postgres-js"),
  program("Drizzle, node-postgres", "drizzle", "node-postgres"),
  program("Drizzle, postgres.js", "drizzle", "postgres-js"),
  program("Kysely", "kysely"),
  ...(process.env["PGTIDE_TEST_SLOW_CLIENTS"] === "1" ? slow : []),
]);
