/** What preparing a COPY is given, and its errors in terms of the client's statement. */

import { SqlError } from "../../base/errors.ts";
import type { RowProgram } from "../../compile/row-program.ts";
import type { StatementText } from "../../compile/split.ts";
import type { Analysis } from "../../postgres/analysis.ts";
import type { ShadowRelation } from "../../postgres/relation.ts";
import type { Prepared } from "../statement.ts";
import type { Name } from "./copy-names.ts";
import type { CopyOptions } from "./options.ts";

/** What preparing a COPY asks of the preparer. */
export interface CopyContext {
  readonly statement: StatementText;
  prepare(inner: StatementText): Promise<Prepared>;
  analyse(text: string): Promise<Analysis>;
  /** What makes the rows of an INSERT; undefined: only a query can. */
  program(insert: string): Promise<RowProgram | undefined>;
  /** A relation of the user. */
  find(name: Name): ShadowRelation | undefined;
  /** The time column of a time-series table, undefined for every other relation. */
  timeColumn(relationOid: number): string | undefined;
}

/** The same of all COPYs. */
export interface CopyRequest {
  readonly options: CopyOptions;
  readonly file: string | undefined;
}

/** Of a statement that the client has not written. */
export async function withoutPosition<T>(work: () => Promise<T>): Promise<T> {
  return await changedErrors(work, () => undefined);
}

/** Of a part of the client's statement. */
export async function shiftedErrors<T>(characters: number, work: () => Promise<T>): Promise<T> {
  return await changedErrors(work, (position) => position + characters);
}

async function changedErrors<T>(
  work: () => Promise<T>,
  place: (position: number) => number | undefined,
): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (!(cause instanceof SqlError)) throw cause;
    const { position: before, sqlState, message, ...fields } = cause.fields;
    const position = before === undefined ? undefined : place(before);
    const all = position === undefined ? fields : { ...fields, position };
    throw new SqlError(sqlState, message, { ...all, cause });
  }
}
