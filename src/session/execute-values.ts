/**
 * The values of EXECUTE: expressions of their own, coerced to the statement's parameters as an
 * assignment would.
 */

import { SqlError } from "../base/errors.ts";
import { tokenize } from "../compile/tokens.ts";
import { decodeText } from "../types/codec.ts";
import { readTextRows } from "./data-rows.ts";
import type { Execution } from "./execution.ts";
import type { BoundParameters } from "./portals.ts";
import { shifted } from "./prepared.ts";
import type { TextPart } from "./utility-cursors.ts";

const SELECT = "SELECT ";

/** pg_cast: what an assignment may do, besides nothing at all and a way through text. */
const ASSIGNABLE =
  "SELECT format_type($1, NULL), format_type($2, NULL), $1 = $2" +
  " OR (SELECT typcategory = 'S' FROM pg_type WHERE oid = $2)" +
  " OR EXISTS (SELECT FROM pg_cast" +
  " WHERE castsource = $1 AND casttarget = $2 AND castcontext <> 'e')" +
  " OR EXISTS (SELECT FROM pg_type WHERE oid = $2 AND typtype = 'd')";

/** @throws SqlError 42804, 0A000 and whatever an expression raises */
export async function executeValues(
  values: readonly TextPart[],
  oids: readonly number[],
  execution: Execution,
): Promise<BoundParameters> {
  const raw: (Buffer | null)[] = [];
  for (const [index, value] of values.entries()) {
    const oid = oids[index] ?? 0;
    if (!isUnknownLiteral(value)) await requireAssignable(value, index, oid, execution);
    raw.push(await computed(value, oid, execution));
  }
  const { text } = execution.settings;
  const input = { ...text, nowMicros: execution.transaction.nowMicros };
  const decoded = raw.map((bytes, index) =>
    bytes === null ? null : decodeText(bytes.toString(), oids[index] ?? 0, input),
  );
  return { raw, formats: raw.map(() => 0), values: decoded };
}

/** A string or NULL takes on any type. */
function isUnknownLiteral({ text }: TextPart): boolean {
  const [only, ...others] = tokenize(text);
  if (others.length > 0) return false;
  return only?.kind === "string" || (only?.kind === "word" && only.value === "null");
}

async function requireAssignable(
  value: TextPart,
  index: number,
  oid: number,
  execution: Execution,
): Promise<void> {
  const { services, settings, signal } = execution;
  const request = { text: SELECT + value.text, parameterOids: [], settings: settings.shadow };
  const { fields, tree } = await services.shadow
    .analyse(request, signal)
    .catch((cause: unknown) => {
      throw placed(cause, value, SELECT);
    });
  if (tree.includes("{SUBLINK ")) {
    throw new SqlError("0A000", "cannot use subquery in EXECUTE parameter", {
      position: positionOf(value),
    });
  }
  const source = fields?.[0]?.typeOid ?? 0;
  if (source === oid) return;
  const [answer] = await ask(ASSIGNABLE, [26, 26], [String(source), String(oid)], execution);
  const [from, to, isAssignable] = answer ?? [];
  if (isAssignable === "t") return;
  throw new SqlError(
    "42804",
    `parameter $${index + 1} of type ${from} cannot be coerced to the expected type ${to}`,
    { hint: "You will need to rewrite or cast the expression.", position: positionOf(value) },
  );
}

async function computed(
  value: TextPart,
  oid: number,
  execution: Execution,
): Promise<Buffer | null> {
  const [[type] = []] = await ask("SELECT format_type($1, NULL)", [26], [String(oid)], execution);
  try {
    const rows = await ask(`${SELECT}(${value.text})::${type}`, [], [], execution);
    const cell = rows[0]?.[0] ?? null;
    return cell === null ? null : Buffer.from(cell);
  } catch (cause) {
    throw placed(cause, value, `${SELECT}(`);
  }
}

async function ask(
  text: string,
  parameterOids: readonly number[],
  values: readonly string[],
  { services, settings, signal }: Execution,
): Promise<(string | null)[][]> {
  const parameters = values.map((value) => Buffer.from(value));
  const request = { text, parameterOids, settings: settings.shadow, parameters };
  const formats = { parameterFormats: [], resultFormats: [] };
  const { bytes } = await services.shadow.catalogQuery({ ...request, ...formats }, signal);
  return readTextRows(bytes);
}

/** In the statement's text, not in the query that asked. */
function placed(cause: unknown, { charactersBefore }: TextPart, prefix: string): unknown {
  if (!(cause instanceof SqlError)) return cause;
  return shifted(cause, { charactersBefore: charactersBefore - prefix.length });
}

function positionOf({ charactersBefore, text }: TextPart): number {
  return charactersBefore + (text.length - text.trimStart().length) + 1;
}

/** A type of PREPARE that is none, at its place. */
export function noSuchType(cause: unknown, type: TextPart): unknown {
  if (!(cause instanceof SqlError)) return cause;
  const { sqlState, message, ...fields } = cause.fields;
  return new SqlError(sqlState, message, { ...fields, position: positionOf(type), cause });
}
