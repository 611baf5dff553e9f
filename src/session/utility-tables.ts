/**
 * PostgreSQL's own spelling of CREATE TSTABLE: CREATE TABLE ... USING tstable.
 */

import { SqlError } from "../base/errors.ts";
import type { NodeObject } from "../compile/node-text.ts";
import type { CreateTstable, TstableOptions } from "../compile/own-statements.ts";
import type { StatementText } from "../compile/split.ts";
import { TokenReader } from "../compile/token-reader.ts";

/** Whoever says `SET default_table_access_method = tstable`, as pg_dump does, leaves USING out. */
export function withDefaultMethod(node: NodeObject, method: string | undefined): NodeObject {
  if (method !== "tstable") return node;
  if (node.tag === "CREATESTMT" && node["accessMethod"] === null) {
    return { ...node, accessMethod: method };
  }
  if (node.tag !== "CREATETABLEASSTMT") return node;
  const into = node["into"] as NodeObject;
  if (into["accessMethod"] !== null) return node;
  return { ...node, into: { ...into, accessMethod: method } };
}

/** The twin of CREATE TSTABLE. `node` is a CREATESTMT whose access method is tstable. */
export function createUsingTstable(node: NodeObject, statement: StatementText): CreateTstable {
  const relation = node["relation"] as NodeObject;
  if (relation["relpersistence"] !== "p") {
    throw new SqlError("0A000", "a tstable can be neither temporary nor unlogged");
  }
  const reader = new TokenReader(statement.text, statement.tokens);
  reader.expect("create", "table");
  reader.takes("if", "not", "exists");
  reader.identifier();
  while (reader.takesSymbol(".")) reader.identifier();
  const list = reader.peek;
  if (list?.kind !== "symbol" || list.value !== "(") {
    throw new SqlError(
      "0A000",
      "this form of CREATE TABLE ... USING tstable is not supported yet",
      {
        hint: "Give the columns in parentheses.",
      },
    );
  }
  return {
    kind: "create-tstable",
    table: { schema: nameOf(relation["schemaname"]), name: String(relation["relname"]) },
    ifNotExists: node["if_not_exists"] === true,
    source: { kind: "columns", ...reader.balanced() },
    options: optionsOf((node["options"] ?? []) as readonly NodeObject[]),
  };
}

function nameOf(value: unknown): string | undefined {
  return value === null || value === undefined ? undefined : String(value);
}

/** `WITH (entity = 'a, b', bucket = '1 h', ...)`. */
function optionsOf(definitions: readonly NodeObject[]): TstableOptions {
  let options: TstableOptions = {};
  for (const definition of definitions) {
    options = { ...options, ...option(String(definition["defname"]), optionText(definition)) };
  }
  return options;
}

function optionText(definition: NodeObject): string {
  const value = definition["arg"];
  if (typeof value === "object" && value !== null && "names" in value) {
    return String((value["names"] as readonly unknown[]).at(-1));
  }
  return String(value);
}

function option(name: string, value: string): TstableOptions {
  switch (name) {
    case "time_column":
      return { timeColumn: value };
    case "entity":
      if (value.trim() === "") return { entityColumns: [] };
      return { entityColumns: value.split(",").map((column) => column.trim()) };
    case "bucket":
      return { bucket: /^\d+$/.test(value) ? BigInt(value) : value };
    case "timezone":
      return { timeZone: value };
    case "overlap":
    case "on_overlap":
      return { overlap: oneOf(name, value, ["reject", "skip", "replace", "allow"]) };
    case "grain":
      return { grain: oneOf(name, value, ["auto", "bucket", "row"]) };
    case "compression":
      return { compression: value.toLowerCase() };
    default:
      throw new SqlError("22023", `unrecognized parameter "${name}"`, {
        hint: "Known are time_column, entity, bucket, timezone, overlap, grain and compression.",
      });
  }
}

function oneOf<const Word extends string>(
  name: string,
  value: string,
  words: readonly Word[],
): Word {
  const word = words.find((candidate) => candidate === value.toLowerCase());
  if (word === undefined) {
    throw new SqlError("22023", `invalid value for parameter "${name}": "${value}"`, {
      hint: `Available values: ${words.join(", ")}.`,
    });
  }
  return word;
}
