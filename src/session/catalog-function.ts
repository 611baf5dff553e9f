/** One call of a built-in that only PostgreSQL can answer, asked before the query that needs it. */

import { assert } from "../base/errors.ts";
import { quoteIdentifier } from "../compile/tokens.ts";
import type { EngineParameter } from "../engine/request.ts";
import { liveFactsNeeded } from "../postgres/live-facts.ts";
import { loadCatalogue } from "../types/catalogue.ts";
import { decodeText, encodeText } from "../types/codec.ts";
import { Oid } from "../types/oids.ts";
import type { SqlValue } from "../types/value.ts";
import { readTextRows } from "./data-rows.ts";
import type { Execution } from "./execution.ts";
import { catalogFacts } from "./live-facts.ts";

/** Shown by name, kept by number. */
const NAMED: ReadonlySet<number> = new Set([Oid.regclass, Oid.regtype]);

/** @throws SqlError as PostgreSQL raises it */
export async function askCatalogFunction(
  functionOid: number,
  argumentOids: readonly number[],
  args: readonly SqlValue[],
  execution: Execution,
): Promise<EngineParameter> {
  const { services, settings, signal } = execution;
  const entry = loadCatalogue().functionByOid(functionOid);
  assert(entry !== undefined, "a plan calls a function that is not there");
  const list = args.map((_, index) => `$${index + 1}`).join(", ");
  const typeOid = NAMED.has(entry.resultOid) ? Oid.oid : entry.resultOid;
  const cast = typeOid === entry.resultOid ? "" : "::pg_catalog.oid";
  const answer = await services.shadow.catalogQuery(
    {
      text: `SELECT pg_catalog.${quoteIdentifier(entry.name)}(${list})${cast}`,
      parameterOids: argumentOids,
      settings: settings.shadow,
      parameters: args.map((value, index) =>
        value === null
          ? null
          : Buffer.from(encodeText(value, argumentOids[index] ?? Oid.text, settings.text)),
      ),
      parameterFormats: [],
      resultFormats: [],
      facts: await catalogFacts(liveFactsNeeded("", [entry.name]), execution),
    },
    signal,
  );
  const cell = readTextRows(answer.bytes)[0]?.[0] ?? null;
  return { typeOid, value: cell === null ? null : decodeText(cell, typeOid, settings.text) };
}
