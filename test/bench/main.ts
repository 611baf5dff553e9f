/**
 * npm run bench -- [PART ...] [--size full|small] [--rounds N] [--data DIR] [--readme]
 *
 * Measures pgtide against its peers, pair by pair in one run, prints a table and leaves the figures in
 * .cache/bench-results. Peers are named as for the tests: PGTIDE_TEST_VENV, PGTIDE_TEST_PG_BIN.
 */

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { root } from "../support/root.ts";
import { append, appendDepth, daily, pruning, smallFiles } from "./appends.ts";
import { Context, type Part, SIZES } from "./context.ts";
import { crowd } from "./crowd.ts";
import { feed } from "./feed.ts";
import { isMet, type Measurement, ratio } from "./measure.ts";
import { queries } from "./queries.ts";
import { selectAll } from "./select-all.ts";
import { startup } from "./startup.ts";
import { sustained } from "./sustained.ts";
import { writes } from "./writes.ts";

const PARTS: readonly Part[] = [
  append,
  smallFiles,
  queries,
  pruning,
  selectAll,
  appendDepth,
  daily,
  startup,
  writes,
  feed,
  sustained,
  crowd,
];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    size: { type: "string", default: "full" },
    rounds: { type: "string", default: "3" },
    data: { type: "string", default: join(root, ".cache/bench-data") },
    /** Puts the table into README, in place of the one there. */
    readme: { type: "boolean", default: false },
  },
});

const size = SIZES[values.size];
const parts = positionals.length === 0 ? PARTS : PARTS.filter((p) => positionals.includes(p.name));
const unknown = positionals.filter((name) => !PARTS.some((part) => part.name === name));
if (size === undefined || unknown.length > 0) {
  const names = PARTS.map((part) => `  ${part.name.padEnd(14)}${part.what}`).join("\n");
  console.error(`sizes: ${Object.keys(SIZES).join(", ")}; parts:\n${names}`);
  process.exit(2);
}

const measured = await measure(size, Number(values.rounds));
report(measured);
process.exitCode = measured.every((one) => one.ours !== undefined) ? 0 : 1;

async function measure(of: NonNullable<typeof size>, rounds: number): Promise<Measurement[]> {
  const context = await Context.open(of, rounds, values.data);
  const all: Measurement[] = [];
  try {
    for (const part of parts) {
      const before = all.length;
      console.error(`${part.name}: ${part.what}`);
      try {
        all.push(...(await part.run(context)));
        for (const one of all.slice(before)) console.error(tableRow(one));
      } catch (error) {
        const note = error instanceof Error ? error.message : String(error);
        all.push({
          name: part.name,
          unit: "ms",
          ours: undefined,
          against: "",
          theirs: undefined,
          note,
        });
      }
    }
  } finally {
    await context.close();
  }
  return all;
}

function report(all: readonly Measurement[]): void {
  const processor = cpus();
  const machine =
    `${processor.length} cores (${processor[0]?.model.trim()}), ` +
    `${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}`;
  const date = new Date().toISOString().slice(0, 10);
  const table = [
    `${machine}; ${date}; size ${values.size}, medians of ${values.rounds}:`,
    "",
    "| what | pgtide | against | | ratio | goal | met |",
    "|---|---|---|---|---|---|---|",
    ...all.map(tableRow),
  ].join("\n");
  console.log(`\n${table}`);
  if (values.readme) replaceInReadme(table);
  for (const { name, note } of all) {
    if (note !== undefined)
      console.log(`\n${name}: ${note.trim().split("\n").slice(0, 3).join(" ")}`);
  }
  const folder = join(root, ".cache/bench-results");
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${new Date().toISOString().replaceAll(":", "")}.json`);
  writeFileSync(file, JSON.stringify({ machine, date, size: values.size, all }, undefined, 2));
  console.log(`\n${file}`);
}

function replaceInReadme(table: string): void {
  const file = join(root, "README.md");
  const [before, , after] = readFileSync(file, "utf8").split(/<!-- \/?bench -->\n/);
  if (after === undefined) throw new Error("README.md has no part bench");
  writeFileSync(file, `${before}<!-- bench -->\n\n${table}\n\n<!-- /bench -->\n${after}`);
}

function tableRow(one: Measurement): string {
  const { goal, unit } = one;
  const value = ratio(one);
  const met = isMet(one);
  const cells = [
    one.name,
    figure(one.ours, unit),
    one.against,
    figure(one.theirs, unit),
    value === undefined ? "" : value.toFixed(2),
    goal === undefined
      ? ""
      : "atMost" in goal
        ? `at most ${goal.atMost}`
        : `at least ${goal.atLeast}`,
    met === undefined ? "" : met ? "yes" : "no",
  ];
  return `| ${cells.join(" | ")} |`;
}

function figure(value: number | undefined, unit: Measurement["unit"]): string {
  if (value === undefined) return "not measured";
  if (unit === "rows/s") {
    return value < 1e5
      ? `${Math.round(value).toLocaleString("en")} rows/s`
      : `${(value / 1e6).toFixed(2)}M rows/s`;
  }
  return `${value < 100 ? value.toFixed(value < 10 ? 2 : 1) : Math.round(value)} ${unit}`;
}
