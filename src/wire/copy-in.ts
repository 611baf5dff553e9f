/**
 * COPY FROM STDIN: what the client sends goes to the session's receiver while the session's next
 * answer is awaited already.
 */

import { SqlError } from "../base/errors.ts";
import { log } from "../base/telemetry.ts";
import type { CopyReceiver } from "../session/results.ts";
import { ByteReader } from "../types/bytes.ts";
import type { FrameReader } from "./frame-reader.ts";
import { LostStream } from "./frontend.ts";

export class CopyPump {
  readonly #frames: FrameReader;
  readonly #receiver: CopyReceiver;
  readonly #running: Promise<void>;
  #isStopped = false;

  /** Begins to read at once, and reads no further than the message that ends the data. */
  constructor(frames: FrameReader, receiver: CopyReceiver) {
    this.#frames = frames;
    this.#receiver = receiver;
    this.#running = this.#run();
  }

  /** The session takes no more: what was not read yet stays. Never rejects. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#frames.interrupt();
    await this.#running;
  }

  async #run(): Promise<void> {
    try {
      await this.#pump();
    } catch (cause) {
      this.#receiver.fail(errorOf(cause));
    }
  }

  /** @throws SqlError 08P01, 57014, 08006 */
  async #pump(): Promise<void> {
    while (!this.#isStopped) {
      const data = this.#frames.dataNow();
      if (data !== undefined) {
        await this.#receiver.write(data);
        continue;
      }
      const frame = await this.#frames.next(true);
      if (frame === undefined && this.#isStopped) return;
      if (frame === undefined) throw lost();
      if (frame.type === "c") return this.#receiver.end();
      if (frame.type === "f") throw failedByClient(frame.body);
      // Sync and Flush are passed over: clients send them along with Execute, not knowing of COPY.
      if (frame.type === "d") await this.#receiver.write(frame.body);
    }
  }
}

function failedByClient(body: Buffer): SqlError {
  return new SqlError("57014", `COPY from stdin failed: ${new ByteReader(body).cstring()}`);
}

function lost(): SqlError {
  return new SqlError("08006", "unexpected EOF on client connection with an open transaction");
}

function errorOf(cause: unknown): SqlError {
  if (cause instanceof SqlError) return cause;
  if (cause instanceof LostStream) return lost();
  log("error", "internal-error", { cause });
  return new SqlError("XX000", "internal error");
}
