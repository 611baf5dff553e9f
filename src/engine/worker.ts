/**
 * The thread DuckDB lives in. Our JavaScript functions run on the thread that loaded DuckDB and
 * stop it meanwhile, so that thread must not be the one that serves clients.
 */

import { parentPort } from "node:worker_threads";
import { deferred } from "../base/async.ts";
import { assert } from "../base/errors.ts";
import { EngineCursor } from "./cursor.ts";
import { packFailure } from "./failure-transfer.ts";
import type { FromWorker, ToWorker } from "./protocol.ts";
import type { RowBatch } from "./request.ts";
import { recycle } from "./row-buffer.ts";
import { WorkerCalls } from "./worker-calls.ts";

assert(parentPort !== null, "engine/worker.ts must be started as a worker thread");
const port = parentPort;

function send(message: FromWorker, transfer: ArrayBuffer[] = []): void {
  port.postMessage(message, transfer);
}

/** A cursor and how many batches the main thread will still take. */
class OpenCursor {
  readonly #id: number;
  readonly #cursor: EngineCursor;
  #demand: number;
  #isPumping = false;
  #isClosing = false;
  /** The first batches of a small result: mostly all there are, and then they go in one message. */
  #held: RowBatch[] | undefined = [];
  readonly #finished = deferred<void>();

  constructor(id: number, cursor: EngineCursor, demand: number) {
    this.#id = id;
    this.#cursor = cursor;
    this.#demand = demand;
  }

  /** Settles when the cursor is closed. */
  get finished(): Promise<void> {
    return this.#finished.promise;
  }

  cancel(): void {
    this.#cursor.cancel();
  }

  demand(): void {
    this.#demand += 1;
    this.start();
  }

  start(): void {
    if (!this.#isPumping) void this.#pump();
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    if (this.#isPumping) this.#cursor.cancel();
    else await this.#finish();
  }

  /**
   * Never rejects: what goes wrong is told to the main thread. At the end the cursor closes itself.
   */
  async #pump(): Promise<void> {
    this.#isPumping = true;
    try {
      while (this.#demand > 0 && !this.#isClosing) {
        const batch = await this.#cursor.next();
        if (batch === undefined) {
          if (this.#held !== undefined) return await this.#sendWhole(this.#held);
          send({ kind: "end", id: this.#id });
          this.#isClosing = true;
        } else {
          this.#demand -= 1;
          this.#held?.push(batch);
          if (this.#held === undefined) this.#send(batch);
          else if (!this.#cursor.isCollected) this.#sendHeld();
        }
      }
      this.#sendHeld();
    } catch (thrown) {
      send({ kind: "failed", id: this.#id, failure: packFailure(thrown) });
      this.#isClosing = true;
    }
    this.#isPumping = false;
    if (this.#isClosing) await this.#finish();
  }

  #send({ bytes, rows }: RowBatch): void {
    send({ kind: "batch", id: this.#id, bytes, rows }, [bytes.buffer as ArrayBuffer]);
  }

  #sendHeld(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const batch of held) this.#send(batch);
  }

  async #sendWhole(batches: readonly RowBatch[]): Promise<void> {
    cursors.delete(this.#id);
    await this.#cursor.close();
    const buffers = batches.map(({ bytes }) => bytes.buffer as ArrayBuffer);
    send({ kind: "whole", id: this.#id, batches }, buffers);
    this.#finished.resolve();
  }

  async #finish(): Promise<void> {
    if (!cursors.delete(this.#id)) return;
    await this.#cursor.close();
    send({ kind: "closed", id: this.#id });
    this.#finished.resolve();
  }
}

const cursors = new Map<number, OpenCursor>();
const calls = new WorkerCalls();

async function answer(message: ToWorker): Promise<void> {
  switch (message.kind) {
    case "call":
      try {
        const result = await calls.run(message.id, message.name, message.request);
        send({ kind: "result", id: message.id, result });
      } catch (thrown) {
        send({ kind: "failed", id: message.id, failure: packFailure(thrown) });
      }
      return;
    case "cursor": {
      const onPinned = () => send({ kind: "pinned", id: message.id });
      const cursor = new EngineCursor(calls.database, message.request, onPinned);
      const open = new OpenCursor(message.id, cursor, message.ahead);
      cursors.set(message.id, open);
      open.start();
      return;
    }
    case "demand":
      cursors.get(message.id)?.demand();
      return;
    case "recycle":
      recycle(message.buffer);
      return;
    case "cancel":
      cursors.get(message.id)?.cancel();
      calls.cancel(message.id);
      return;
    case "close":
      await cursors.get(message.id)?.close();
      return;
    case "shutdown":
      await shutdown();
      return;
  }
}

/** The thread ends when its port is closed and nothing of DuckDB is left to wait for. */
async function shutdown(): Promise<void> {
  const open = [...cursors.values()];
  await Promise.all(open.map((cursor) => cursor.close()));
  await Promise.all(open.map((cursor) => cursor.finished));
  await calls.close();
  port.close();
}

// An uncaught exception would end the thread, and with a call of DuckDB under way the whole
// process.
process.on("uncaughtException", (error) => {
  send({ kind: "crashed", failure: packFailure(error) });
});

port.on("message", (message: ToWorker) => {
  void answer(message);
});
