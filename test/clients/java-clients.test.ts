/** Drivers of Java. Need PGTIDE_TEST_JDBC, the folder of the driver and of what javac made. */

import { join } from "node:path";
import { jdbcFolder } from "../support/programs.ts";
import { describeClients } from "./drivers/suite.ts";

const folder = jdbcFolder ?? "";
const command =
  jdbcFolder === undefined
    ? undefined
    : ["java", "-cp", `${folder}:${join(folder, "postgresql.jar")}`, "Session"];

describeClients([{ name: "pgjdbc", source: "jdbc/Session.java", command, timeoutMs: 120_000 }]);
