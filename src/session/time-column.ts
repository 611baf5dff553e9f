/** Which column is the time axis, where the statement does not say. */

import { type ErrorFields, SqlError } from "../base/errors.ts";
import { Oid } from "../types/oids.ts";

/** Names that say it, in order of trust. */
const NAMES = ["timestamp", "Timestamp", "event_time", "time", "ts", "datetime"];
const NAMED_TYPES: ReadonlySet<number> = new Set([
  Oid.date,
  Oid.timestamp,
  Oid.timestamptz,
  Oid.int8,
]);
const TIME_TYPES: ReadonlySet<number> = new Set([Oid.date, Oid.timestamp, Oid.timestamptz]);

interface Column {
  readonly name: string;
  readonly typeOid: number;
}

export interface TimeColumnChoice<C extends Column> {
  readonly column: C;
  readonly notices: readonly ErrorFields[];
}

/** @throws SqlError 42703, 42P16, 42702 */
export function chooseTimeColumn<C extends Column>(
  columns: readonly C[],
  named: string | undefined,
): TimeColumnChoice<C> {
  if (named !== undefined) {
    const column = columns.find(({ name }) => name === named);
    if (column === undefined) {
      throw new SqlError("42703", `time column "${named}" does not exist`);
    }
    return { column, notices: [] };
  }
  const column = byName(columns) ?? onlyOne(columns);
  return {
    column,
    notices: [
      {
        severity: "NOTICE",
        sqlState: "00000",
        message: `using column "${column.name}" as time column`,
      },
    ],
  };
}

function byName<C extends Column>(columns: readonly C[]): C | undefined {
  const candidates = columns.filter(({ typeOid }) => NAMED_TYPES.has(typeOid));
  for (const name of NAMES) {
    const exact = candidates.find((column) => column.name === name);
    if (exact !== undefined) return exact;
  }
  return candidates.find(({ name }) => NAMES.includes(name.toLowerCase()));
}

function onlyOne<C extends Column>(columns: readonly C[]): C {
  const candidates = columns.filter(({ typeOid }) => TIME_TYPES.has(typeOid));
  const [first] = candidates;
  if (first === undefined) {
    throw new SqlError("42P16", "the table has no column that can be its time column", {
      hint: "Add a timestamptz column, or name one with TIME COLUMN.",
    });
  }
  if (candidates.length > 1) {
    const names = candidates.map(({ name }) => `"${name}"`).join(", ");
    throw new SqlError("42702", "more than one column can be the time column", {
      detail: `Candidates are ${names}.`,
      hint: "Name one with TIME COLUMN.",
    });
  }
  return first;
}
