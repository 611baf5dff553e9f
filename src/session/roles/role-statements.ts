/**
 * Definitions of roles: PostgreSQL executes them without the password, which is kept apart, and
 * what only the session knows is checked and said here.
 */

import { type ErrorFields, SqlError } from "../../base/errors.ts";
import type { NodeObject, NodeValue } from "../../compile/node-text.ts";
import { quoteIdentifier, type Token } from "../../compile/tokens.ts";
import type { DefinitionStep } from "../../postgres/analysis.ts";
import type { DefinitionStatement } from "../definitions/classify.ts";
import { type DefinitionRequest, define } from "../definitions/define.ts";
import { type Effects, NO_EFFECTS } from "../definitions/effects.ts";
import type { Execution, Result } from "../execution.ts";
import { roleByName } from "./directory.ts";
import { makeVerifier, md5Hash, parseSecret, verifierText } from "./secret.ts";

const ROLE_TAGS: ReadonlySet<string> = new Set([
  "CREATEROLESTMT",
  "ALTERROLESTMT",
  "ALTERROLESETSTMT",
  "ALTERDATABASESETSTMT",
  "ALTERDEFAULTPRIVILEGESSTMT",
  "ALTEROWNERSTMT",
  "DROPROLESTMT",
  "GRANTROLESTMT",
  "GRANTSTMT",
  "REASSIGNOWNEDSTMT",
]);
/** ObjectType of parsenodes.h. */
const OBJECT_ROLE = 33;
/** RoleSpecType of parsenodes.h. */
const [NAMED, CURRENT_ROLE, CURRENT_USER, SESSION_USER] = [0, 1, 2, 3];

/** Of roles and rights alone: no relation changes but in who may do what with it. */
export function isRoleStatement({ node }: DefinitionStatement): boolean {
  if (node.tag === "RENAMESTMT") return node["renameType"] === OBJECT_ROLE;
  return ROLE_TAGS.has(node.tag);
}

export async function defineRoles(
  statement: DefinitionStatement,
  execution: Execution,
): Promise<Result> {
  const { node, command } = statement;
  refuseOwnSession(node, execution);
  const password = passwordOption(node);
  const notices: ErrorFields[] = [];
  const secret =
    password === undefined
      ? undefined
      : await secretOf(password, roleNameIn(node, execution), execution, notices);
  const sql = withSessionUser(withoutPassword(statement), execution);
  const request: DefinitionRequest = {
    command,
    sources: [sql],
    judge: (step) => Promise.resolve(passwordEffects(node, secret, step, execution, notices)),
  };
  const step = await define(request, execution);
  return { kind: "done", tag: step.tag, notices: [...step.notices, ...notices] };
}

/** PASSWORD as it was written: null removes it, undefined leaves what there is. */
function passwordOption(node: NodeObject): string | null | undefined {
  const option = nodesOf(node["options"]).find((one) => one["defname"] === "password");
  if (option === undefined) return undefined;
  return option["arg"] === null ? null : String(option["arg"]);
}

/** What is kept of a password given in clear text, or already as a verifier. */
async function secretOf(
  password: string | null,
  role: string,
  { settings }: Execution,
  notices: ErrorFields[],
): Promise<string | null> {
  if (password === null) return null;
  if (password === "") {
    const message = "empty string is not a valid password, clearing password";
    notices.push({ severity: "NOTICE", sqlState: "00000", message });
    return null;
  }
  const given = parseSecret(password);
  const isMd5 = given?.kind === "md5" || (!given && settings.get("password_encryption") === "md5");
  const isTold = settings.get("md5_password_warnings") !== "off";
  if (isMd5 && isTold) notices.push(MD5_DEPRECATED);
  if (given !== undefined) return password;
  if (isMd5) return `md5${md5Hash(password, role)}`;
  const iterations = Number(settings.get("scram_iterations") ?? 4096);
  return verifierText(await makeVerifier(password, undefined, iterations));
}

const MIGRATING = [
  "Refer to the PostgreSQL documentation for details",
  "about migrating to another password type.",
].join(" ");

const MD5_DEPRECATED: ErrorFields = {
  severity: "WARNING",
  sqlState: "01P01",
  message: "setting an MD5-encrypted password",
  detail:
    "MD5 password support is deprecated and will be removed in a future release of PostgreSQL.",
  hint: MIGRATING,
};

