/** One column of a RowDescription message. */
export interface FieldDescription {
  readonly name: string;
  readonly tableOid: number;
  readonly columnNumber: number;
  readonly typeOid: number;
  /** pg_type.typlen; negative for variable length. */
  readonly typeSize: number;
  readonly typmod: number;
  readonly format: 0 | 1;
}
