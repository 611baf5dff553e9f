/**
 * Utility statements as PostgreSQL parsed them (`utilityStmt`): which of them we execute, and how.
 */

import { SqlError } from "../base/errors.ts";
import type { NodeObject, NodeValue } from "../compile/node-text.ts";
import type { StatementText } from "../compile/split.ts";
import { TokenReader } from "../compile/token-reader.ts";
import { classifyDefinition } from "./definitions/classify.ts";
import { createAs } from "./definitions/create-as.ts";
import type { SettingChange, Statement, TransactionCommand, TwoPhaseCommand } from "./statement.ts";
import { setConstraintsOf } from "./statements/set-constraints.ts";
import { vacuumOf } from "./statements/vacuum.ts";
import type { IsolationLevel, TransactionModes } from "./transaction-modes.ts";
import { executeStatement, fetchStatement, prepareStatement } from "./utility-cursors.ts";
import { createUsingTstable } from "./utility-tables.ts";

/**
 * @throws SqlError 0A000, by the statement's name. EXPLAIN is the caller's: its query is analysed
 * anew.
 */
export function classifyUtility(node: NodeObject, statement: StatementText): Statement {
  switch (node.tag) {
    case "TRANSACTIONSTMT":
      return transactionStatement(node);
    case "VARIABLESETSTMT":
      return { kind: "set", change: settingChange(node) };
    case "VARIABLESHOWSTMT":
      return { kind: "show", name: text(node["name"]) };
    case "DISCARDSTMT":
      return { kind: "discard", target: discardTarget(node) };
    case "DEALLOCATESTMT":
      return { kind: "deallocate", name: node["isall"] === true ? undefined : text(node["name"]) };
    case "CLOSEPORTALSTMT": {
      const name = node["portalname"];
      return { kind: "close", name: name === null ? undefined : text(name) };
    }
    case "FETCHSTMT":
      return fetchStatement(node);
    case "PREPARESTMT":
      return prepareStatement(node, statement);
    case "EXECUTESTMT":
      return executeStatement(node, statement);
    case "LOCKSTMT":
      return {
        kind: "lock-table",
        tables: nodes(node["relations"]).map((one) => ({
          schema: one["schemaname"] === null ? undefined : text(one["schemaname"]),
          name: text(one["relname"]),
        })),
        mode: Number(node["mode"]),
        isPatient: node["nowait"] !== true,
      };
    case "LISTENSTMT":
      return { kind: "listen", channel: text(node["conditionname"]) };
    case "UNLISTENSTMT": {
      const channel = node["conditionname"];
      return { kind: "unlisten", channel: channel === null ? undefined : text(channel) };
    }
    case "NOTIFYSTMT": {
      const channel = text(node["conditionname"]);
      return { kind: "notify", channel, payload: text(node["payload"]) };
    }
    case "CONSTRAINTSSETSTMT":
      return { kind: "set-constraints", constraints: setConstraintsOf(node) };
    case "VACUUMSTMT":
      return { kind: "vacuum", vacuum: vacuumOf(node) };
    case "CHECKPOINTSTMT":
      return { kind: "checkpoint" };
    case "CREATESTMT":
      if (node["accessMethod"] === "tstable") {
        return { kind: "own", own: createUsingTstable(node, statement) };
      }
      break;
    case "CREATETABLEASSTMT":
      if (node["objtype"] !== OBJECT_TABLE) break;
      return { kind: "create-as", create: createAs(node, statement) };
    default:
      break;
  }
  const definition = classifyDefinition(node, statement);
  if (definition !== undefined) return { kind: "define", definition };
  throw notBuilt(commandName(statement));
}

/** ObjectType of parsenodes.h; the other one is a materialized view. */
const OBJECT_TABLE = 41;

const ADVERBS: ReadonlySet<string> = new Set(["or", "replace", "temp", "temporary", "recursive"]);

/** The first words of a statement, for messages: `CREATE VIEW`. */
function commandName(statement: StatementText): string {
  const words = statement.tokens
    .slice(0, 6)
    .filter((token) => token.kind === "word" && !ADVERBS.has(token.value));
  const [first, second] = words.map((word) => word.value.toUpperCase());
  const isPair = first === "CREATE" || first === "ALTER" || first === "DROP";
  return isPair && second !== undefined ? `${first} ${second}` : (first ?? "statement");
}

export function notBuilt(what: string, hint?: string): SqlError {
  return new SqlError("0A000", `${what} is not supported yet`, hint === undefined ? {} : { hint });
}

function transactionStatement(node: NodeObject): Statement {
  const command = twoPhaseCommand(node);
  if (command !== undefined) return { kind: "two-phase", command };
  return { kind: "transaction", command: transactionCommand(node) };
}

function transactionCommand(node: NodeObject): TransactionCommand {
  const isChained = node["chain"] === true;
  const name = node["savepoint_name"] === null ? "" : text(node["savepoint_name"]);
  switch (node["kind"]) {
    case 0:
      return { kind: "begin", tag: "BEGIN", modes: transactionModes(node["options"]) };
    case 1:
      return { kind: "begin", tag: "START TRANSACTION", modes: transactionModes(node["options"]) };
    case 2:
      return { kind: "commit", isChained };
    case 3:
      return { kind: "rollback", isChained };
    case 4:
      return { kind: "savepoint", name };
    case 5:
      return { kind: "release", name };
    default:
      return { kind: "rollback-to", name };
  }
}

