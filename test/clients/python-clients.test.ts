/** Drivers and libraries of Python. Need PGTIDE_TEST_VENV. */

import { join } from "node:path";
import { python } from "../support/programs.ts";
import { root } from "../support/root.ts";
import type { ClientProgram } from "./drivers/program.ts";
import { describeClients } from "./drivers/suite.ts";

function program(name: string, file: string): ClientProgram {
  const source = `python/${file}.py`;
  const command = python === undefined ? undefined : [python, join(root, "test/clients", source)];
  return { name, source, command };
}

describeClients([program("psycopg 3", "psycopg3")]);
