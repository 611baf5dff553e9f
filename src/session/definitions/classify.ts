/**
 * Which of PostgreSQL's definitions we let it execute, by the tree it made of the statement. What
 * of a definition we cannot keep is refused once it has come out (refusals.ts).
 */

import { SqlError } from "../../base/errors.ts";
import type { NodeObject, NodeValue } from "../../compile/node-text.ts";
import type { StatementText } from "../../compile/split.ts";
import type { Token } from "../../compile/tokens.ts";
import type { Insertion } from "../own-functions.ts";
import { usingExpressions } from "./rewrite.ts";

export interface DefinitionStatement {
  /** PostgreSQL's command tag. */
  readonly command: string;
  /** As it is executed; positions are those of the statement. */
  readonly sql: string;
  readonly tokens: readonly Token[];
  /** CONCURRENTLY: not inside of a block. */
  readonly isConcurrent: boolean;
  /** TRUNCATE and REINDEX: the embedded tables are empty, so this only tells what is meant. */
  readonly effect: "define" | "truncate" | "nothing";
  /** ALTER COLUMN ... TYPE ... USING, by column. */
  readonly usings: ReadonlyMap<string, string>;
  readonly node: NodeObject;
  /** Put into its text before PostgreSQL sees it. */
  readonly insertions: readonly Insertion[];
}

/** ObjectType of parsenodes.h. */
const OBJECTS: Readonly<Record<number, string>> = {
  6: "COLUMN",
  20: "INDEX",
  23: "MATERIALIZED VIEW",
  33: "ROLE",
  36: "SCHEMA",
  37: "SEQUENCE",
  40: "CONSTRAINT",
  41: "TABLE",
  51: "VIEW",
};

/** AlterTableType of parsenodes.h: columns, constraints, options without a meaning here, owner. */
const ALTERATIONS: ReadonlySet<number> = new Set([
  0, 2, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 16, 19, 20, 21, 22, 24, 26, 27, 28, 29, 30, 33, 34, 35,
  53, 62, 63, 64,
]);

/** undefined: it defines nothing, or nothing that we keep. @throws SqlError 0A000 */
export function classifyDefinition(
  node: NodeObject,
  statement: StatementText,
): DefinitionStatement | undefined {
  const command = commandOf(node);
  if (command === undefined) return undefined;
  refusePart(node);
  const isConcurrent =
    !QUERIES.has(node.tag) &&
    statement.tokens.some((token) => token.kind === "word" && token.value === "concurrently");
  return {
    command,
    tokens: statement.tokens,
    sql: isConcurrent ? withoutConcurrently(statement) : statement.text,
    isConcurrent,
    effect: EFFECTS[node.tag] ?? "define",
    usings: node.tag === "ALTERTABLESTMT" ? usingExpressions(statement) : new Map(),
    node,
    insertions: [],
  };
}

/** The word means nothing in a query, and REFRESH may stand in a block. */
const QUERIES: ReadonlySet<string> = new Set([
  "VIEWSTMT",
  "CREATETABLEASSTMT",
  "REFRESHMATVIEWSTMT",
]);

const EFFECTS: Readonly<Record<string, DefinitionStatement["effect"]>> = {
  TRUNCATESTMT: "truncate",
  REINDEXSTMT: "nothing",
};

/** By the command tag; undefined: not ours to execute. */
function commandOf(node: NodeObject): string | undefined {
  switch (node.tag) {
    case "CREATESTMT":
      return "CREATE TABLE";
    case "VIEWSTMT":
      return "CREATE VIEW";
    case "CREATETABLEASSTMT":
      return "CREATE MATERIALIZED VIEW";
    case "REFRESHMATVIEWSTMT":
      return "REFRESH MATERIALIZED VIEW";
    case "INDEXSTMT":
      return "CREATE INDEX";
    case "CREATESEQSTMT":
      return "CREATE SEQUENCE";
    case "CREATESCHEMASTMT":
      return "CREATE SCHEMA";
    case "ALTERSEQSTMT":
      return "ALTER SEQUENCE";
    case "ALTERTABLESTMT":
      return named("ALTER", node["objtype"]);
    case "RENAMESTMT":
      return named("ALTER", Number(node["relationType"]) || node["renameType"]);
    case "ALTEROBJECTSCHEMASTMT":
      return named("ALTER", node["objectType"]);
    case "ALTEROWNERSTMT":
      if (node["objectType"] === 9) return "ALTER DATABASE";
      return node["objectType"] === 36 ? "ALTER SCHEMA" : undefined;
    case "DROPSTMT":
      return named("DROP", node["removeType"]);
    case "COMMENTSTMT":
      return "COMMENT";
    case "TRUNCATESTMT":
      return "TRUNCATE TABLE";
    case "REINDEXSTMT":
      return "REINDEX";
    default:
      return roleCommandOf(node);
  }
}