const PREPARE_TRANSACTION = 7;
const COMMIT_PREPARED = 8;

function twoPhaseCommand(node: NodeObject): TwoPhaseCommand | undefined {
  const kind = Number(node["kind"]);
  if (kind < PREPARE_TRANSACTION) return undefined;
  if (kind === PREPARE_TRANSACTION) return { kind: "prepare" };
  const verb = kind === COMMIT_PREPARED ? "COMMIT" : "ROLLBACK";
  return { kind: "decide", verb, id: text(node["gid"]) };
}

function transactionModes(options: NodeValue | undefined): TransactionModes {
  let modes: TransactionModes = {};
  for (const option of nodes(options)) {
    const value = constant(option["arg"]);
    if (option["defname"] === "transaction_isolation") {
      modes = { ...modes, isolation: String(value) as IsolationLevel };
    } else if (option["defname"] === "transaction_read_only") {
      modes = { ...modes, readOnly: value === 1 || value === true };
    } else if (option["defname"] === "transaction_deferrable") {
      modes = { ...modes, deferrable: value === 1 || value === true };
    }
  }
  return modes;
}

function settingChange(node: NodeObject): SettingChange {
  const isLocal = node["is_local"] === true;
  switch (node["kind"]) {
    case 0:
      return {
        kind: "value",
        name: text(node["name"]),
        value: settingText(text(node["name"]), nodes(node["args"])),
        isLocal,
      };
    case 1:
      return { kind: "default", name: text(node["name"]), isLocal };
    case 2:
      throw notBuilt("SET ... FROM CURRENT");
    case 3:
      return multiSetting(node);
    case 4:
      return { kind: "reset", name: text(node["name"]) };
    default:
      return { kind: "reset-all" };
  }
}

function multiSetting(node: NodeObject): SettingChange {
  const modes = transactionModes(node["args"]);
  switch (node["name"]) {
    case "TRANSACTION":
      return { kind: "transaction", modes };
    case "SESSION CHARACTERISTICS":
      return { kind: "session-transaction", modes };
    default:
      throw notBuilt(`SET ${text(node["name"])}`);
  }
}

/** As flatten_set_variable_args: lists of names are joined quoted, all else as it stands. */
function settingText(name: string, args: readonly NodeObject[]): string {
  const isNameList = name.toLowerCase() === "search_path";
  return args
    .map((arg) => {
      if (arg.tag === "TYPECAST") return `INTERVAL '${String(constant(arg["arg"]))}'`;
      const value = String(constant(arg));
      return isNameList ? quoteIfNeeded(value) : value;
    })
    .join(", ");
}

function quoteIfNeeded(name: string): string {
  return /^[a-z_][a-z0-9_$]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`;
}

function discardTarget(node: NodeObject): "all" | "plans" | "sequences" | "temp" {
  return (["all", "plans", "sequences", "temp"] as const)[Number(node["target"])] ?? "all";
}

/** The value of an A_CONST. */
function constant(value: NodeValue | undefined): NodeValue {
  if (!isNode(value)) return value ?? null;
  return value["val"] ?? null;
}

function nodes(value: NodeValue | undefined): NodeObject[] {
  return Array.isArray(value) ? value.filter(isNode) : [];
}

function isNode(value: NodeValue | undefined): value is NodeObject {
  return typeof value === "object" && value !== null && !Array.isArray(value) && "tag" in value;
}

function text(value: NodeValue | undefined): string {
  return value === null || value === undefined ? "" : String(value);
}

/** Where the explained statement begins, behind EXPLAIN and its options. */
export function explainedText(statement: StatementText): number {
  const reader = new TokenReader(statement.text, statement.tokens);
  reader.expect("explain");
  if (reader.peek?.kind === "symbol" && isOptionList(statement)) reader.balanced();
  while (reader.takes("analyze") || reader.takes("analyse") || reader.takes("verbose"));
  return reader.peek?.start ?? statement.text.length;
}

/** @throws SqlError 0A000 for a format other than text */
export function isAnalyzing(node: NodeObject): boolean {
  let isAnalyze = false;
  for (const option of nodes(node["options"])) {
    const value = option["arg"] === null ? "true" : text(option["arg"]).toLowerCase();
    const name = text(option["defname"]).toLowerCase();
    if (name === "analyze") isAnalyze = ["true", "on", "1"].includes(value);
    if (name === "format" && value !== "text") throw notBuilt(`EXPLAIN (FORMAT ${value})`);
  }
  return isAnalyze;
}

/** `EXPLAIN (ANALYZE) ...` against `EXPLAIN (SELECT ...)`. */
function isOptionList(statement: StatementText): boolean {
  const inner = statement.tokens[2];
  return !(inner?.kind !== "word" || ["select", "with", "values", "table"].includes(inner.value));
}

export function commandNotExplained(): SqlError {
  return notBuilt("EXPLAIN of this statement", "EXPLAIN a SELECT.");
}
