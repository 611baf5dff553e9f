import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Differential, openDifferential } from "../support/differential.ts";
import { readCases } from "../support/differential-file.ts";
import { explain, type Verdict, verdictOf } from "../support/differential-verdict.ts";
import { root } from "../support/root.ts";

const folder = join(root, "test/differential");
const files = readdirSync(folder).filter(
  (file) =>
    file.endsWith(".sql") &&
    file !== "schema.sql" &&
    (process.env["DIFFERENTIAL_FILE"] ?? file) === file,
);

let differential: Differential;

beforeAll(async () => {
  differential = await openDifferential(readFileSync(join(folder, "schema.sql"), "utf8"));
});

afterAll(async () => {
  await differential.close();
});

/** Statements of these files mean something else in a zone with daylight saving: ask there, too. */
const ZONED: ReadonlySet<string> = new Set(["timeseries.sql", "zones.sql"]);

for (const file of files) {
  const zones = ZONED.has(file) ? ["UTC", "America/New_York"] : ["UTC"];
  describe(file, () => {
    test.each(zones)("answers as PostgreSQL does in %s", async (zone) => {
      await differential.setTimeZone(zone);
      const only = process.env["DIFFERENTIAL_ONLY"];
      const counts = new Map<Verdict, number>();
      const failures: string[] = [];
      for (const each of readCases(join(folder, file))) {
        if (only !== undefined && !each.sql.includes(only)) continue;
        const comparison = await differential.compare(each.sql, each.parameters);
        const verdict = verdictOf(each, comparison);
        counts.set(verdict, (counts.get(verdict) ?? 0) + 1);
        if (verdict === "different") failures.push(explain(each, comparison));
        if (verdict === "both-error" && only !== undefined) console.log(explain(each, comparison));
      }
      const summary = [...counts].map(([verdict, count]) => `${verdict} ${count}`).join(", ");
      console.log(`${file} in ${zone}: ${summary}`);
      expect(failures.join("\n\n")).toBe("");
    });
  });
}
