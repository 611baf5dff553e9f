/** How long a client may say nothing, by idle_session_timeout and its twin for transactions. */

import { SqlError } from "../base/errors.ts";
import { timeoutMs } from "./prepared.ts";
import type { IdleLimit, TransactionStatus } from "./results.ts";
import type { Settings } from "./settings.ts";

const FATAL = { severity: "FATAL" } as const;

/** undefined: as long as it likes. */
export function idleLimit(status: TransactionStatus, settings: Settings): IdleLimit | undefined {
  const isIdle = status === "I";
  const name = isIdle ? "idle_session_timeout" : "idle_in_transaction_session_timeout";
  const ms = timeoutMs(settings.get(name) ?? "0");
  if (ms === 0) return undefined;
  const reason = isIdle
    ? new SqlError("57P05", "terminating connection due to idle-session timeout", FATAL)
    : new SqlError("25P03", "terminating connection due to idle-in-transaction timeout", FATAL);
  return { ms, reason };
}
