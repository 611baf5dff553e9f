/** Small questions about prepared statements and their texts. */

import { SqlError } from "../base/errors.ts";
import type { StatementText } from "../compile/split.ts";
import type { ShadowSettings } from "../postgres/analysis.ts";
import type { FieldDescription } from "../types/field.ts";
import type { Prepared } from "./statement.ts";

/** The first words of what may end a failed transaction. */
const ENDS_FAILED: ReadonlySet<string> = new Set(["commit", "end", "rollback", "abort"]);

/** A text without a statement; it can be prepared, described and executed all the same. */
export function emptyPrepared(
  parameterOids: readonly number[],
  catalogueNumber: number,
  settings: ShadowSettings,
): Prepared {
  return {
    text: "",
    charactersBefore: 0,
    statement: { kind: "empty" },
    parameterOids,
    fields: undefined,
    notices: [],
    catalogueNumber,
    settings,
  };
}

/** Before analysis: whether it is worth analysing in a failed transaction. */
export function mayEndFailed(statement: StatementText): boolean {
  if (statement.literals !== undefined) return false;
  const [first, second] = statement.tokens;
  if (first?.value === "prepare") return second?.value === "transaction";
  return ENDS_FAILED.has(first?.value ?? "");
}

/** Whether a failed transaction lets it execute. */
export function endsFailed({ statement }: Prepared): boolean {
  if (statement.kind === "two-phase") return statement.command.kind === "prepare";
  if (statement.kind !== "transaction") return false;
  return ["commit", "rollback", "rollback-to"].includes(statement.command.kind);
}

/** Settings are made anew with every change: what counts is what they say. */
export function sameSettings(before: ShadowSettings, after: ShadowSettings): boolean {
  return before === after || JSON.stringify(before) === JSON.stringify(after);
}

/** Whether clients that know `before` can read rows of `after`. */
export function sameFields(
  before: readonly FieldDescription[] | undefined,
  after: readonly FieldDescription[] | undefined,
): boolean {
  if (before === undefined || after === undefined) return before === after;
  return (
    before.length === after.length &&
    before.every((field, index) => {
      const other = after[index];
      return (
        field.name === other?.name &&
        field.typeOid === other.typeOid &&
        field.typmod === other.typmod
      );
    })
  );
}

/** Of rows that the client could not read. Drivers prepare again when they see this routine. */
export function resultTypeChanged(): SqlError {
  const routine = "RevalidateCachedQuery";
  return new SqlError("0A000", "cached plan must not change result type", { routine });
}

/** Positions are of the client's whole text. */
export function shifted(
  error: SqlError,
  statement: { readonly charactersBefore: number } | undefined,
): SqlError {
  const { position } = error.fields;
  if (position === undefined || statement === undefined) return error;
  const { sqlState, message, ...fields } = error.fields;
  return new SqlError(sqlState, message, {
    ...fields,
    position: position + statement.charactersBefore,
    cause: error.cause ?? error,
  });
}

/** SHOW's text of a time setting: `0`, `1500ms`, `30s`, `5min`, `1h`, `1d`. */
export function timeoutMs(text: string): number {
  if (text === "0") return 0; // which nearly every one is
  const match = /^(\d+)\s*(ms|s|min|h|d)?$/.exec(text);
  const units = { ms: 1, s: 1000, min: 60_000, h: 3_600_000, d: 86_400_000 };
  return Number(match?.[1] ?? 0) * units[(match?.[2] ?? "ms") as keyof typeof units];
}
