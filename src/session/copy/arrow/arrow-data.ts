/** What reading a column of Arrow is: its memory, and a function from row to value. */

import type { Data } from "apache-arrow";
import type { SqlValue } from "../../../types/value.ts";
import { malformed } from "./arrow-messages.ts";

/** The value of a cell that is not NULL. @throws SqlError for what the type does not have */
export type ValueAt = (index: number) => SqlValue;
export type Conversion = (data: Data) => ValueAt;

/** The values' memory. @throws SqlError 22P04 when it is smaller than the rows need */
export function valuesOf<T extends ArrayLike<unknown>>(data: Data, perRow = 1): T {
  const values = data.values as unknown as T | undefined;
  if ((values?.length ?? 0) < data.length * perRow) {
    throw malformed("A column has fewer values than its record batch has rows.");
  }
  return values as T;
}
