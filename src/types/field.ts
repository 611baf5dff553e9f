/** Columns of results, as the protocol describes them. */

import { typeSizeOf } from "./oids.ts";

/** One column of a RowDescription message. */
export interface FieldDescription {
  readonly name: string;
  readonly tableOid: number;
  readonly columnNumber: number;
  readonly typeOid: number;
  /** pg_type.typlen; negative for variable length. */
  readonly typeSize: number;
  readonly typmod: number;
  /** 0 text, 1 binary; shown as the client asked for it, which may be neither. */
  readonly format: number;
}

/** A column that is of no table, as text. */
export function computedField(name: string, typeOid: number): FieldDescription {
  const typeSize = typeSizeOf(typeOid);
  return { name, tableOid: 0, columnNumber: 0, typeOid, typeSize, typmod: -1, format: 0 };
}
