/** Drivers and libraries of Python. Need PGTIDE_TEST_VENV. */

import { join } from "node:path";
import { python } from "../support/programs.ts";
import { root } from "../support/root.ts";
import type { ClientProgram } from "./drivers/program.ts";
import { describeClients } from "./drivers/suite.ts";

/** @param variant the program's argument, where one serves several clients. */
function program(name: string, file: string, variant?: string): ClientProgram {
  const source = `python/${file}.py`;
  const path = join(root, "test/clients", source);
  const args = variant === undefined ? [path] : [path, variant];
  const command = python === undefined ? undefined : [python, ...args];
  return { name, source, command, ...(variant !== undefined && { variant }) };
}

/** Its migrations define for minutes on a busy machine: only `.ci/run long` asks for it. */
const django = { ...program("Django", "with_django"), timeoutMs: 300_000 };

describeClients([
  program("psycopg2", "with_psycopg2"),
  program("psycopg 3", "with_psycopg3"),
  program("asyncpg", "with_asyncpg"),
  program("pg8000", "with_pg8000"),
  program("SQLAlchemy, psycopg2", "with_sqlalchemy", "psycopg2"),
  program("SQLAlchemy, psycopg 3", "with_sqlalchemy", "psycopg"),
  program("SQLAlchemy, asyncpg", "with_sqlalchemy", "asyncpg"),
  program("pandas", "with_pandas"),
  program("ADBC", "with_adbc"),
  ...(process.env["PGTIDE_TEST_SLOW_CLIENTS"] === "1" ? [django] : []),
]);
