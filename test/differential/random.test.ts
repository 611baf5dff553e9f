import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Differential, openDifferential } from "../support/differential.ts";
import { explain, verdictOf } from "../support/differential-verdict.ts";
import { seedOf } from "../support/random.ts";
import { Random, randomStatement } from "../support/random-statements.ts";
import { root } from "../support/root.ts";

/** Fixed, so that a build does not fail by chance; set both to search for more. */
const SEED = seedOf("statements");
const COUNT = Number(process.env["DIFFERENTIAL_COUNT"] ?? 120);

let differential: Differential | undefined;

beforeAll(async () => {
  const schema = readFileSync(join(root, "test/differential/schema.sql"), "utf8");
  differential = await openDifferential(schema);
});

afterAll(async () => {
  await differential?.close();
});

test.each(["UTC", "America/New_York"])(
  "random statements answer as in PostgreSQL in %s",
  async (zone) => {
    const random = new Random(SEED);
    const failures: string[] = [];
    let equal = 0;
    await differential?.setTimeZone(zone);
    for (let count = 0; count < COUNT; count += 1) {
      const sql = randomStatement(random);
      const comparison = await differential?.compare(sql);
      if (comparison === undefined) break;
      const each = { sql, parameters: [], refused: undefined, known: undefined };
      const verdict = verdictOf(each, comparison);
      const isRefused = comparison.ours.kind === "error" && comparison.ours.sqlState === "0A000";
      if (verdict === "equal") equal += 1;
      else if (verdict === "different" && !isRefused) failures.push(explain(each, comparison));
    }
    console.log(`seed ${SEED} in ${zone}: ${equal} of ${COUNT} equal`);
    expect(failures.join("\n\n")).toBe("");
    expect(equal).toBeGreaterThan(COUNT * 0.8);
  },
  COUNT * 1000,
);
