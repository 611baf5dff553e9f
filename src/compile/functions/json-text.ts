/** Values as json text, as to_json prints them. */

import { Oid } from "../../types/oids.ts";
import type { CallContext } from "../closed-table.ts";
import { quoteLiteral, type Sql } from "../expression.ts";
import { refuse } from "../refusals.ts";
import { toUtc } from "../representations.ts";
import { outputText } from "./output.ts";

/** Of a record whose fields are known; one that a subquery has made has no names any more. */
function objectText({ fields, fieldNames = [] }: Sql, context: CallContext): string {
  if (fields === undefined || fieldNames.length !== fields.length)
    return refuse("json of a record");
  const pairs = fields.map((field, index) => {
    const name = quoteLiteral(`${JSON.stringify(fieldNames[index])}:`);
    return `${name} || coalesce(${jsonText(field, context)}, 'null')`;
  });
  return pairs.length === 0 ? "'{}'" : `('{' || ${pairs.join(" || ',' || ")} || '}')`;
}

/** A VARCHAR expression: NULL for NULL, which the caller writes as null. */
export function jsonText(sql: Sql, context: CallContext): string {
  const { typeOid, representation } = sql.shape;
  if (representation.kind === "array") {
    const element: Sql = {
      text: "e",
      shape: representation.element,
      isConstant: false,
      mayBeNull: true,
    };
    if (representation.dimensions > 1) return refuse("json of an array of several dimensions");
    const texts = `list_transform(${sql.text}, lambda e: coalesce(${jsonText(element, context)}, 'null'))`;
    return `(CASE WHEN ${sql.text} IS NOT NULL THEN '[' || pg_array_to_string(${texts}, ',', 'null') || ']' END)`;
  }
  if (representation.kind === "row") return objectText(sql, context);
  switch (typeOid) {
    case Oid.bool:
      return `(CASE ${sql.text} WHEN TRUE THEN 'true' WHEN FALSE THEN 'false' END)`;
    case Oid.int2:
    case Oid.int4:
    case Oid.int8:
    case Oid.json:
    case Oid.jsonb:
      return outputText(sql, context);
    case Oid.float4:
    case Oid.float8:
    case Oid.numeric:
      return `pg_json_number(${outputText(sql, context)})`;
    case Oid.timestamp:
      return `pg_json_text(replace(${outputText(sql, context)}, ' ', 'T'))`;
    case Oid.timestamptz: {
      if (!context.isUtc) return refuse("json of timestamptz outside of UTC");
      const text = outputText(
        {
          ...sql,
          text: toUtc(sql).text,
          shape: { ...sql.shape, typeOid: Oid.timestamp, representation: { kind: "plain" } },
        },
        context,
      );
      return `pg_json_text(replace(${text}, ' ', 'T') || CASE WHEN isfinite(${toUtc(sql).text}) THEN '+00:00' ELSE '' END)`;
    }
    default:
      return `pg_json_text(${outputText(sql, context)})`;
  }
}
