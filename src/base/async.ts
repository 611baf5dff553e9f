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

/** Lets a number of users in at a time, in the order asked. */
export class Semaphore {
  readonly #waiting: Deferred<void>[] = [];
  #free: number;

  constructor(count: number) {
    this.#free = count;
  }

  /** The function it gives lets the next one in; to be called once. */
  async acquire(signal?: AbortSignal): Promise<() => void> {
    signal?.throwIfAborted();
    if (this.#free > 0) this.#free -= 1;
    else await this.#wait(signal);
    return () => {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free += 1;
      else next.resolve();
    };
  }

  async #wait(signal: AbortSignal | undefined): Promise<void> {
    const turn = deferred<void>();
    this.#waiting.push(turn);
    const stop = () => {
      const at = this.#waiting.indexOf(turn);
      if (at < 0) return;
      this.#waiting.splice(at, 1);
      turn.reject(signal?.reason);
    };
    signal?.addEventListener("abort", stop, { once: true });
    try {
      await turn.promise;
    } finally {
      signal?.removeEventListener("abort", stop);
    }
  }
}

/** Many pass together, or one alone. Who waits to be alone holds up those who come later. */
export class Gate {
  readonly #turn = new Mutex();
  #passing = 0;
  #emptied: Deferred<void> | undefined;

  async shared<T>(task: () => Promise<T>): Promise<T> {
    await this.#turn.run(async () => {
      this.#passing += 1;
    });
    try {
      return await task();
    } finally {
      this.#passing -= 1;
      if (this.#passing === 0) this.#emptied?.resolve();
    }
  }

  async alone<T>(task: () => Promise<T>): Promise<T> {
    return await this.#turn.run(async () => {
      if (this.#passing > 0) {
        this.#emptied = deferred<void>();
        await this.#emptied.promise;
        this.#emptied = undefined;
      }
      return await task();
    });
  }
}

/** There already, or to come: on hot paths only what is a promise is waited for. */
export type Awaitable<T> = T | Promise<T>;

/** Goes on at once with what is there already. */
export function whenDone<T, R>(
  value: Awaitable<T>,
  next: (value: T) => Awaitable<R>,
): Awaitable<R> {
  return value instanceof Promise ? value.then(next) : next(value);
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

/** Whether a promise settles, well or not, in that time. */
export async function isSettledWithin(ms: number, promise: Promise<unknown>): Promise<boolean> {
  const late = deferred<boolean>();
  const timer = after(ms, () => late.resolve(false));
  const settled = () => true;
  try {
    return await Promise.race([promise.then(settled, settled), late.promise]);
  } finally {
    timer.cancel();
  }
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

/** How long work that never waits may keep everybody else's from being read. */
const TURN_MS = 2;
let turnBegan: number | undefined;

/** To be asked between steps that may never wait for anything; then `breathe`. */
export function isTurnLong(): boolean {
  const now = performance.now();
  if (turnBegan === undefined) {
    turnBegan = now;
    setImmediate(() => {
      turnBegan = undefined;
    });
  }
  return now - turnBegan > TURN_MS;
}

/** Lets all others have their turn, and begins one. */
export async function breathe(): Promise<void> {
  await nextTurn();
  turnBegan = undefined;
}

/** As `sleep`, exact below the millisecond too: the rest of it is spent in turns. */
export async function pause(micros: number): Promise<void> {
  const end = performance.now() + micros / 1000;
  if (micros >= 2000) await sleep(Math.floor(micros / 1000) - 1);
  while (performance.now() < end) await nextTurn();
}
