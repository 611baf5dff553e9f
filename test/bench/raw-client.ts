/**
 * The least a client can do: sends a statement, counts rows and bytes of the answer, parses no value.
 * Used against pgtide and PostgreSQL alike, so that what is measured is the server.
 */

import { connect, type Socket } from "node:net";
import { after, type Deferred, deferred } from "../../src/base/async.ts";

export interface Answer {
  /** DataRow messages, or CopyData. */
  readonly rows: number;
  /** Of these messages, headers included. */
  readonly bytes: number;
  /** Of the last statement; empty when its portal was suspended. */
  readonly tag: string;
  /** From sending until ReadyForQuery, and until the first row. */
  readonly ms: number;
  readonly firstRowMs: number;
}

/** What is kept of the one question asked at a time. */
interface Asking extends Deferred<Answer> {
  readonly startedMs: number;
  rows: number;
  bytes: number;
  tag: string;
  firstRowMs: number;
  failure: Error | undefined;
}

const AUTHENTICATION = 0x52;
const DATA_ROW = 0x44;
const COPY_DATA = 0x64;
const COMPLETE = 0x43;
const ERROR = 0x45;
const READY = 0x5a;
const HEADER_BYTES = 5;

export class RawClient {
  readonly #socket: Socket;
  #asking: Asking | undefined;
  /** A message cut by the end of a packet: its bytes so far. */
  #rest: Buffer = Buffer.alloc(0);
  /** Bytes still to come of a row whose header has been counted. */
  #skip = 0;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on("data", (bytes) => this.#read(bytes));
    socket.on("error", (error) => this.#asking?.reject(error));
    socket.on("close", () => this.#asking?.reject(new Error("connection closed")));
  }

  static async connect(port: number): Promise<RawClient> {
    const client = new RawClient(connect(port, "127.0.0.1"));
    const parameters = Buffer.from("user\0postgres\0database\0postgres\0\0");
    const startup = Buffer.alloc(8);
    startup.writeInt32BE(8 + parameters.length, 0);
    startup.writeInt32BE(196_608, 4);
    await client.#ask(Buffer.concat([startup, parameters]));
    return client;
  }

  /** The simple protocol: every column as text. */
  query(sql: string): Promise<Answer> {
    return this.#ask(message("Q", Buffer.from(`${sql}\0`)));
  }

  /** The extended protocol without parameters, columns in one format. */
  execute(sql: string, format: "text" | "binary"): Promise<Answer> {
    return this.#ask(
      Buffer.concat([
        message("P", Buffer.from(`\0${sql}\0\0\0`)),
        message("B", formats(format)),
        message("E", Buffer.from([0, 0, 0, 0, 0])),
        message("S", Buffer.alloc(0)),
      ]),
    );
  }

  /** All rows in a transaction, so many at a time, as drivers with a fetch size ask for them. */
  async pages(sql: string, format: "text" | "binary", pageRows: number): Promise<Answer> {
    await this.query("BEGIN");
    const page = Buffer.alloc(5);
    page.writeInt32BE(pageRows, 1);
    const next = Buffer.concat([message("E", page), message("S", Buffer.alloc(0))]);
    const begin = [
      message("P", Buffer.from(`\0${sql}\0\0\0`)),
      message("B", formats(format)),
      next,
    ];
    let answer = await this.#ask(Buffer.concat(begin));
    let { rows, bytes, ms } = answer;
    while (answer.tag === "") {
      answer = await this.#ask(next);
      rows += answer.rows;
      bytes += answer.bytes;
      ms += answer.ms;
    }
    await this.query("COMMIT");
    return { ...answer, rows, bytes, ms };
  }

  /** Reads a packet at a time, and then nothing for so long. */
  readSlowly(pauseMs: number): void {
    this.#socket.on("data", () => {
      this.#socket.pause();
      after(pauseMs, () => this.#socket.resume());
    });
  }

  close(): void {
    this.#asking = undefined;
    this.#socket.destroy();
  }

  #ask(bytes: Buffer): Promise<Answer> {
    if (this.#asking !== undefined) throw new Error("one question at a time");
    const startedMs = performance.now();
    const counts = { rows: 0, bytes: 0, tag: "", firstRowMs: 0, failure: undefined };
    const asking: Asking = { ...deferred<Answer>(), startedMs, ...counts };
    this.#asking = asking;
    this.#socket.write(bytes);
    return asking.promise;
  }

  #read(packet: Buffer): void {
    const asking = this.#asking;
    if (asking === undefined) return;
    let bytes = packet;
    if (this.#rest.length > 0) {
      bytes = Buffer.concat([this.#rest, packet]);
      this.#rest = Buffer.alloc(0);
    }
    let at = Math.min(this.#skip, bytes.length);
    this.#skip -= at;
    while (at + HEADER_BYTES <= bytes.length) {
      const type = bytes[at];
      const size = 1 + bytes.readInt32BE(at + 1);
      if (type === DATA_ROW || type === COPY_DATA) {
        if (asking.rows === 0) asking.firstRowMs = performance.now() - asking.startedMs;
        asking.rows += 1;
        asking.bytes += size;
        at += size;
        continue;
      }
      if (at + size > bytes.length) break;
      this.#take(asking, type ?? 0, bytes.subarray(at + HEADER_BYTES, at + size));
      at += size;
    }
    if (at > bytes.length) this.#skip = at - bytes.length;
    else if (at < bytes.length) this.#rest = bytes.subarray(at);
  }

  #take(asking: Asking, type: number, body: Buffer): void {
    if (type === ERROR) asking.failure = new Error(body.toString().replaceAll("\0", " "));
    if (type === COMPLETE) asking.tag = body.toString("latin1", 0, body.length - 1);
    if (type === AUTHENTICATION && body.readInt32BE(0) !== 0) {
      asking.failure = new Error("the benchmark's servers ask for no password");
    }
    if (type !== READY) return;
    this.#asking = undefined;
    const { rows, bytes, tag, firstRowMs, failure, startedMs } = asking;
    if (failure === undefined) {
      asking.resolve({ rows, bytes, tag, ms: performance.now() - startedMs, firstRowMs });
    } else {
      asking.reject(failure);
    }
  }
}

/** Of Bind: unnamed portal and statement, no parameters, one result format. */
function formats(format: "text" | "binary"): Buffer {
  return Buffer.from([0, 0, 0, 0, 0, 0, 0, 1, 0, format === "binary" ? 1 : 0]);
}

function message(type: string, body: Buffer): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.write(type, 0, "latin1");
  header.writeInt32BE(4 + body.length, 1);
  return Buffer.concat([header, body]);
}
