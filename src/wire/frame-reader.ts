/**
 * A client's bytes as frames, each checked by its header before memory is taken for its body.
 *
 * Data of COPY comes in pieces: where a CopyData message ends means nothing, so that one of a
 * gigabyte needs no more room than a small one. A read may be given up and taken up again later.
 */

import { SqlError } from "../base/errors.ts";
import { fatalViolation, LostStream } from "./frontend.ts";
import type { MessageBudget } from "./limits.ts";
import type { SocketInput } from "./socket-input.ts";

/** One frame: its type letter and the body without the length. */
export interface Frame {
  readonly type: string;
  readonly body: Buffer;
  /** Instead of a body: why there is none. */
  readonly fault?: SqlError;
}

/** Messages that carry no data of the user's need no more, as in PostgreSQL. */
const SMALL_MESSAGE_MAX = 10_000;
/** PostgreSQL's bound on any large message; CopyData is taken in pieces. */
const COPY_DATA_MAX = 0x3fff_fffe;
/** Of the data of a COPY that are handed on at once. */
const COPY_PIECE_BYTES = 256 * 1024;

const COPY_DATA = 0x64;
const LARGE_TYPES = "QPBF";
const SMALL_TYPES = "CDEHSXcfp";
const COPY_TYPES = "dcfHS";

const NOTHING = Buffer.alloc(0);

function longest(type: string): number {
  return SMALL_TYPES.includes(type) ? SMALL_MESSAGE_MAX : COPY_DATA_MAX;
}

export class FrameReader {
  readonly #input: SocketInput;
  readonly #messageMax: number;
  /** The frame whose header was read, and how much of its body is still to come. */
  #begun: { readonly type: string; left: number; readonly fault?: SqlError } | undefined;
  readonly #budget: MessageBudget;
  /** What of it the message that is being read or handled takes. */
  #taken = 0;
  #isLost = false;
  #isInterrupted = false;

  /** `messageMax` bounds the body of a message that must be held whole. */
  constructor(input: SocketInput, messageMax: number, budget: MessageBudget) {
    this.#budget = budget;
    this.#input = input;
    this.#messageMax = messageMax;
  }

  /** @throws SqlError FATAL 08P01 when nothing that follows can be understood any more */
  requireSync(): void {
    if (!this.#isLost) return;
    throw fatalViolation("terminating connection because protocol synchronization was lost");
  }

  /**
   * The next frame, or a piece of CopyData.
   * @returns undefined when the client has gone, or after `interrupt`
   * @throws SqlError FATAL 08P01; in a COPY 08P01 for what does not belong there
   */
  async next(isCopying = false): Promise<Frame | undefined> {
    this.#isInterrupted = false;
    for (;;) {
      const frame = this.nextNow(isCopying);
      if (frame !== undefined) return frame;
      if (this.#input.closed.aborted || this.#isInterrupted) return undefined;
      await this.#input.arrival(this.#needed());
    }
  }

  /** The next frame if it is there already. Throws as `next`. */
  nextNow(isCopying = false): Frame | undefined {
    if (this.#begun === undefined) {
      this.requireSync();
      this.release();
      const header = this.#input.headerNow();
      if (header === undefined) return undefined;
      this.#begun = this.#begin(header.code, header.length, isCopying);
    }
    const begun = this.#begun;
    const size = this.#needed();
    const body = this.#input.takeNow(size);
    if (body === undefined) return undefined;
    begun.left -= size;
    if (begun.left === 0) this.#begun = undefined;
    const { type, fault } = begun;
    if (fault === undefined) return { type, body };
    // What there is no room for is read past.
    return begun.left > 0 ? this.nextNow(isCopying) : { type, body: NOTHING, fault };
  }

  /** The last message is handled, or nobody will. */
  release(): void {
    if (this.#taken > 0) this.#budget.giveBack(this.#taken);
    this.#taken = 0;
  }

  /**
   * The payloads, joined, of CopyData messages that are there whole: many small messages then cost
   * no more than a large one. undefined: the next is none, or not all of it is there.
   */
  dataNow(): Buffer | undefined {
    if (this.#begun !== undefined) return undefined;
    const bytes = this.#input.peek();
    const ends: number[] = [];
    let size = 0;
    for (let at = 0; size < COPY_PIECE_BYTES; ) {
      if (bytes[at] !== COPY_DATA || at + 5 > bytes.length) break;
      const length = bytes.readInt32BE(at + 1) - 4;
      at += 5 + length;
      if (length < 0 || at > bytes.length) break;
      size += length;
      ends.push(at);
    }
    const data = Buffer.allocUnsafeSlow(size);
    let from = 0;
    let to = 0;
    for (const end of ends) {
      data.set(bytes.subarray(from + 5, end), to);
      to += end - from - 5;
      from = end;
    }
    this.#input.skip(from);
    return from === 0 ? undefined : data;
  }

  /** Lets a waiting `next` return at once. What it had read is kept for the one after. */
  interrupt(): void {
    this.#isInterrupted = true;
    this.#input.wake();
  }

  #needed(): number {
    if (this.#begun === undefined) return 5;
    const { type, left, fault } = this.#begun;
    return type === "d" || fault !== undefined ? Math.min(left, COPY_PIECE_BYTES) : left;
  }

  #begin(
    code: number,
    length: number,
    isCopying: boolean,
  ): { readonly type: string; left: number; readonly fault?: SqlError } {
    const type = String.fromCharCode(code);
    const left = length - 4;
    const max = this.#sizeMax(type);
    this.#isLost = true; // until the header has been found right
    if (isCopying && !COPY_TYPES.includes(type)) {
      const shown = code.toString(16).toUpperCase().padStart(2, "0");
      throw new SqlError("08P01", `unexpected message type 0x${shown} during COPY from stdin`);
    }
    if (max === undefined) throw fatalViolation(`invalid frontend message type ${code}`);
    if (left < 0 || left > longest(type)) throw new LostStream("invalid message length");
    if (left > max) {
      throw fatalViolation(`invalid message length: ${left} bytes are more than allowed`);
    }
    this.#isLost = false;
    if (type === "d") return { type, left };
    const taken = this.#budget.take(left);
    if (taken === undefined) return { type, left, fault: outOfMemory(left) };
    this.#taken = taken;
    return { type, left };
  }

  #sizeMax(type: string): number | undefined {
    if (type === "d") return COPY_DATA_MAX;
    if (LARGE_TYPES.includes(type)) return this.#messageMax;
    return SMALL_TYPES.includes(type) ? SMALL_MESSAGE_MAX : undefined;
  }
}

/** As PostgreSQL says it when it finds no memory for a message. */
function outOfMemory(bytes: number): SqlError {
  return new SqlError("53200", "out of memory", {
    detail: `Failed on request of size ${bytes} for a message.`,
    hint: "Other clients are sending large messages: try again, or send smaller ones.",
  });
}
