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
