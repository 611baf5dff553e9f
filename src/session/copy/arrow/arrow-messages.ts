/**
 * Arrow's IPC format message by message, of a stream or of a file (a stream between marks). At
 * most one message is in memory; a stream must say that it ends, so that none is taken for whole
 * that was cut off.
 */

import { type Message, MessageReader } from "apache-arrow";
import { SqlError } from "../../../base/errors.ts";
import type { ChunkSource } from "../copy-queue.ts";

const MAGIC = Buffer.from("ARROW1");
/** The magic number is padded. */
const MAGIC_BYTES = 8;
const CONTINUATION = -1;
const METADATA_BYTES_MAX = 64 * 2 ** 20;
const BODY_BYTES_MAX = 2 ** 31 - 1;

export class ArrowMessages {
  /** What was wrong with the bytes; readers on top may tell of it in their own words. */
  failure: unknown;
  readonly #source: ChunkSource;
  #chunks: Uint8Array[] = [];
  #waiting = 0;
  #isFile = false;
  #isEnded = false;
  #messages = 0;

  constructor(source: ChunkSource) {
    this.#source = source;
  }

  /** The stream in pieces. @throws SqlError 22P04, 0A000, 54000 */
  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    try {
      while (!this.#isEnded) yield* this.#message();
    } catch (cause) {
      this.failure = cause;
      throw cause;
    }
  }

  /** Nothing but a file's footer may come behind. @throws SqlError 22P04 */
  async finish(): Promise<void> {
    if (!this.#isEnded) throw malformed("The stream ends too early.");
    let tail = Buffer.concat(this.#chunks);
    this.#chunks = [];
    for (;;) {
      const chunk = await this.#source.next();
      if (chunk === undefined) break;
      tail = Buffer.concat([tail, chunk]).subarray(-MAGIC.length);
      if (!this.#isFile) break;
    }
    if (this.#isFile) {
      if (!tail.subarray(-MAGIC.length).equals(MAGIC)) throw cutOff();
    } else if (tail.length > 0) {
      throw malformed("There is more behind the end of the stream.", "Send one stream at a time.");
    }
  }

  async *#message(): AsyncGenerator<Uint8Array> {
    if (this.#messages === 0 && MAGIC.equals((await this.#peek(MAGIC_BYTES)).subarray(0, 6))) {
      this.#isFile = true;
      await this.#take(MAGIC_BYTES);
    }
    const first = await this.#take(4);
    const prefix = [first];
    let length = first.readInt32LE();
    if (length === CONTINUATION) {
      const second = await this.#take(4);
      prefix.push(second);
      length = second.readInt32LE();
    }
    if (length === 0) {
      if (this.#messages === 0) throw malformed("The stream has no schema.");
      this.#isEnded = true;
      yield Buffer.concat(prefix);
      return;
    }
    if (length < 0 || length > METADATA_BYTES_MAX) throw malformed("This is no Arrow IPC stream.");
    const head = Buffer.concat([...prefix, await this.#take(length)]);
    const message = decoded(head);
    this.#check(message);
    this.#messages += 1;
    yield head;
    if (message.bodyLength > 0) yield await this.#take(message.bodyLength);
  }

  #check(message: Message): void {
    if (message.isSchema() !== (this.#messages === 0)) {
      throw malformed(
        "The data do not begin with a schema, or have more than one.",
        "Send an Arrow IPC stream: some files have their schema at the end alone.",
      );
    }
    if (message.bodyLength < 0) throw malformed("A message has a negative length.");
    if (message.bodyLength > BODY_BYTES_MAX) {
      throw new SqlError("54000", "a record batch of the arrow data is larger than 2 GB", {
        hint: "Write smaller record batches.",
      });
    }
    const isPacked =
      (message.isRecordBatch() && message.header().compression !== null) ||
      (message.isDictionaryBatch() && message.header().data.compression !== null);
    if (isPacked) {
      throw new SqlError("0A000", "compressed record batches are not supported", {
        hint: "Write the Arrow stream without compression.",
      });
    }
  }

  async #fill(length: number): Promise<void> {
    while (this.#waiting < length) {
      const chunk = await this.#source.next();
      if (chunk === undefined) throw cutOff();
      this.#chunks.push(chunk);
      this.#waiting += chunk.length;
    }
  }

  async #peek(length: number): Promise<Buffer> {
    await this.#fill(length);
    const all = Buffer.concat(this.#chunks);
    this.#chunks = [all];
    return all.subarray(0, length);
  }

  async #take(length: number): Promise<Buffer> {
    await this.#fill(length);
    const out = Buffer.allocUnsafeSlow(length);
    let at = 0;
    let used = 0;
    for (const chunk of this.#chunks) {
      const part = chunk.subarray(0, length - at);
      out.set(part, at);
      at += part.length;
      if (part.length < chunk.length) {
        this.#chunks[used] = chunk.subarray(part.length);
        break;
      }
      used += 1;
    }
    this.#chunks.splice(0, used);
    this.#waiting -= length;
    return out;
  }
}

function decoded(head: Uint8Array): Message {
  let message: Message | null = null;
  try {
    message = new MessageReader(head).readMessage();
  } catch {
    // Told below.
  }
  if (message === null) throw malformed("A message cannot be read.");
  return message;
}

export function malformed(detail: string, hint?: string): SqlError {
  const fields = hint === undefined ? { detail } : { detail, hint };
  return new SqlError("22P04", "invalid arrow data", fields);
}

function cutOff(): SqlError {
  return new SqlError("22P04", "unexpected end of arrow data", {
    hint: "A stream ends with an end-of-stream marker, which its writer adds when it is closed.",
  });
}
