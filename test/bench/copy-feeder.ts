/** Sends rows of text into one COPY as fast as the server takes them. */

import { once } from "node:events";
import { connect, type Socket } from "node:net";

const BLOCKS = 20;
const ROWS_A_BLOCK = 20_000;
const HEADER_BYTES = 5;

export class CopyFeeder {
  readonly #socket: Socket;
  readonly #blocks: readonly Buffer[];
  /** What the server has sent. */
  #received = "";
  rows = 0;
  longestPauseMs = 0;

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.#blocks = Array.from({ length: BLOCKS }, (_, i) => message("d", linesOf(i)));
    socket.on("data", (bytes) => {
      this.#received += bytes.toString("latin1");
    });
  }

  /** @throws Error what the server answers instead of CopyInResponse */
  static async open(port: number, table: string): Promise<CopyFeeder> {
    const feeder = new CopyFeeder(connect(port, "127.0.0.1"));
    const parameters = Buffer.from("user\0postgres\0database\0postgres\0\0");
    const startup = Buffer.alloc(8);
    startup.writeInt32BE(8 + parameters.length, 0);
    startup.writeInt32BE(196_608, 4);
    feeder.#socket.write(Buffer.concat([startup, parameters]));
    await feeder.#until("Z\0\0\0\u0005I");
    feeder.#socket.write(message("Q", Buffer.from(`COPY ${table} FROM STDIN\0`)));
    await feeder.#until("G\0\0\0");
    return feeder;
  }

  /** Sends some rows; waits while the server takes no more. */
  async block(): Promise<void> {
    const block = this.#blocks[(this.rows / ROWS_A_BLOCK) % BLOCKS];
    this.rows += ROWS_A_BLOCK;
    if (block === undefined || this.#socket.write(block)) return;
    const begin = performance.now();
    await once(this.#socket, "drain");
    this.longestPauseMs = Math.max(this.longestPauseMs, performance.now() - begin);
  }

  /** Until the rows are durable. */
  async end(): Promise<void> {
    this.#socket.write(message("c", Buffer.alloc(0)));
    await this.#until(`COPY ${this.rows}\0`);
    this.#socket.destroy();
  }

  async #until(text: string): Promise<void> {
    while (!this.#received.includes(text)) {
      if (/E\0\0\0.S(?:ERROR|FATAL)/.test(this.#received)) {
        throw new Error(this.#received.replaceAll("\0", " "));
      }
      await once(this.#socket, "data");
    }
    this.#received = "";
  }
}

/** Ten rows a second; block after block another half hour of them. */
function linesOf(block: number): Buffer {
  const lines = Array.from({ length: ROWS_A_BLOCK }, (_, k) => {
    const i = block * ROWS_A_BLOCK + k;
    const time = new Date(Date.UTC(2026, 0, 2) + i * 100).toISOString();
    return `${time}\thost-${i % 100}\t${(i % 1000) / 7}\t${i}\n`;
  });
  return Buffer.from(lines.join(""));
}

function message(type: string, body: Buffer): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.write(type, 0, "latin1");
  header.writeInt32BE(4 + body.length, 1);
  return Buffer.concat([header, body]);
}
