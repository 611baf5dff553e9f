/**
 * What the compiler says when it cannot do what PostgreSQL means. Refusing is always right;
 * guessing never.
 */

import { SqlError } from "../base/errors.ts";

/** 0A000: `what` names the function or construct, in PostgreSQL's manner. */
export function refuse(what: string, hint?: string): never {
  throw new SqlError("0A000", `${what} is not supported on these tables`, {
    hint: hint ?? "The statement is understood, but cannot be computed here as PostgreSQL would.",
  });
}
