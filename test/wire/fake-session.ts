/** A session that follows a script, at the seam the wire is built against. */

import { deferred } from "../../src/base/async.ts";
import { type ErrorFields, SqlError } from "../../src/base/errors.ts";
import { requireFormat } from "../../src/session/portals.ts";
import type {
  BindRequest,
  Notification,
  Reply,
  SessionHost,
  SessionPort,
  StartupRequest,
  StatementDescription,
  TransactionStatus,
} from "../../src/session/results.ts";
import { encodeDataRows } from "../../src/types/data-row.ts";
import type { FieldDescription } from "../../src/types/field.ts";
import type { TextSettings } from "../../src/types/shape.ts";
import { FakeCopy } from "./fake-copy.ts";

const SETTINGS: TextSettings = {
  timeZone: "UTC",
  dateStyle: { format: "ISO", order: "MDY" },
  intervalStyle: "postgres",
  extraFloatDigits: 1,
  byteaOutput: "hex",
};

function field(name: string, format: 0 | 1 = 0): FieldDescription {
  return { name, tableOid: 0, columnNumber: 0, typeOid: 23, typeSize: 4, typmod: -1, format };
}

function row(value: number, format: 0 | 1 = 0): Uint8Array {
  return encodeDataRows([[value]], [{ typeOid: 23, format }], SETTINGS);
}

interface FakePortal {
  readonly text: string;
  readonly format: 0 | 1;
  readonly parameters: readonly (Uint8Array | null)[];
  next: number;
}

/**
 * Understands: `rows n` (n rows of one int4), `batches n size` (n batches of `size` bytes), `wait`
 * (until cancelled), `finish` (until `releaseFinish`), `fail`, `begin`, `end`, `rollback`, `set name value`,
 * `echo` (its first parameter, as bytes), `fatal`, `bug`, "" (empty), `fail sync`, `notify channel
 * payload`, `select` (one row), `copy t from stdin`, `copy slow from stdin`, `copy (select
 * generate_series(1, n)) to stdout`, the first also with `binary` at its end.
 */
export class FakeSession implements SessionPort {
  readonly copies: FakeCopy[] = [];
  #notifications: Notification[] = [];
  #listener: (() => void) | undefined;

  transactionStatus: TransactionStatus = "I";
  readonly calls: string[] = [];
  batchesMade = 0;
  cancels = 0;
  isClosed = false;
  readonly request: StartupRequest;
  readonly #statements = new Map<string, string>();
  readonly #portals = new Map<string, FakePortal>();
  #changed: (readonly [string, string])[] = [];
  #running: ((cause: SqlError) => void) | undefined;
  #finish = deferred<void>();
  #isSyncFailing = false;

  constructor(request: StartupRequest) {
    this.request = request;
  }

  reportedSettings(): readonly (readonly [string, string])[] {
    return [
      ["server_version", "18.6"],
      ["client_encoding", "UTF8"],
    ];
  }

  takeChangedSettings(): readonly (readonly [string, string])[] {
    const changed = this.#changed;
    this.#changed = [];
    return changed;
  }

  takeNotifications(): readonly Notification[] {
    const taken = this.#notifications;
    this.#notifications = [];
    return taken;
  }

  onTermination(): void {}
  idleLimit(): undefined {}
  onNotification(listener: () => void): void {
    this.#listener = listener;
  }

  notify(...payloads: readonly string[]): void {
    for (const payload of payloads) {
      this.#notifications.push({ processId: 7, channel: "news", payload });
    }
    this.#listener?.();
  }

  releaseFinish(): void {
    this.#finish.resolve();
  }

  async *query(text: string): AsyncGenerator<Reply> {
    this.calls.push(`query ${text}`);
    if (text.trim() === "") yield { kind: "empty-query" };
    for (const statement of text.split(";").filter((part) => part.trim() !== "")) {
      const portal = { text: statement.trim(), format: 0 as const, parameters: [], next: 0 };
      if (returnsRows(portal.text)) yield { kind: "row-description", fields: [field("n")] };
      yield* this.#run(portal, 0);
    }
  }

