/** The receiver of a scripted COPY FROM STDIN. */

import { deferred } from "../../src/base/async.ts";
import { SqlError } from "../../src/base/errors.ts";
import type { CopyReceiver } from "../../src/session/results.ts";

/** Takes lines that are numbers; one that is not fails the COPY at once. */
export class FakeCopy implements CopyReceiver {
  received = Buffer.alloc(0);
  receivedBytes = 0;
  writes = 0;
  failure: SqlError | undefined;
  /** The session is done with it. */
  isOver = false;
  readonly #finished = deferred<number>();
  readonly #isSlow: boolean;
  #gate = deferred<void>();

  constructor(isSlow: boolean) {
    this.#isSlow = isSlow;
    this.#finished.promise.catch(() => undefined);
  }

  get finished(): Promise<number> {
    return this.#finished.promise;
  }

  async write(bytes: Uint8Array): Promise<void> {
    this.writes += 1;
    this.receivedBytes += bytes.length;
    if (this.failure !== undefined) return;
    if (this.#isSlow) return await this.#gate.promise;
    this.received = Buffer.concat([this.received, bytes]);
    const bad = /^[^0-9\n]+$/m.exec(this.received.toString())?.[0];
    if (bad === undefined) return;
    this.fail(new SqlError("22P02", `invalid input syntax for type integer: "${bad}"`));
  }

  end(): void {
    this.#finished.resolve(this.received.toString().split("\n").length - 1);
  }

  fail(cause: SqlError): void {
    this.failure ??= cause;
    this.#finished.reject(this.failure);
    this.#gate.resolve();
  }

  /** Lets what waits and whatever comes through. */
  release(): void {
    this.#gate.resolve();
  }
}
