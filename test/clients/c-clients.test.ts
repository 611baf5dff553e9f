/** libpq itself, by a program in C. Needs PGTIDE_TEST_LIBPQ, test/clients/c/libpq.c, built. */

import { libpqProgram } from "../support/programs.ts";
import { describeClients } from "./drivers/suite.ts";

const command = libpqProgram === undefined ? undefined : [libpqProgram];

describeClients([{ name: "libpq", source: "c/libpq.c", command }]);
