/** Tables written by the reference library, with what it says of them. */

import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LosslessNumber } from "lossless-json";
import { parseJson } from "../../src/table/json.ts";

const ROOT = new URL("../fixtures/tstf/", import.meta.url).pathname;

export function fixtureNames(): readonly string[] {
  return readdirSync(ROOT, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name);
}

export function fixturePath(name: string, ...parts: readonly string[]): string {
  return join(ROOT, name, ...parts);
}

// biome-ignore lint/suspicious/noExplicitAny: the files are checked field by field by the tests
export function expectedOf(name: string): any {
  return plain(parseJson(readFileSync(fixturePath(name, "expected.json"), "utf8")));
}

function plain(value: unknown): unknown {
  if (value instanceof LosslessNumber) return Number(value.value);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]));
}

/** A copy that a test may write to. */
export function copyOfTable(name: string): { readonly root: string; remove(): void } {
  const folder = mkdtempSync(join(tmpdir(), "pgtide-fixture-"));
  const root = join(folder, "table");
  cpSync(fixturePath(name, "table"), root, { recursive: true });
  return { root, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
