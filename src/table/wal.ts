/**
 * The write-ahead log of one server: records in the order of the calls, durable when acknowledged.
 *
 *     append ─┐                    ┌─ write ─ fdatasync ─ acknowledge all of them
 *     append ─┼─ wait ── a group ──┤
 *     append ─┘                    └─ meanwhile the next group collects
 *
 * Files are named by the position at which they begin; a record lies in one file.
 */

import { after, type Deferred, deferred, Mutex, nextTurn, pause } from "../base/async.ts";
import { log } from "../base/telemetry.ts";
import type { AppendFolder } from "../storage/append-files.ts";
import { StorageError } from "../storage/error.ts";
import { LogFile } from "./wal-file.ts";
import { type LogPosition, logFileName } from "./wal-format.ts";
import { type LogRecord, recoverLog } from "./wal-scan.ts";

export interface LogOptions {
  /** A file that has grown to this size is followed by another. */
  readonly fileBytes?: number;
  /** Space is taken in steps of this size; 0: as needed. */
  readonly aheadBytes?: number;
  /** How long a record may stay unsynced that nobody waits for. */
  readonly lazySyncMs?: number;
  /** Called once when the log can no longer tell what is durable: the server must stop. */
  readonly onFailure?: (cause: unknown) => void;
}

export interface AppendOptions {
  /** false: the promise resolves once the record is written; a sync follows soon. */
  readonly isSynced: boolean;
  /** How long the group may wait for others before it is written. */
  readonly delayMicros?: number;
}

/** A record, a mark that must be there, or only the wish that all before it be durable. */
interface Waiting {
  readonly kind: "record" | "mark" | "sync";
  readonly payload: Uint8Array;
  readonly isSynced: boolean;
  readonly delayMicros: number;
  readonly done: Deferred<LogPosition>;
}

const FILE_BYTES = 64 << 20;
const AHEAD_BYTES = 512 << 10;
const LAZY_SYNC_MS = 200;
/** A group takes in no further record beyond this. */
const GROUP_BYTES = 4 << 20;

export class WriteAheadLog {
  readonly #folder: AppendFolder;
  readonly #options: LogOptions;
  readonly #trimming = new Mutex();
  /** Where each file begins that is still there, oldest first. */
  readonly #starts: LogPosition[];
  #file: LogFile;
  #oldest: LogPosition;
  /** What a durable mark says of `#oldest`. */
  #marked: LogPosition;
  #synced: LogPosition;
  #queue: Waiting[] = [];
  #working: Promise<void> | undefined;
  #lazySync: { cancel(): void } | undefined;
  #failure: StorageError | undefined;
  #isClosed = false;

  private constructor(
    folder: AppendFolder,
    options: LogOptions,
    file: LogFile,
    found: { readonly starts: readonly LogPosition[]; readonly oldest: LogPosition },
  ) {
    this.#folder = folder;
    this.#options = options;
    this.#file = file;
    this.#starts = [...found.starts];
    this.#oldest = found.oldest;
    this.#marked = found.oldest;
    this.#synced = file.end;
  }

  /**
   * The log and what it holds, oldest first; what a crash has torn off is cut.
   * @throws StoreError "log-corrupt" when something is missing that was synced; StorageError
   */
  static async open(
    folder: AppendFolder,
    options: LogOptions = {},
  ): Promise<{ readonly log: WriteAheadLog; readonly records: readonly LogRecord[] }> {
    const ahead = aheadOf(options);
    const found = await recoverLog(folder);
    if (found === undefined) {
      const file = await LogFile.create(folder, { start: 0, oldest: 0 }, ahead);
      return { log: new WriteAheadLog(folder, options, file, NEW_LOG), records: [] };
    }
    const { starts, end, salt, records } = found;
    const file = await LogFile.reopen(folder, { start: starts.at(-1) ?? 0, end, salt }, ahead);
    return { log: new WriteAheadLog(folder, options, file, found), records };
  }

  /** Behind the last record. */
  get end(): LogPosition {
    return this.#file.end;
  }

  /**
   * Resolves with the record's position. `payload` must stay as it is until then.
   * @throws StorageError "disk-full" and other reasons: the record is not there and will not be;
   * "outcome-unknown": the log has failed, and only a restart can tell
   */
  async append(payload: Uint8Array, options: AppendOptions): Promise<LogPosition> {
    return await this.#ask("record", payload, options);
  }

