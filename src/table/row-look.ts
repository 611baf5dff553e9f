/**
 * Which rows of files repeat a key (entity, time) of the table or of each other: a port,
 * implemented over the engine.
 */

export interface LookFile {
  /** As the user named it; undefined: made of rows. */
  readonly source: string | undefined;
  /** Absolute path of the staged file. */
  readonly path: string;
  /** The table has rows in some of its buckets, and no others matter; undefined: in none. */
  readonly near: { readonly min: bigint; readonly max: bigint } | undefined;
}

/** By file, in order. */
export interface RowLook {
  /**
   * Rows that must not go in: whose key the table has, or an earlier row; or, where the newest row
   * wins, a later one. Then rows of the table with these keys go, as part of the transaction.
   * Throws where the policy is to refuse.
   */
  look(files: readonly LookFile[]): Promise<RowRepeats>;
}

export interface RowRepeats {
  readonly counts: readonly number[];
  /** Rows of the table went for them. */
  readonly isReplacing: boolean;
  /** Writes a file without these rows; the target is an absolute path that does not exist. */
  writeWithout(file: number, target: string): Promise<void>;
  /** Nothing more will be asked. */
  close(): Promise<void>;
}
