import { expect, test } from "vitest";
import { supportedSignatures } from "../../../src/compile/functions/all.ts";
import { loadCatalogue } from "../../../src/types/catalogue.ts";

const catalogue = loadCatalogue();

test("every row of the closed table is a signature that PostgreSQL has, of that kind", () => {
  const known = new Map<string, string>();
  for (const entry of catalogue.functions) {
    const kind = entry.returnsSet ? "set" : entry.kind;
    known.set(catalogue.signature(entry.oid) ?? "", kind);
  }
  const rows = supportedSignatures().filter((row) => row.kind !== "cast");
  expect(rows.length).toBeGreaterThan(500);
  expect(rows.filter((row) => known.get(row.signature) !== row.kind)).toEqual([]);
});
