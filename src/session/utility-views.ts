/** Definitions of views over our own functions: PostgreSQL knows those by their schema alone. */

import type { NodeObject } from "../compile/node-text.ts";
import type { StatementText } from "../compile/split.ts";
import { tokenize } from "../compile/tokens.ts";
import type { AnalyseRequest } from "../postgres/analysis.ts";
import type { Insertion } from "./own-functions.ts";
import type { Statement } from "./statement.ts";
import { classifyUtility } from "./utility.ts";

/** ObjectType of parsenodes.h. */
const OBJECT_MATVIEW = 23;

export function isViewDefinition(node: NodeObject): boolean {
  if (node.tag === "CREATETABLEASSTMT") return node["objtype"] === OBJECT_MATVIEW;
  return node.tag === "VIEWSTMT";
}

/** Executed as it was analysed; positions in errors are put back by `insertions`. */
export function classifyQualified(
  node: NodeObject,
  source: {
    readonly statement: StatementText;
    readonly request: AnalyseRequest;
    readonly insertions: readonly Insertion[];
  },
): Statement {
  const { text } = source.request;
  const statement = { ...source.statement, text, tokens: tokenize(text) };
  const classified = classifyUtility(node, statement);
  if (classified.kind !== "define") return classified;
  const { insertions } = source;
  return { ...classified, definition: { ...classified.definition, insertions } };
}
