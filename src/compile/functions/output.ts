/** The text PostgreSQL prints for a value: what casts to text, concat and format build on. */

import { Oid } from "../../types/oids.ts";
import type { CallContext } from "../closed-table.ts";
import { quoteLiteral, type Sql } from "../expression.ts";
import { refuse } from "../refusals.ts";
import { toNumericText, toPlain, toUtc } from "../representations.ts";

const FIRST_USER_OID = 16_384;
/**
 * From this moment on DuckDB's and PostgreSQL's texts agree; before it one writes (BC), the other
 * BC.
 */
const YEAR_ONE = "0001-01-01";
/** The last zone with seconds in its offset gave them up in 1972. */
const WHOLE_MINUTES = "1973-01-01";
/** 2^53 milliseconds after 1970 are in the year 287396. */
const EXACT_END = "287396-01-01";

/**
 * A VARCHAR expression; NULL for NULL. @throws SqlError 0A000 for types and styles we cannot print.
 */
export function outputText(sql: Sql, context: CallContext): string {
  const { typeOid, representation } = sql.shape;
  if (representation.kind === "array") return arrayOutput(sql, context);
  if (representation.kind === "row") return refuse("the text of a record");
  switch (typeOid) {
    case Oid.bool:
      return `(CASE ${sql.text} WHEN TRUE THEN 't' WHEN FALSE THEN 'f' END)`;
    case Oid.int2:
    case Oid.int4:
    case Oid.int8:
    case Oid.oid:
    case Oid.uuid:
      return `CAST(${sql.text} AS VARCHAR)`;
    case Oid.float8:
    case Oid.float4:
      return `pg_f${typeOid === Oid.float8 ? 8 : 4}_text(${sql.text}, ${floatDigits(context)})`;
    case Oid.numeric:
      return toNumericText(sql).text;
    case Oid.text:
    case Oid.varchar:
    case Oid.bpchar:
    case Oid.name:
    case Oid.char:
    case Oid.unknown:
    case Oid.json:
    case Oid.jsonb:
      return sql.text;
    case Oid.bytea:
      return byteaOutput(sql, context);
    case Oid.interval:
      return `pg_interval_text(${sql.text}, ${quoteLiteral(setting(context, "IntervalStyle", "postgres"))})`;
    case Oid.date:
    case Oid.time:
    case Oid.timestamp:
    case Oid.timestamptz:
      return momentOutput(sql, context);
    default:
      return typeOid >= FIRST_USER_OID ? sql.text : refuse("the text of this type");
  }
}

function setting(context: CallContext, name: string, otherwise: string): string {
  return (context.session.setting(name) ?? otherwise).toLowerCase();
}

function floatDigits(context: CallContext): number {
  const digits = Number(setting(context, "extra_float_digits", "1"));
  return Number.isInteger(digits) ? digits : 1;
}

function byteaOutput(sql: Sql, context: CallContext): string {
  if (setting(context, "bytea_output", "hex") !== "hex") {
    return `pg_encode(${sql.text}, 'escape')`;
  }
  return `('\\x' || lower(hex(${sql.text})))`;
}

function momentOutput(sql: Sql, context: CallContext): string {
  const style = setting(context, "DateStyle", "ISO, MDY");
  if (!style.startsWith("iso")) return refuse(`the text of dates with DateStyle ${style}`);
  const { typeOid } = sql.shape;
  if (typeOid === Oid.time) return `CAST(${sql.text} AS VARCHAR)`;
  if (typeOid === Oid.date) return `replace(CAST(${sql.text} AS VARCHAR), ' (BC)', ' BC')`;
  if (typeOid === Oid.timestamp) return timestampOutput(sql.text);
  const utc = toUtc(sql).text;
  if (context.isUtc) {
    return `(${timestampOutput(utc)} || CASE WHEN isfinite(${utc}) THEN '+00' ELSE '' END)`;
  }
  const own = `pg_timestamptz_text(${utc}, ${quoteLiteral(String(context.timeZone))})`;
  if (typeof context.timeZone === "number") return own;
  // offsets had seconds once, which DuckDB does not print; it counts milliseconds in doubles
  return (
    `(CASE WHEN ${utc} >= TIMESTAMP '${WHOLE_MINUTES}' AND ${utc} < TIMESTAMP '${EXACT_END}'` +
    ` THEN CAST(${toPlain(sql).text} AS VARCHAR) ELSE ${own} END)`
  );
}

function timestampOutput(text: string): string {
  return (
    `(CASE WHEN ${text} >= TIMESTAMP '${YEAR_ONE}' THEN CAST(${text} AS VARCHAR)` +
    ` ELSE pg_timestamp_text(${text}) END)`
  );
}

/** `{a,"b c",NULL}`; the function quotes the elements' own texts. */
function arrayOutput(sql: Sql, context: CallContext): string {
  const { representation } = sql.shape;
  if (representation.kind !== "array") return refuse("the text of this array");
  if (representation.dimensions > 1) return refuse("the text of an array of several dimensions");
  const element: Sql = {
    text: "e",
    shape: representation.element,
    isConstant: false,
    mayBeNull: true,
  };
  const texts = `list_transform(${sql.text}, lambda e: ${outputText(element, context)})`;
  return `pg_array_text(${texts})`;
}
