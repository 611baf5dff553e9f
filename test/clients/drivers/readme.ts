/** README's table client x feature: a row for each client, from the lines that its program printed. */

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../../support/root.ts";
import { FEATURES, type Feature } from "./program.ts";

const FILE = join(root, "README.md");
const MARK = /<!-- \/?clients -->\n/;

function row(cells: readonly string[]): string {
  return `| ${cells.join(" | ")} |`;
}

const HEADING = [
  row(["client", "plain and TLS", ...Object.values(FEATURES)]),
  row(["---", "---", ...Object.keys(FEATURES).map(() => "---")]),
];

/** @param features those of which every line was what PostgreSQL answers, plain and with TLS. */
export function rowOf(client: string, features: ReadonlySet<Feature>): string {
  const cells = Object.keys(FEATURES).map((name) => (features.has(name as Feature) ? "yes" : ""));
  return row([client, "yes", ...cells]);
}

function readRows(): { readonly around: readonly [string, string]; readonly rows: string[] } {
  const [before, body, after] = readFileSync(FILE, "utf8").split(MARK);
  if (before === undefined || body === undefined || after === undefined) {
    throw new Error("README.md has no part clients");
  }
  const rows = body.split("\n").filter((line) => line.startsWith("| "));
  return { around: [before, after], rows: rows.slice(HEADING.length) };
}

function clientOf(line: string): string {
  return line.split(" | ")[0]?.slice(2) ?? "";
}

/** The row of this client in README as it stands. */
export function rowInReadme(client: string): string | undefined {
  return readRows().rows.find((line) => clientOf(line) === client);
}

/** Puts a row in place of the client's old one, or adds it; rows are sorted by client. */
export function writeRow(client: string, line: string): void {
  const { around, rows } = readRows();
  const others = rows.filter((one) => clientOf(one) !== client);
  const all = [...others, line].sort((a, b) => (clientOf(a) < clientOf(b) ? -1 : 1));
  const table = [...HEADING, ...all].join("\n");
  const marked = `<!-- clients -->\n\n${table}\n\n<!-- /clients -->\n`;
  writeFileSync(FILE, around.join(marked));
}
