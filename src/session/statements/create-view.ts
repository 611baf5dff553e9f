/** CREATE VIEW, executed by the embedded PostgreSQL like any definition. */

import { SqlError } from "../../base/errors.ts";
import type { NodeObject } from "../../compile/node-text.ts";
import type { DefinitionStatement } from "../definitions/classify.ts";
import { type DefinitionRequest, define } from "../definitions/define.ts";
import { becomesTemporary, readsTemporary, viewSources } from "../definitions/views.ts";
import type { Execution, Result } from "../execution.ts";
import { type Insertion, unshiftPosition } from "../own-functions.ts";

/** `request` executes the statement as it stands. */
export async function createView(
  request: DefinitionRequest,
  { node, sql, insertions }: DefinitionStatement,
  execution: Execution,
): Promise<Result> {
  return await atOwnPositions(insertions, () => created(request, sql, node, execution));
}

/** Errors stand where the client's text has what they are about. */
export async function atOwnPositions(
  insertions: readonly Insertion[],
  act: () => Promise<Result>,
): Promise<Result> {
  try {
    return await act();
  } catch (cause) {
    if (!(cause instanceof SqlError) || insertions.length === 0) throw cause;
    const fields = unshiftPosition(cause.fields, insertions);
    throw new SqlError(fields.sqlState, fields.message, { ...fields, cause });
  }
}

async function created(
  request: DefinitionRequest,
  sql: string,
  node: NodeObject,
  execution: Execution,
): Promise<Result> {
  const { settings, services } = execution;
  const known = services.shadow.relations();
  // Whoever has temporary objects may name one in it.
  const mayBecome = request.temporary === undefined && settings.temporarySchema !== undefined;
  if (
    mayBecome &&
    readsTemporary(node, await define({ ...request, isTried: true }, execution), known)
  ) {
    const step = await define({ ...request, temporary: { onCommit: 0 } }, execution);
    return { kind: "done", tag: step.tag, notices: [becomesTemporary(node), ...step.notices] };
  }
  const step = await define({ ...request, sources: viewSources(sql, request.sources) }, execution);
  return { kind: "done", tag: step.tag, notices: step.notices };
}
