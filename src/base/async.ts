/** The only user of timers, and the small tools that keep waiting bounded and in order. */

/** Runs one task at a time, in the order asked. */
export class Mutex {
  #tail: Promise<unknown> = Promise.resolve();

  async run<T>(task: () => Promise<T>): Promise<T> {
    const before = this.#tail;
    const { promise, resolve } = deferred<void>();
    this.#tail = promise;
    await before;
    try {
      return await task();
    } finally {
      resolve();
    }
  }
}

export interface Deferred<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (cause: unknown) => void;
}

export function deferred<T>(): Deferred<T> {
  let resolve!: (value: T) => void;
  let reject!: (cause: unknown) => void;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}

export async function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  signal?.throwIfAborted();
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, ms);
    const stop = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    signal?.addEventListener("abort", stop, { once: true });
  });
}

/** Calls `act` once after `ms`, unless cancelled first. Does not keep the process alive. */
export function after(ms: number, act: () => void): { cancel(): void } {
  const timer = setTimeout(act, ms);
  timer.unref();
  return { cancel: () => clearTimeout(timer) };
}

/** Calls `act` every `ms` until cancelled. Does not keep the process alive. */
export function every(ms: number, act: () => void): { cancel(): void } {
  const timer = setInterval(act, ms);
  timer.unref();
  return { cancel: () => clearInterval(timer) };
}

/** Lets everything else that waits have its turn. */
export async function nextTurn(): Promise<void> {
  await new Promise<void>((resolve) => setImmediate(resolve));
}
