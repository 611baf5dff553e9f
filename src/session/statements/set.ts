/** SET, RESET, SHOW, DISCARD. */

import { SqlError } from "../../base/errors.ts";
import { isCustomSetting } from "../../postgres/settings-sql.ts";
import { Oid } from "../../types/oids.ts";
import type { Execution, Result } from "../execution.ts";
import { forgetSequences } from "../plain/sequences.ts";
import { becomeLogin, becomeRole, becomeSession } from "../roles/become.ts";
import { rowsOfValues } from "../row-source.ts";
import { HIDDEN_SETTINGS } from "../server-facts.ts";
import { maySeeSettings } from "../setting-facts.ts";
import type { Settings } from "../settings.ts";
import type { SettingChange } from "../statement.ts";
import { dropTemporary } from "../temporary.ts";
import type { TransactionModes } from "../transaction-modes.ts";
import { catalogQuery } from "./catalog-query.ts";

export async function changeSetting(change: SettingChange, execution: Execution): Promise<Result> {
  const { settings, transaction } = execution;
  switch (change.kind) {
    case "value":
      return await setValue(change, execution);
    case "default":
      requireKnown(change.name, execution);
      refuseReset(change.name);
      resetSetting(change.name, change.isLocal, settings);
      return { kind: "done", tag: "SET" };
    case "reset":
      requireKnown(change.name, execution);
      refuseReset(change.name);
      resetSetting(change.name, false, settings);
      return { kind: "done", tag: "RESET" };
    case "reset-all":
      settings.resetAll();
      return { kind: "done", tag: "RESET" };
    case "transaction":
      if (!transaction.isExplicit && execution.isAlone) {
        return warned("25P01", "SET TRANSACTION can only be used in transaction blocks");
      }
      transaction.setModes(change.modes);
      return { kind: "done", tag: "SET" };
    case "session-transaction":
      await setSessionModes(change.modes, execution);
      return { kind: "done", tag: "SET" };
  }
}

async function setValue(
  change: Extract<SettingChange, { kind: "value" }>,
  execution: Execution,
): Promise<Result> {
  const { settings, services, transaction } = execution;
  if (await setTransactionMode(change, execution)) return { kind: "done", tag: "SET" };
  const scope = change.isLocal ? "local" : "session";
  const isOutside = change.isLocal && !transaction.isExplicit;
  const done: Result = isOutside
    ? warned("25P01", "SET LOCAL can only be used in transaction blocks")
    : { kind: "done", tag: "SET" };
  const become = { role: becomeRole, session_authorization: becomeSession };
  const name = change.name.toLowerCase();
  if (name === "role" || name === "session_authorization") {
    become[name](change.value, settings, scope);
    return done;
  }
  const value = await services.settingCheck.check(change.name, change.value, settings.shadow);
  settings.set(change.name, value, scope);
  return done;
}

function resetSetting(name: string, isLocal: boolean, settings: Settings): void {
  if (name.toLowerCase() === "session_authorization") becomeLogin(settings, isLocal);
  else settings.reset(name, isLocal);
}

/** The settings that are the transaction's own: `SET transaction_isolation = ...`. */
async function setTransactionMode(
  change: { readonly name: string; readonly value: string },
  execution: Execution,
): Promise<boolean> {
  const name = change.name.toLowerCase();
  if (name !== "transaction_isolation" && name !== "transaction_read_only") return false;
  const defaults = name.replace("transaction", "default_transaction");
  const { services, settings, transaction } = execution;
  const { value } = await services.settingCheck
    .check(defaults, change.value, settings.shadow)
    .catch((cause: unknown) => {
      throw renamed(cause, defaults, name);
    });
  transaction.setModes(
    name === "transaction_isolation"
      ? { isolation: value as NonNullable<TransactionModes["isolation"]> }
      : { readOnly: value === "on" },
  );
  return true;
}

async function setSessionModes(modes: TransactionModes, execution: Execution): Promise<void> {
  const { settings, services } = execution;
  const set = async (name: string, text: string) => {
    const value = await services.settingCheck.check(name, text, settings.shadow);
    settings.set(name, value, "session");
  };
  if (modes.isolation !== undefined) await set("default_transaction_isolation", modes.isolation);
  if (modes.readOnly !== undefined) {
    await set("default_transaction_read_only", modes.readOnly ? "on" : "off");
  }
  if (modes.deferrable !== undefined) {
    await set("default_transaction_deferrable", modes.deferrable ? "on" : "off");
  }
}

