/** Columns of a file that has names, matched with those of the table it is copied into. */

import { SqlError } from "../../base/errors.ts";
import type { RelationColumn, RelationInfo } from "../../compile/plan.ts";
import type { RowCell, RowProgram } from "../../compile/row-program.ts";
import type { CopyFrom } from "./copy-statement.ts";

export interface FileColumns {
  /** For each column of the file the table's. */
  readonly columns: readonly RelationColumn[];
  /** A row whose parameters are the file's columns; the others have their defaults. */
  readonly program: RowProgram;
}

/** @throws SqlError 42703, 42701, 42P10, 22P04, 0A000 */
export function fileColumns(
  names: readonly string[],
  copy: CopyFrom,
  info: RelationInfo,
): FileColumns {
  const columns = names.map((name) => {
    const column = info.columns.find((one) => one.name === name);
    if (column === undefined) {
      throw new SqlError("42703", `column "${name}" of relation "${info.name}" does not exist`);
    }
    if (!copy.columns.includes(column.number)) {
      throw new SqlError("42P10", `column "${name}" not referenced by COPY`);
    }
    return column;
  });
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) {
    throw new SqlError("42701", `column "${twice}" specified more than once`);
  }
  const cells = info.columns.map((column): RowCell => {
    const index = columns.indexOf(column);
    if (index >= 0) return { kind: "parameter", index, casts: [] };
    return absentCell(column, copy, info);
  });
  const { scalars, parameters } = otherProgram(copy);
  return { columns, program: { rows: [cells], scalars, parameters } };
}

/** What gives the columns that the file lacks. */
function otherProgram({ isWhole, defaults, program }: CopyFrom): RowProgram {
  return (isWhole ? defaults?.program : undefined) ?? program;
}

function absentCell(column: RelationColumn, copy: CopyFrom, info: RelationInfo): RowCell {
  const isCopied = copy.columns.includes(column.number);
  if (isCopied && !copy.isWhole) {
    throw new SqlError("22P04", `missing data for column "${column.name}"`);
  }
  if (isCopied && copy.defaults === undefined) {
    throw new SqlError("0A000", `COPY into "${info.name}" without "${column.name}" is refused`, {
      hint: "A column's default is computed anew for each row: give its values in the data.",
    });
  }
  const [cells = []] = otherProgram(copy).rows;
  return cells[info.columns.indexOf(column)] ?? { kind: "constant", value: null };
}
