/** Drivers of Go. Need PGTIDE_TEST_GO, the folder of the programs below test/clients/go, built. */

import { join } from "node:path";
import { goFolder } from "../support/programs.ts";
import type { ClientProgram } from "./drivers/program.ts";
import { describeClients } from "./drivers/suite.ts";

function program(name: string, folder: string): ClientProgram {
  const command = goFolder === undefined ? undefined : [join(goFolder, folder)];
  return { name, source: `go/${folder}/main.go`, command };
}

describeClients([program("pgx 5", "pgx"), program("lib/pq", "pq")]);