/** Of roles and rights. */
function roleCommandOf(node: NodeObject): string | undefined {
  switch (node.tag) {
    case "CREATEROLESTMT":
      return "CREATE ROLE";
    case "ALTERROLESTMT":
    case "ALTERROLESETSTMT":
      return "ALTER ROLE";
    case "ALTERDATABASESETSTMT":
      return "ALTER DATABASE";
    case "ALTERDEFAULTPRIVILEGESSTMT":
      refuseGrant(node["action"] as NodeObject);
      return "ALTER DEFAULT PRIVILEGES";
    case "DROPROLESTMT":
      return "DROP ROLE";
    case "GRANTROLESTMT":
      return node["is_grant"] === true ? "GRANT ROLE" : "REVOKE ROLE";
    case "GRANTSTMT":
      refuseGrant(node);
      return node["is_grant"] === true ? "GRANT" : "REVOKE";
    case "DROPOWNEDSTMT":
      return "DROP OWNED";
    case "REASSIGNOWNEDSTMT":
      return "REASSIGN OWNED";
    default:
      return undefined;
  }
}

/** ObjectType of parsenodes.h: rights that are looked at. @throws SqlError 0A000 */
const GRANTED: ReadonlySet<number> = new Set([9, 27, 36, 37, 41]);

function refuseGrant(node: NodeObject): void {
  if (GRANTED.has(Number(node["objtype"]))) return;
  throw new SqlError("0A000", "rights on objects of this kind are not supported", {
    hint: "GRANT and REVOKE are for tables, columns, sequences, schemas, the database, settings.",
  });
}

function named(verb: string, objectType: NodeValue | undefined): string | undefined {
  const object = OBJECTS[Number(objectType)];
  if (object === undefined) return undefined;
  return `${verb} ${object === "COLUMN" || object === "CONSTRAINT" ? "TABLE" : object}`;
}

function refusePart(node: NodeObject): void {
  if (node.tag === "CREATESTMT") refuseCreate(node);
  if (node.tag !== "ALTERTABLESTMT") return;
  for (const part of nodesOf(node["cmds"])) {
    if (!ALTERATIONS.has(Number(part["subtype"]))) throw notSupported("this form of ALTER TABLE");
    const behindColumn = (part["def"] ?? {}) as NodeObject;
    if (behindColumn.tag === "CONSTRAINT") refuseConstraint(behindColumn);
  }
}

function refuseCreate(node: NodeObject): void {
  if (node["partspec"] !== null || node["partbound"] !== null) throw notSupported("partitioning");
  if (nodesOf(node["inhRelations"]).length > 0) throw notSupported("inheritance");
  if (node["ofTypename"] !== null) throw notSupported("a typed table");
  for (const element of nodesOf(node["tableElts"])) {
    if (element.tag === "CONSTRAINT") refuseConstraint(element);
  }
}

/** ConstrType of parsenodes.h. */
const EXCLUSION = 8;

function refuseConstraint(constraint: NodeObject): void {
  if (constraint["contype"] === EXCLUSION) throw notSupported("an EXCLUDE constraint");
}

/** The embedded PostgreSQL executes in a transaction; nobody waits for a lock there. */
function withoutConcurrently({ text, tokens }: StatementText): string {
  const word = tokens.find((token) => token.kind === "word" && token.value === "concurrently");
  if (word === undefined) return text;
  return text.slice(0, word.start) + " ".repeat(word.end - word.start) + text.slice(word.end);
}

function notSupported(what: string): SqlError {
  return new SqlError("0A000", `${what} is not supported`);
}

function nodesOf(value: NodeValue | undefined): NodeObject[] {
  if (!Array.isArray(value)) return [];
  return value.filter(
    (item): item is NodeObject => typeof item === "object" && item !== null && "tag" in item,
  );
}
