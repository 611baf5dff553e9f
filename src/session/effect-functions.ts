/**
 * Functions that act on the session, on others or on the clock: locks, waiting, ending sessions,
 * settings. The embedded PostgreSQL must not run them; they are executed here, and the query
 * around them there.
 */

import { sleep } from "../base/async.ts";
import { type ErrorFields, SqlError } from "../base/errors.ts";
import { advisoryTarget, type LockLevel } from "./advisory-locks.ts";
import type { Execution } from "./execution.ts";
import type { LockMode } from "./locks.ts";
import { lockWait } from "./plain/work.ts";
import { requireSignalRights } from "./roles/signal-rights.ts";
import { changeSetting } from "./statements/set.ts";

/** Arguments as text; NULL only where `isStrict` is false. */
export interface EffectFunction {
  readonly isStrict: boolean;
  readonly type: "bool" | "text";
  /** The value's text; a void function gives "". */
  readonly call: (args: readonly (string | null)[], effects: Effects) => Promise<string | null>;
}

export interface Effects {
  readonly execution: Execution;
  readonly notices: ErrorFields[];
}

const TRUE = "t";
const FALSE = "f";

export const EFFECT_FUNCTIONS: ReadonlyMap<string, EffectFunction> = new Map(
  Object.entries({
    ...lockFunctions("", "exclusive"),
    ...lockFunctions("_shared", "shared"),
    pg_advisory_unlock_all: strict("text", (_, { execution }) => {
      execution.advisoryLocks.releaseAll("session");
      return Promise.resolve("");
    }),
    pg_sleep: strict("text", async ([seconds], { execution }) => {
      await pause(Number(seconds) * 1000, execution);
      return "";
    }),
    pg_cancel_backend: strict("bool", ([pid], effects) => {
      const { sessions } = effects.execution.services;
      requireSignalRights(Number(pid), "cancel", effects.execution);
      return Promise.resolve(toldOf(pid, sessions.cancel(Number(pid)), effects));
    }),
    pg_terminate_backend: strict("bool", ([pid], effects) => {
      const { sessions } = effects.execution.services;
      requireSignalRights(Number(pid), "terminate", effects.execution);
      return Promise.resolve(toldOf(pid, sessions.terminate(Number(pid)), effects));
    }),
    pg_reload_conf: strict("bool", (_, { execution }) => {
      requireSuperuser("pg_reload_conf", execution);
      execution.services.server.reload();
      return Promise.resolve(TRUE);
    }),
    pg_rotate_logfile: strict("bool", (_, { execution, notices }) => {
      requireSuperuser("pg_rotate_logfile", execution);
      const message = "rotation not possible because log collection not active";
      notices.push({ severity: "WARNING", sqlState: "01000", message });
      return Promise.resolve(FALSE);
    }),
    set_config: {
      isStrict: false,
      type: "text",
      call: async (args, { execution }) => await setConfig(args, execution),
    } satisfies EffectFunction,
  }),
);

/** Nobody can grant EXECUTE. @throws SqlError 42501 */
function requireSuperuser(name: string, { settings }: Execution): void {
  if (settings.isSuperuser) return;
  throw new SqlError("42501", `permission denied for function ${name}`);
}

function strict(type: EffectFunction["type"], call: EffectFunction["call"]): EffectFunction {
  return { isStrict: true, type, call };
}

function lockFunctions(suffix: string, mode: LockMode): Record<string, EffectFunction> {
  const waiting = (level: LockLevel) =>
    strict("text", async (keys, { execution }) => {
      endsWithTransaction(level, execution);
      const target = advisoryTarget(keys.map((key) => BigInt(key ?? 0)));
      await execution.advisoryLocks.acquire(target, mode, level, lockWait(execution));
      return "";
    });
  const trying = (level: LockLevel) =>
    strict("bool", (keys, { execution }) => {
      endsWithTransaction(level, execution);
      const target = advisoryTarget(keys.map((key) => BigInt(key ?? 0)));
      const isTaken = execution.advisoryLocks.tryAcquire(target, mode, level);
      return Promise.resolve(isTaken ? TRUE : FALSE);
    });
  return {
    [`pg_advisory_lock${suffix}`]: waiting("session"),
    [`pg_advisory_xact_lock${suffix}`]: waiting("transaction"),
    [`pg_try_advisory_lock${suffix}`]: trying("session"),
    [`pg_try_advisory_xact_lock${suffix}`]: trying("transaction"),
    [`pg_advisory_unlock${suffix}`]: strict("bool", (keys, { execution, notices }) => {
      const target = advisoryTarget(keys.map((key) => BigInt(key ?? 0)));
      if (execution.advisoryLocks.release(target, mode)) return Promise.resolve(TRUE);
      const lock = mode === "shared" ? "ShareLock" : "ExclusiveLock";
      const message = `you don't own a lock of type ${lock}`;
      notices.push({ severity: "WARNING", sqlState: "01000", message });
      return Promise.resolve(FALSE);
    }),
  };
}

function endsWithTransaction(level: LockLevel, { transaction, advisoryLocks }: Execution): void {
  if (level === "session") return;
  transaction.hold({
    release: () => Promise.resolve(advisoryLocks.releaseAll("transaction")),
  });
}

async function pause(ms: number, { signal }: Execution): Promise<void> {
  signal.throwIfAborted();
  // Longer than a timer can be set for; NaN does not wait.
  for (let left = ms; left > 0; left -= LONGEST_SLEEP_MS) {
    await sleep(Math.min(left, LONGEST_SLEEP_MS), signal);
  }
}

const LONGEST_SLEEP_MS = 2 ** 30;

function toldOf(pid: string | null | undefined, isThere: boolean, { notices }: Effects): string {
  if (isThere) return TRUE;
  const message = `PID ${pid} is not a PostgreSQL backend process`;
  notices.push({ severity: "WARNING", sqlState: "01000", message });
  return FALSE;
}

/** Like SET; NULL for the value is the default. */
async function setConfig(
  [name, value, isLocal]: readonly (string | null)[],
  execution: Execution,
): Promise<string | null> {
  if (name === null || name === undefined) {
    throw new SqlError("22004", "SET requires parameter name");
  }
  const change =
    value === null || value === undefined
      ? ({ kind: "default", name, isLocal: isLocal === TRUE } as const)
      : ({ kind: "value", name, value, isLocal: isLocal === TRUE } as const);
  await changeSetting(change, execution);
  return execution.settings.get(name) ?? null;
}
