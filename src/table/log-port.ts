/** What the intake asks of the write-ahead log. */

export interface RecordOptions {
  /** false: resolves once the record is written; a sync follows soon. */
  readonly isSynced: boolean;
  /** How long a group may wait for others before it is written. */
  readonly delayMicros?: number;
}

export interface RecordLog {
  /** Where the next record will begin, or later. */
  readonly end: number;
  /** In the order of the calls. The record's position. One that fails was never there. */
  append(payload: Uint8Array, options: RecordOptions): Promise<number>;
  /** Afterwards everything appended before is durable. */
  sync(): Promise<void>;
  /** Records before this position are no longer needed. */
  trim(before: number): Promise<void>;
}

export interface LogRecord {
  readonly position: number;
  readonly payload: Uint8Array;
}
