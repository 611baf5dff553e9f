/** SQL kept as text files in the repository's sql/ folder, with ${names} to put in. */

import { readFileSync } from "node:fs";
import { assert } from "../base/errors.ts";

const read = new Map<string, string>();

/** @param values replace `${name}`; every name of the file must be given, and no other. */
export function fillSql(file: string, values: Readonly<Record<string, string>>): string {
  let template = read.get(file);
  if (template === undefined) {
    // The same distance from src/engine and dist/engine.
    const source = readFileSync(new URL(`../../sql/${file}`, import.meta.url), "utf8");
    template = source.replace(/^--.*\n/gm, "");
    read.set(file, template);
  }
  const used = new Set<string>();
  const sql = template.replace(/\$\{(\w+)\}/g, (_, name: string) => {
    const value = values[name];
    assert(value !== undefined, () => `${file} needs a value for ${name}`);
    used.add(name);
    return value;
  });
  assert(used.size === Object.keys(values).length, () => `${file} does not use all values`);
  return sql;
}
