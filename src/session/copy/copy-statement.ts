/** COPY as preparation found it. */

import type { RowProgram } from "../../compile/row-program.ts";
import type { FieldDescription } from "../../types/field.ts";
import type { Statement } from "../statement.ts";
import type { FolderExport } from "./folder/folder-export.ts";
import type { CopyOptions } from "./options.ts";

export interface CopyTo {
  readonly options: CopyOptions;
  /** What gives the rows. */
  readonly query: Statement;
  readonly fields: readonly FieldDescription[];
  /** The table's name, where a table is copied. */
  readonly relation: string | undefined;
  /** 0: a query is copied. */
  readonly relationOid: number;
  /** On the server; undefined: STDOUT. */
  readonly file: string | undefined;
  /** Then the file is a folder, and the query gives the levels' names first. */
  readonly folder: FolderExport | undefined;
}

export interface CopyFrom {
  readonly options: CopyOptions;
  readonly relationOid: number;
  /** The table's name without its schema, for CONTEXT. */
  readonly relation: string;
  /** Numbers of the columns that the data hold, in their order. */
  readonly columns: readonly number[];
  /** No list of columns was given. */
  readonly isWhole: boolean;
  /** The table computes columns from others, once the rows are there. */
  readonly hasGenerated: boolean;
  /** A row whose parameters are the copied columns. */
  readonly program: RowProgram;
  /**
   * A row of defaults, and which columns have one; only with the option DEFAULT, or where a
   * file may lack columns.
   */
  readonly defaults:
    | { readonly program: RowProgram; readonly columnNumbers: readonly number[] }
    | undefined;
  /** On the server; undefined: STDIN. */
  readonly file: string | undefined;
  /** Node tree of the condition; rows that it is not true of are left out. */
  readonly where: string | undefined;
}
