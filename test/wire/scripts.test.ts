/**
 * Conversations from raw bytes, message by message: what PostgreSQL answers is what we answer.
 * PGTIDE_TEST_RECORD=1 writes PostgreSQL's answers into scripts that have none yet.
 */

import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type LocalServer, startLocalServer } from "../support/local-server.ts";
import { type Cluster, postgresBin, startPostgres } from "../support/programs.ts";
import { root } from "../support/root.ts";
import { expected, play, readScripts } from "../support/wire-scripts.ts";

const folder = join(root, "test/wire/scripts");
const files = readdirSync(folder).filter((name) => name.endsWith(".txt"));
const scriptsOf = (file: string) => readScripts(readFileSync(join(folder, file), "utf8"));

describe("pgtide", () => {
  let server: LocalServer;
  beforeAll(async () => {
    server = await startLocalServer();
  });
  afterAll(() => server.stop());

  for (const file of files) {
    for (const script of scriptsOf(file)) {
      test(`${file}: ${script.name}`, async () => {
        expect(await play(script, server.port)).toEqual(expected(script, "us"));
      });
    }
  }
});

describe.skipIf(postgresBin === undefined)("PostgreSQL 15", () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await startPostgres();
  });
  afterAll(() => cluster.stop());

  for (const file of files) {
    const scripts = scriptsOf(file);
    for (const script of scripts) {
      const isNew = !script.written.some((line) => line.startsWith("<"));
      test.skipIf(isNew)(`${file}: ${script.name}`, async () => {
        expect(await play(script, cluster.port)).toEqual(expected(script, "pg"));
      });
    }
    test.runIf(process.env["PGTIDE_TEST_RECORD"] === "1")(`${file}: record`, async () => {
      const text: string[] = [];
      for (const script of scripts) {
        const isNew = !script.written.some((line) => line.startsWith("<"));
        const played = await play(script, cluster.port);
        const lines = isNew ? played : script.written;
        text.push(`== ${script.name}`, ...lines, "");
      }
      writeFileSync(join(folder, file), text.join("\n"));
    });
  }
});
