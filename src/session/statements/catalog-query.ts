/** A SELECT that reads only catalogues, or nothing: answered by PostgreSQL itself. */

import type { ErrorFields } from "../../base/errors.ts";
import type { AnalyseRequest, CatalogFacts } from "../../postgres/analysis.ts";
import type { Execution, Result } from "../execution.ts";
import { catalogFacts } from "../live-facts.ts";
import { rowsInMemory } from "../row-source.ts";

/** `known`: notices that the client has been told. */
export async function catalogQuery(
  request: AnalyseRequest,
  factsNeeded: ReadonlySet<keyof CatalogFacts>,
  known: readonly ErrorFields[],
  execution: Execution,
): Promise<Result> {
  const { parameters, formats, services, settings, signal } = execution;
  const answer = await services.shadow.catalogQuery(
    {
      ...request,
      settings: settings.shadow,
      parameters: parameters.raw,
      parameterFormats: parameters.formats,
      resultFormats: formats,
      facts: await catalogFacts(factsNeeded, execution),
    },
    signal,
  );
  return {
    kind: "rows",
    rows: rowsInMemory([answer]),
    tag: (rows) => `SELECT ${rows}`,
    notices: answer.notices.filter(
      ({ message }) => !known.some((notice) => notice.message === message),
    ),
  };
}