function passwordEffects(
  node: NodeObject,
  secret: string | null | undefined,
  step: DefinitionStep,
  execution: Execution,
  notices: ErrorFields[],
): readonly Effects[] {
  const { services } = execution;
  const roles = step.roles ?? services.shadow.roles();
  if (node.tag === "RENAMESTMT") {
    const role = roleByName(roles, String(node["newname"]));
    if (role === undefined || services.passwords.get(role.oid)?.kind !== "md5") return [];
    const message = "MD5 password cleared because of role rename";
    notices.push({ severity: "NOTICE", sqlState: "00000", message });
    return [put(role.oid, null, execution)];
  }
  if (secret === undefined) return [];
  const role = roleByName(roles, roleNameIn(node, execution));
  return role === undefined ? [] : [put(role.oid, secret, execution)];
}

function put(roleOid: number, secret: string | null, { services }: Execution): Effects {
  const finish = () => {
    services.passwords.put(roleOid, secret);
    return Promise.resolve();
  };
  return { ...NO_EFFECTS, changes: [{ kind: "put-password", roleOid, secret }], finish };
}

/** Whom CREATE or ALTER ROLE is about. */
function roleNameIn(node: NodeObject, { settings }: Execution): string {
  const role = node["role"];
  return isNode(role) ? (specName(role, settings) ?? "") : String(role);
}

/** undefined: PUBLIC. */
function specName(spec: NodeObject, settings: Execution["settings"]): string | undefined {
  switch (spec["roletype"]) {
    case NAMED:
      return String(spec["rolename"]);
    case CURRENT_ROLE:
    case CURRENT_USER:
      return settings.currentUser;
    case SESSION_USER:
      return settings.sessionUser;
    default:
      return undefined;
  }
}

/** The embedded server's session user is always its superuser. @throws SqlError 0A000, 55006 */
function refuseOwnSession(node: NodeObject, { settings }: Execution): void {
  const { sessionUser } = settings;
  if (node.tag === "RENAMESTMT" && node["subname"] === sessionUser) {
    throw new SqlError("0A000", "session user cannot be renamed");
  }
  if (node.tag !== "DROPROLESTMT" || sessionUser === settings.currentUser) return;
  if (nodesOf(node["roles"]).some((one) => specName(one, settings) === sessionUser)) {
    throw new SqlError("55006", "session user cannot be dropped");
  }
}

/** Passwords are not for the journal, nor for the embedded PostgreSQL. */
function withoutPassword({ sql, tokens, node }: DefinitionStatement): string {
  if (passwordOption(node) === undefined) return sql;
  const at = tokens.findIndex(
    (token, index) => isWord(token, "password") && tokens[index + 1]?.kind === "string",
  );
  const first = tokens[at + 1];
  if (at < 0 || first === undefined) {
    if (passwordOption(node) === null) return sql;
    throw new SqlError("0A000", "this form of PASSWORD is not supported", {
      hint: "Write it as a plain string.",
    });
  }
  let last = first;
  for (const token of tokens.slice(at + 2)) {
    if (token.kind !== "string") break; // a string goes on in the next line
    last = token;
  }
  const before = tokens[at - 1];
  const start = isWord(before, "encrypted") ? before.start : (tokens[at] as Token).start;
  return `${sql.slice(0, start)}PASSWORD NULL${sql.slice(last.end)}`;
}

/** SESSION_USER by its name. */
function withSessionUser(sql: string, { settings }: Execution): string {
  if (!/session_user/i.test(sql)) return sql;
  const name = quoteIdentifier(settings.sessionUser);
  return sql.replace(/(?<![\w$"'.])session_user(?![\w$"'])/gi, () => name);
}

function isWord(token: Token | undefined, value: string): token is Token {
  return token?.kind === "word" && token.value === value;
}

function nodesOf(value: NodeValue | undefined): NodeObject[] {
  return Array.isArray(value) ? value.filter(isNode) : [];
}

function isNode(value: NodeValue | undefined): value is NodeObject {
  return typeof value === "object" && value !== null && !Array.isArray(value) && "tag" in value;
}
