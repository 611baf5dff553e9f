/** tokio-postgres. Needs PGTIDE_TEST_TOKIO, the program of test/clients/rust, built. */

import { tokioProgram } from "../support/programs.ts";
import { describeClients } from "./drivers/suite.ts";

const command = tokioProgram === undefined ? undefined : [tokioProgram];

describeClients([{ name: "tokio-postgres", source: "rust/src/main.rs", command }]);
