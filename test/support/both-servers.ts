/** The embedded PostgreSQL and a server of ours, for scripts that both must answer alike. */

import { PGlite } from "@electric-sql/pglite";
import { expect } from "vitest";
import { type LocalServer, startLocalServer } from "./local-server.ts";
import { runOnPostgres, runOnServer } from "./scripts.ts";

export interface BothServers {
  readonly server: LocalServer;
  /** Statements end with a semicolon at the end of a line. One session each. */
  compare(script: string): Promise<void>;
  close(): Promise<void>;
}

export async function openBoth(): Promise<BothServers> {
  const server = await startLocalServer();
  const postgres = await PGlite.create();
  await postgres.exec("SET TimeZone = 'UTC'");
  return {
    server,
    compare: async (script) => {
      const statements = script
        .split(";\n")
        .map((sql) => sql.trim())
        .filter((sql) => sql !== "");
      const expected = await runOnPostgres(postgres, statements);
      const client = await server.connect();
      const found = await runOnServer(client, statements);
      await client.end();
      expect(found).toEqual(expected);
    },
    close: async () => {
      await postgres.close();
      await server.stop();
    },
  };
}
