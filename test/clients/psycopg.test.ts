/** psycopg 3: parameterised queries, text and binary, pipelines. Needs PGTIDE_TEST_VENV. */

import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { python, run } from "../support/programs.ts";
import { root } from "../support/root.ts";
import { type Target, targets } from "./targets.ts";

interface Answers {
  readonly [name: string]: unknown;
}

describe.skipIf(python === undefined).each(targets)("psycopg 3 and %s", (_name, open) => {
  let target: Target;
  let answers: Answers;

  beforeAll(async () => {
    target = await open();
    const script = join(root, "test/clients/psycopg_session.py");
    const finished = await run(python ?? "", [script, String(target.port)]);
    if (finished.status !== 0) throw new Error(finished.stderr);
    answers = JSON.parse(finished.stdout) as Answers;
  });
  afterAll(() => target?.close());

  test("values of eleven types survive, text and binary, as parameter and as result", () => {
    expect(answers["changed"]).toEqual([]);
  });

  test("binary results have PostgreSQL's bytes", () => {
    expect(answers["wrong_bytes"]).toEqual([]);
  });

  test("a table answers alike in text and binary", () => {
    expect(answers["text"]).toEqual([
      ["2024-06-03T00:00:00+00:00", 24, expect.any(Number)],
      ["2024-06-04T00:00:00+00:00", 24, expect.any(Number)],
    ]);
    expect(answers["binary"]).toEqual(answers["text"]);
  });

  test("errors carry PostgreSQL's SQLSTATE and leave the connection idle", () => {
    expect(answers["states"]).toEqual(["42P01", "42703", "22P02"]);
    expect(answers["status"]).toBe("IDLE");
  });

  test("a prepared statement answers the same each time", () => {
    expect(answers["prepared"]).toEqual([240]);
  });

  test("transactions and pipelines work", () => {
    expect(answers["inside"]).toBe(240);
    expect(answers["pipelined"]).toEqual([1, 2, 3]);
  });
});