  async parse(
    name: string,
    text: string,
    oids: readonly number[],
  ): Promise<readonly ErrorFields[]> {
    this.calls.push(`parse ${name} ${text} ${oids.join(",")}`);
    if (text === "fail parse") throw new SqlError("42601", "syntax error");
    this.#statements.set(name, text);
    await Promise.resolve();
    const notice: ErrorFields = { severity: "NOTICE", sqlState: "00000", message: "noted" };
    return text === "notice" ? [notice] : [];
  }

  async bind(request: BindRequest): Promise<void> {
    await Promise.resolve();
    const text = this.#statements.get(request.statement);
    if (text === undefined) throw new SqlError("26000", "no such statement");
    if (request.fault !== undefined) throw request.fault.cause;
    const format =
      [...request.parameterFormats, ...request.resultFormats].map(requireFormat)[0] ?? 0;
    this.#portals.set(request.portal, { text, format, parameters: request.parameters, next: 0 });
  }

  async describeStatement(name: string): Promise<StatementDescription> {
    await Promise.resolve();
    const text = this.#statements.get(name);
    if (text === undefined) throw new SqlError("26000", "no such statement");
    const fields = returnsRows(text) ? [field("n")] : undefined;
    const parameterOids = text.startsWith("echo") ? [17] : [];
    return { parameterOids, fields: () => Promise.resolve(fields) };
  }

  async describePortal(name: string): Promise<readonly FieldDescription[] | undefined> {
    await Promise.resolve();
    const portal = this.#portal(name);
    return returnsRows(portal.text) ? [field("n", portal.format)] : undefined;
  }

  async *execute(name: string, maxRows: number): AsyncGenerator<Reply> {
    const portal = this.#portal(name);
    if (portal.text === "") yield { kind: "empty-query" };
    else yield* this.#run(portal, maxRows);
  }

  async closeStatement(name: string): Promise<void> {
    await Promise.resolve();
    this.#statements.delete(name);
  }

  async closePortal(name: string): Promise<void> {
    await Promise.resolve();
    this.#portals.delete(name);
  }

  async sync(): Promise<void> {
    await Promise.resolve();
    this.calls.push("sync");
    if (!this.#isSyncFailing) return;
    this.#isSyncFailing = false;
    throw new SqlError("40001", "could not serialize access");
  }

  async fail(): Promise<void> {
    await Promise.resolve();
    this.calls.push("fail");
    if (this.transactionStatus === "T") this.transactionStatus = "E";
  }

  cancel(): void {
    this.cancels += 1;
    this.#running?.(cancelled());
  }

  async close(): Promise<void> {
    await Promise.resolve();
    this.isClosed = true;
  }

  #portal(name: string): FakePortal {
    const portal = this.#portals.get(name);
    if (portal === undefined) throw new SqlError("34000", `portal "${name}" does not exist`);
    return portal;
  }