const NEVER_RESET = /^transaction_(isolation|read_only|deferrable)$/i;

function refuseReset(name: string): void {
  if (!NEVER_RESET.test(name)) return;
  throw new SqlError("0A000", `parameter "${name.toLowerCase()}" cannot be reset`);
}

/** The error in terms of the setting that the client named. */
function renamed(cause: unknown, from: string, to: string): unknown {
  if (!(cause instanceof SqlError)) return cause;
  const { sqlState, message, ...fields } = cause.fields;
  return new SqlError(sqlState, message.replace(`"${from}"`, `"${to}"`), { ...fields, cause });
}

function requireKnown(name: string, { settings }: Execution): void {
  if (settings.get(name) !== undefined || isCustomSetting(name)) return;
  throw new SqlError("42704", `unrecognized configuration parameter "${name}"`);
}

function warned(sqlState: string, message: string): Result {
  return { kind: "done", tag: "SET", notices: [{ severity: "WARNING", sqlState, message }] };
}

export async function show(name: string, execution: Execution): Promise<Result> {
  const { settings, transaction } = execution;
  switch (name.toLowerCase()) {
    case "all":
      return await showAll(execution);
    case "transaction_isolation":
      return shown(transaction.isolation, execution);
    case "transaction_read_only":
      return shown(transaction.isReadOnly ? "on" : "off", execution);
    case "transaction_deferrable":
      return shown(transaction.isDeferrable ? "on" : "off", execution);
    default: {
      requireVisible(name, settings);
      const value = settings.get(name);
      if (value === undefined) {
        throw new SqlError("42704", `unrecognized configuration parameter "${name}"`);
      }
      return shown(value, execution);
    }
  }
}

/** @throws SqlError 42501 */
function requireVisible(name: string, settings: Settings): void {
  if (!HIDDEN_SETTINGS.has(name.toLowerCase()) || maySeeSettings(settings)) return;
  throw new SqlError("42501", `permission denied to examine "${name.toLowerCase()}"`, {
    detail:
      'Only roles with privileges of the "pg_read_all_settings" role may examine this parameter.',
  });
}

async function showAll(execution: Execution): Promise<Result> {
  const result = await catalogQuery(
    {
      text:
        "SELECT name, pg_catalog.current_setting(name), short_desc" +
        ' FROM pg_catalog.pg_show_all_settings() ORDER BY lower(name) COLLATE "C"',
      parameterOids: [],
      settings: execution.settings.shadow,
    },
    new Set(["settings"]),
    [],
    { ...execution, parameters: { raw: [], formats: [], values: [] } },
  );
  return result.kind === "rows" ? { ...result, tag: () => "SHOW" } : result;
}

function shown(value: string, { formats, settings }: Execution): Result {
  const columns = [{ typeOid: Oid.text, format: formats[0] ?? 0 }];
  const rows = rowsOfValues([[value]], columns, settings.text);
  return { kind: "rows", rows, tag: () => "SHOW" };
}

async function discardTemporary(execution: Execution): Promise<void> {
  const { settings, services, transaction, processId } = execution;
  if (settings.temporarySchema === undefined) return;
  if (transaction.isExplicit) {
    throw new SqlError("0A000", "DISCARD TEMP inside a transaction block is not supported");
  }
  await dropTemporary(services, processId);
}

export async function discard(
  target: "all" | "plans" | "sequences" | "temp",
  execution: Execution,
): Promise<Result> {
  if (target === "all") {
    if (execution.transaction.isExplicit || !execution.isAlone) {
      throw new SqlError("25001", "DISCARD ALL cannot run inside a transaction block");
    }
    becomeLogin(execution.settings, false);
    execution.settings.resetAll();
    execution.advisoryLocks.releaseAll("session");
    await execution.notifications.unlisten(undefined, execution.transaction);
    execution.portals.removeAllStatements();
    await execution.portals.removeAllPortals();
  }
  if (target === "all" || target === "sequences") forgetSequences(execution.transaction);
  if (target === "all" || target === "temp") await discardTemporary(execution);
  return { kind: "done", tag: `DISCARD ${target.toUpperCase()}` };
}