  /** Everything appended before is durable. @throws StorageError */
  async sync(): Promise<void> {
    this.#refuseIfOver();
    if (this.#working === undefined && this.#synced === this.#file.end) return;
    await this.#ask("sync");
  }

  /** Records before this position are needed no more; whole files of them are removed. */
  async trim(before: LogPosition): Promise<void> {
    await this.#trimming.run(async () => {
      const start = this.#starts.findLast((start) => start <= before) ?? 0;
      const oldest = Math.max(start, this.#oldest);
      if (oldest > this.#marked) {
        this.#oldest = oldest;
        // Otherwise the missing file would be taken for damage.
        await this.#ask("mark");
        this.#marked = oldest;
      }
      const isWaste = (start: LogPosition | undefined) => start !== undefined && start < oldest;
      while (isWaste(this.#starts[0])) {
        await this.#folder.delete(logFileName(this.#starts[0] as LogPosition));
        this.#starts.shift();
      }
    });
  }

  /** Writes and syncs what was appended before. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    // With a mark behind it the last group, too, is known to be whole.
    const last = this.#failure === undefined ? this.#ask("mark") : undefined;
    this.#isClosed = true;
    await last?.catch((cause: unknown) => log("warn", "write-ahead log did not close", { cause }));
    await this.#working;
    this.#lazySync?.cancel();
    await this.#file.close();
  }

  async #ask(
    kind: Waiting["kind"],
    payload: Uint8Array = NOTHING,
    { isSynced, delayMicros = 0 }: AppendOptions = { isSynced: true },
  ): Promise<LogPosition> {
    this.#refuseIfOver();
    const done = deferred<LogPosition>();
    this.#queue.push({ kind, payload, isSynced, delayMicros, done });
    this.#working ??= this.#work();
    return await done.promise;
  }

  #refuseIfOver(): void {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#isClosed) throw new StorageError("io-error", "write-ahead log is closed");
  }

  async #work(): Promise<void> {
    while (this.#queue.length > 0) {
      await nextTurn();
      const delay = Math.max(...this.#queue.map(({ delayMicros }) => delayMicros));
      if (delay > 0) await pause(delay);
      await this.#finish(this.#takeGroup());
    }
    this.#working = undefined;
  }

  #takeGroup(): readonly Waiting[] {
    let bytes = 0;
    let count = 0;
    for (const { payload } of this.#queue) {
      bytes += payload.length;
      if (count > 0 && bytes > GROUP_BYTES) break;
      count += 1;
    }
    return this.#queue.splice(0, count);
  }

  /** Settles all of the group, in order. */
  async #finish(group: readonly Waiting[]): Promise<void> {
    let left = group;
    let positions = new Map<Waiting, LogPosition>();
    try {
      positions = await this.#write(group);
    } catch (cause) {
      for (const { kind, done } of group) if (kind !== "sync") done.reject(cause);
      left = group.filter(({ kind }) => kind === "sync");
    }
    const settle = (waiting: Waiting) => waiting.done.resolve(positions.get(waiting) ?? this.end);
    const durable = left.filter(({ isSynced }) => isSynced);
    for (const waiting of left) if (!waiting.isSynced) settle(waiting);
    if (durable.length === 0) return this.#syncLater();
    try {
      await this.#syncFile();
      for (const waiting of durable) settle(waiting);
    } catch (cause) {
      for (const { done } of durable) done.reject(cause);
    }
  }

  /** What it throws for has left nothing, unless the log has failed. */
  async #write(group: readonly Waiting[]): Promise<Map<Waiting, LogPosition>> {
    if (this.#failure !== undefined) throw this.#failure;
    const records = group.filter(({ kind }) => kind === "record");
    if (records.length === 0 && group.every(({ kind }) => kind === "sync")) return new Map();
    await this.#rotateWhenFull();
    const mark = { synced: this.#synced, oldest: this.#oldest };
    try {
      const payloads = records.map(({ payload }) => payload);
      const positions = await this.#file.write(mark, payloads);
      return new Map(records.map((record, i) => [record, positions[i] as LogPosition]));
    } catch (cause) {
      await this.#cutBack(cause);
      throw cause;
    }
  }

  async #cutBack(reason: unknown): Promise<void> {
    try {
      await this.#file.cutBack();
      this.#synced = this.#file.end;
    } catch (cause) {
      throw this.#fail(new AggregateError([reason, cause]));
    }
  }

  /** What cannot get a new file is refused, until it can: nothing more goes into the full one. */
  async #rotateWhenFull(): Promise<void> {
    const { end, start } = this.#file;
    if (end - start < (this.#options.fileBytes ?? FILE_BYTES)) return;
    await this.#syncFile();
    const header = { start: end, oldest: this.#oldest };
    const next = await LogFile.create(this.#folder, header, aheadOf(this.#options));
    const full = this.#file;
    this.#file = next;
    this.#starts.push(end);
    this.#synced = next.end;
    await full.close();
  }

  async #syncFile(): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#synced === this.#file.end) return;
    try {
      await this.#file.sync();
      this.#synced = this.#file.end;
    } catch (cause) {
      // The system may have thrown the pages away: a second sync would prove nothing.
      throw this.#fail(cause);
    }
  }

  #syncLater(): void {
    if (this.#lazySync !== undefined || this.#synced === this.#file.end) return;
    this.#lazySync = after(this.#options.lazySyncMs ?? LAZY_SYNC_MS, () => {
      this.#lazySync = undefined;
      // `onFailure` tells.
      if (!this.#isClosed) this.sync().catch(() => {});
    });
  }

  #fail(cause: unknown): StorageError {
    this.#failure = new StorageError("outcome-unknown", "write-ahead log has failed", {
      detail: "Whether the last rows are durable is not known before the server starts again.",
      cause,
    });
    this.#options.onFailure?.(cause);
    return this.#failure;
  }
}

const NEW_LOG = { starts: [0], oldest: 0 };
const NOTHING = new Uint8Array(0);

function aheadOf({ aheadBytes = AHEAD_BYTES }: LogOptions): number {
  return aheadBytes;
}