  async *#run(portal: FakePortal, maxRows: number): AsyncGenerator<Reply> {
    const [word = "", first = "", second = ""] = portal.text.split(" ");
    switch (word) {
      case "copy":
        return yield* portal.text.includes(" from ")
          ? this.#copyIn(portal.text)
          : this.#copyOut(portal.text);
      case "select":
        return yield* this.#rows(portal, 1, maxRows);
      case "notify":
        this.#notifications.push({ processId: 7, channel: first, payload: second });
        return yield { kind: "complete", tag: "NOTIFY" };
      case "rows":
        return yield* this.#rows(portal, Number(first), maxRows);
      case "batches":
        return yield* this.#batches(Number(first), Number(second));
      case "echo":
        yield { kind: "rows", bytes: dataRow(portal.parameters[0] ?? null), count: 1 };
        return yield { kind: "complete", tag: "SELECT 1" };
      case "wait":
        return yield* this.#wait();
      case "finish":
        await this.#finish.promise;
        return yield { kind: "complete", tag: "FINISH" };
      case "fail":
        if (first === "sync") this.#isSyncFailing = true;
        else throw new SqlError("22012", "division by zero", { position: 8, hint: "Do not." });
        return yield { kind: "complete", tag: "FAIL" };
      case "fatal":
        throw new SqlError("57P01", "going away", { severity: "FATAL" });
      case "bug":
        throw new TypeError("secret internals");
      case "begin":
        this.transactionStatus = "T";
        return yield { kind: "complete", tag: "BEGIN" };
      case "end":
        this.transactionStatus = "I";
        return yield { kind: "complete", tag: "COMMIT" };
      case "rollback":
        this.transactionStatus = "I";
        return yield { kind: "complete", tag: "ROLLBACK" };
      case "set":
        this.#changed.push([first, second]);
        return yield { kind: "complete", tag: "SET" };
      default:
        yield { kind: "notice", fields: { severity: "NOTICE", sqlState: "00000", message: word } };
        return yield { kind: "complete", tag: word.toUpperCase() };
    }
  }

  *#rows(portal: FakePortal, count: number, maxRows: number): Generator<Reply> {
    const until = maxRows === 0 ? count : Math.min(count, portal.next + maxRows);
    const sent = until - portal.next;
    for (; portal.next < until; portal.next += 1) {
      yield { kind: "rows", bytes: row(portal.next, portal.format), count: 1 };
    }
    const isSuspended = maxRows !== 0 && sent === maxRows;
    yield isSuspended ? { kind: "suspended" } : { kind: "complete", tag: `SELECT ${sent}` };
  }

  async *#batches(count: number, size: number): AsyncGenerator<Reply> {
    for (let index = 0; index < count; index += 1) {
      this.batchesMade += 1;
      await Promise.resolve();
      yield { kind: "rows", bytes: dataRow(Buffer.alloc(size)), count: 1 };
    }
    yield { kind: "complete", tag: `SELECT ${count}` };
  }

  async *#copyIn(text: string): AsyncGenerator<Reply> {
    const copy = new FakeCopy(text.includes(" slow "));
    this.copies.push(copy);
    const format = text.endsWith("binary") ? 1 : 0;
    this.#running = (cause) => copy.fail(cause);
    try {
      yield { kind: "copy-in", format, columnFormats: [format], receiver: copy };
      const rows = await copy.finished;
      yield { kind: "complete", tag: `COPY ${rows}` };
    } finally {
      this.#running = undefined;
      copy.isOver = true;
    }
  }

  async *#copyOut(text: string): AsyncGenerator<Reply> {
    const count = Number(/generate_series\(1, (\d+)\)/.exec(text)?.[1] ?? 0);
    const cancelsBefore = this.cancels;
    await Promise.resolve();
    yield { kind: "copy-out", format: 0, columnFormats: [0] };
    for (let line = 1; line <= count; line += 1) {
      if (this.cancels > cancelsBefore) throw cancelled();
      yield { kind: "copy-data", bytes: Buffer.from(`${line}\n`) };
    }
    yield { kind: "copy-done" };
    yield { kind: "complete", tag: `COPY ${count}` };
  }

  async *#wait(): AsyncGenerator<Reply> {
    const { promise, reject } = deferred<void>();
    this.#running = reject;
    try {
      await promise;
    } finally {
      this.#running = undefined;
    }
    yield { kind: "complete", tag: "WAIT" };
  }
}

/** One DataRow of one column, from the manual: type, length, count, value length, value. */
function dataRow(value: Uint8Array | null): Buffer {
  const size = value?.length ?? 0;
  const head = Buffer.alloc(11);
  head.write("D", 0);
  head.writeInt32BE(10 + size, 1);
  head.writeInt16BE(1, 5);
  head.writeInt32BE(value === null ? -1 : size, 7);
  return Buffer.concat([head, value ?? Buffer.alloc(0)]);
}

function cancelled(): SqlError {
  return new SqlError("57014", "canceling statement due to user request");
}

function returnsRows(text: string): boolean {
  return /^(?:rows|batches|echo|select)\b/.test(text);
}

/** Opens fake sessions and remembers them; user "nobody" is refused. */
export class FakeHost implements SessionHost {
  readonly sessions: FakeSession[] = [];

  async openSession(request: StartupRequest): Promise<SessionPort> {
    await Promise.resolve();
    if (request.user === "nobody") throw new SqlError("42704", 'unrecognized parameter "x"');
    const session = new FakeSession(request);
    this.sessions.push(session);
    return session;
  }

  get last(): FakeSession {
    const session = this.sessions.at(-1);
    if (session === undefined) throw new Error("no session was opened");
    return session;
  }
}
