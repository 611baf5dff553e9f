/** The output columns of a generated query, seen from the query around it. */

import { Oid } from "../types/oids.ts";
import type { Shape } from "../types/shape.ts";
import { defaultShape } from "./duckdb-types.ts";
import type { Sql } from "./expression.ts";
import type { CompiledQuery, OutputColumn, RelationColumn } from "./generator.ts";

/** Columns c1..cn of the relation called `alias`. */
export function columnsOf(
  alias: string,
  query: Pick<CompiledQuery, "columns">,
): readonly RelationColumn[] {
  return query.columns.map((column, index) => {
    const base: Sql = {
      text: `${alias}.c${index + 1}`,
      shape: column.shape,
      isConstant: false,
      mayBeNull: column.mayBeNull,
    };
    return { name: column.name, sql: withScale(alias, base), sources: column.sources };
  });
}

function withScale(alias: string, sql: Sql): Sql {
  const { representation } = sql.shape;
  if (representation.kind !== "decimal-scaled") return sql;
  const scale = `${alias}.c${representation.scaleColumn + 1}`;
  const shape: Shape = { ...sql.shape, representation: { ...representation, scaleColumn: -1 } };
  return { ...sql, shape, scale };
}

export interface OutputList {
  /** `e1 AS c1, e2 AS c2, ..` with display scales last. */
  readonly text: string;
  readonly columns: readonly OutputColumn[];
  readonly hidden: readonly Shape[];
}

/** A select list of these values. `sources` may be shorter: none for the rest. */
export function outputList(
  values: readonly Sql[],
  names: readonly string[],
  sources: readonly OutputColumn["sources"][] = [],
): OutputList {
  const hidden: Shape[] = [];
  const texts = values.map((value, index) => `${value.text} AS c${index + 1}`);
  const columns = values.map((value, index): OutputColumn => {
    const { representation } = value.shape;
    let { shape } = value;
    if (representation.kind === "decimal-scaled") {
      const scaleColumn = values.length + hidden.length;
      hidden.push(defaultShape(Oid.int4));
      texts.push(`${value.scale} AS c${scaleColumn + 1}`);
      shape = { ...shape, representation: { ...representation, scaleColumn } };
    }
    return {
      name: names[index] ?? "?column?",
      shape,
      mayBeNull: value.mayBeNull,
      sources: sources[index] ?? [],
    };
  });
  return { text: texts.join(", "), columns, hidden };
}
