/**
 * Parameters written into the text of a statement. DuckDB plans a prepared statement over Parquet
 * files when it is prepared and again when it is executed; a text is planned once.
 */

import { Oid } from "../types/oids.ts";
import type { SqlValue } from "../types/value.ts";
import { quoteText } from "./quoting.ts";
import type { EngineParameter } from "./request.ts";

const TOKEN = /'(?:[^']|'')*'|"(?:[^"]|"")*"|\$(\d+)/g;
/** Longer texts are not parsed again. */
const TEXT_MAX = 1000;
/** Of DuckDB's finite timestamps, with a margin on both sides. */
const MICROS_MAX = 9_000_000_000_000_000_000n;

/** The text without parameters; undefined where one of them has to be bound. */
export function withWrittenValues(
  sql: string,
  parameters: readonly EngineParameter[],
): string | undefined {
  const written = parameters.map(writtenValue);
  if (written.includes(undefined)) return undefined;
  return sql.replace(TOKEN, (token, number: string | undefined) =>
    number === undefined ? token : (written[Number(number) - 1] ?? token),
  );
}

/** An expression of the type and value that `duckdbValue` binds. */
function writtenValue({ typeOid, value }: EngineParameter): string | undefined {
  if (value === null) return undefined;
  switch (typeOid) {
    case Oid.bool:
      return value === true ? "true" : "false";
    case Oid.int2:
      return `CAST(${value} AS SMALLINT)`;
    case Oid.int4:
      return `CAST(${value} AS INTEGER)`;
    case Oid.int8:
      return `CAST(${value} AS BIGINT)`;
    case Oid.timestamp:
      return moment("make_timestamp", value);
    case Oid.timestamptz:
      return moment("make_timestamptz", value);
    case Oid.text:
    case Oid.varchar:
      return writtenText(value);
    default:
      return undefined;
  }
}

function moment(name: string, value: SqlValue): string | undefined {
  const micros = value as bigint;
  if (micros > MICROS_MAX || micros < -MICROS_MAX) return undefined;
  return `${name}(CAST(${micros} AS BIGINT))`;
}

function writtenText(value: SqlValue): string | undefined {
  const text = String(value);
  if (text.length > TEXT_MAX || text.includes("\0")) return undefined;
  return `CAST(${quoteText(text)} AS VARCHAR)`;
}
