/**
 * The SQL that declares one table's coverage functions: signatures only, the session computes
 * them.
 */

import { quoteIdentifier } from "../compile/tokens.ts";
import { ownSchema } from "./own-functions.ts";

/** A column of a result, its type as SQL text. */
interface Column {
  readonly name: string;
  readonly type: string;
}

export interface TimeSeriesTypes {
  readonly time: string;
  /** The type of a distance on the time axis: interval, or bigint for integer axes. */
  readonly distance: string;
  readonly entities: readonly Column[];
}

/** Result columns of coverage_summary, behind the entity columns. */
function summaryColumns(types: TimeSeriesTypes): Column[] {
  return [
    { name: "first_bucket", type: types.time },
    { name: "last_bucket", type: types.time },
    { name: "expected", type: "bigint" },
    { name: "covered", type: "bigint" },
    { name: "missing", type: "bigint" },
    { name: "ratio", type: "double precision" },
    { name: "gaps", type: "bigint" },
    { name: "max_gap", type: types.distance },
    { name: "rows", type: "bigint" },
  ];
}

/** Result columns of coverage_gaps, behind the entity columns. */
function gapColumns(types: TimeSeriesTypes): Column[] {
  return [
    { name: "gap_start", type: types.time },
    { name: "gap_end", type: types.time },
    { name: "buckets", type: "bigint" },
    { name: "duration", type: types.distance },
  ];
}

/** Statements that declare the functions of one table, in the order the journal replays them. */
export function coverageSignatures(tableOid: number, types: TimeSeriesTypes): string[] {
  const schema = ownSchema(tableOid);
  const declare = declarer(schema, types);
  return [
    `CREATE SCHEMA ${schema}`,
    // Who may ask is looked at where they are called: it takes SELECT on the table.
    `GRANT USAGE ON SCHEMA ${schema} TO PUBLIC`,
    ...declare("coverage_ratio", ["across text DEFAULT 'mean'"], undefined),
    ...declare("coverage_summary", ["across text DEFAULT 'each'"], summaryColumns(types)),
    ...declare(
      "coverage_gaps",
      [
        "across text DEFAULT 'each'",
        `min_gap ${types.distance} DEFAULT NULL`,
        "include_edges boolean DEFAULT true",
      ],
      gapColumns(types),
    ),
  ];
}

/**
 * Twice each: the entity as text (a plain value where there is one entity column, or JSON), with
 * defaults; and as jsonb for who says so. An unknown literal is text for PostgreSQL.
 */
function declarer(schema: string, types: TimeSeriesTypes) {
  return (name: string, more: readonly string[], columns: readonly Column[] | undefined) => {
    const all = columns === undefined ? undefined : uniqueNames([...types.entities, ...columns]);
    const result =
      all === undefined ? "double precision" : `TABLE (${all.map(declaration).join(", ")})`;
    const body =
      all === undefined
        ? "SELECT NULL::double precision"
        : `SELECT ${all.map(({ type }) => `NULL::${type}`).join(", ")} WHERE false`;
    const tail = [...more, "version bigint DEFAULT NULL"];
    const plain = [
      "relation regclass",
      `start ${types.time} DEFAULT NULL`,
      `finish ${types.time} DEFAULT NULL`,
      "entity text DEFAULT NULL",
      ...tail,
    ];
    const json = [
      "relation regclass",
      `start ${types.time}`,
      `finish ${types.time}`,
      "entity jsonb",
      ...tail,
    ];
    return [plain, json].map(
      (args) =>
        `CREATE FUNCTION ${schema}.${name}(${args.join(", ")}) RETURNS ${result}` +
        ` LANGUAGE sql STABLE AS $$${body}$$`,
    );
  };
}

function declaration({ name, type }: Column): string {
  return `${quoteIdentifier(name)} ${type}`;
}

const ARGUMENT_NAMES = [
  "relation",
  "start",
  "finish",
  "entity",
  "across",
  "version",
  "min_gap",
  "include_edges",
];

/**
 * An entity column may be called as an argument or a result column is: then it gets an underscore.
 */
function uniqueNames(columns: readonly Column[]): Column[] {
  const taken = new Set([...ARGUMENT_NAMES]);
  return columns
    .toReversed()
    .map((column) => {
      let name = column.name;
      while (taken.has(name)) name += "_";
      taken.add(name);
      return { ...column, name };
    })
    .toReversed();
}
