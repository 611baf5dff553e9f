/** Locks of transactions: who waits for whom, and who gives up. */

import { expect, test } from "vitest";
import { type LockOwner, Locks } from "../../src/session/locks.ts";

const A: LockOwner = { processId: 1 };
const B: LockOwner = { processId: 2 };
const C: LockOwner = { processId: 3 };
const X = { key: "x", title: 'relation "x"' };
const Y = { key: "y", title: 'relation "y"' };

function patient(signal = new AbortController().signal) {
  return { signal, timeoutMs: 0 };
}

async function settled(promise: Promise<unknown>): Promise<boolean> {
  const tick = new Promise((resolve) => setImmediate(resolve)).then(() => false);
  return await Promise.race([promise.then(() => true), tick]);
}

test("an exclusive lock is handed on in the order of asking", async () => {
  const locks = new Locks();
  await locks.acquire(A, X, "exclusive", patient());
  const second = locks.acquire(B, X, "exclusive", patient());
  const third = locks.acquire(C, X, "exclusive", patient());
  expect(await settled(second)).toBe(false);
  locks.releaseAll(A);
  await second;
  expect(await settled(third)).toBe(false);
  locks.releaseAll(B);
  await third;
});

test("shared locks stand together, and none passes an exclusive one that waits", async () => {
  const locks = new Locks();
  await locks.acquire(A, X, "shared", patient());
  await locks.acquire(B, X, "shared", patient());
  const writer = locks.acquire(C, X, "exclusive", patient());
  const late: LockOwner = { processId: 4 };
  const reader = locks.acquire(late, X, "shared", patient());
  locks.releaseAll(A);
  expect(await settled(writer)).toBe(false);
  locks.releaseAll(B);
  await writer;
  expect(await settled(reader)).toBe(false);
  locks.releaseAll(C);
  await reader;
});

test("asking again is harmless, and shared becomes exclusive", async () => {
  const locks = new Locks();
  await locks.acquire(A, X, "shared", patient());
  await locks.acquire(A, X, "exclusive", patient());
  await locks.acquire(A, X, "shared", patient());
  expect(locks.holds(A, X, "exclusive")).toBe(true);
  expect(locks.tryAcquire(B, X, "shared")).toBe(false);
  locks.releaseAll(A);
  expect(locks.tryAcquire(B, X, "shared")).toBe(true);
});

test("who closes a circle of waiting is refused, and the others go on", async () => {
  const locks = new Locks();
  await locks.acquire(A, X, "exclusive", patient());
  await locks.acquire(B, Y, "exclusive", patient());
  const waiting = locks.acquire(A, Y, "exclusive", patient());
  await expect(locks.acquire(B, X, "exclusive", patient())).rejects.toMatchObject({
    fields: {
      sqlState: "40P01",
      message: "deadlock detected",
      detail:
        'Process 2 waits for ExclusiveLock on relation "x"; blocked by process 1.\n' +
        'Process 1 waits for ExclusiveLock on relation "y"; blocked by process 2.',
    },
  });
  locks.releaseAll(B);
  await waiting;
});

test("two that share and both want it alone are a circle", async () => {
  const locks = new Locks();
  await locks.acquire(A, X, "shared", patient());
  await locks.acquire(B, X, "shared", patient());
  const first = locks.acquire(A, X, "exclusive", patient());
  await expect(locks.acquire(B, X, "exclusive", patient())).rejects.toThrow("deadlock detected");
  locks.releaseAll(B);
  await first;
});

test("a circle through the queue is found, too", async () => {
  const locks = new Locks();
  await locks.acquire(A, X, "shared", patient());
  await locks.acquire(B, Y, "exclusive", patient());
  const writer = locks.acquire(C, X, "exclusive", patient());
  // B would wait behind C, who waits for A, who will wait for B.
  const reader = locks.acquire(B, X, "shared", patient());
  await expect(locks.acquire(A, Y, "shared", patient())).rejects.toThrow("deadlock detected");
  locks.releaseAll(A);
  await writer;
  locks.releaseAll(C);
  await reader;
});

test("a wait ends by its timeout and by its signal, and leaves the queue", async () => {
  const locks = new Locks();
  await locks.acquire(A, X, "exclusive", patient());
  const { signal } = new AbortController();
  await expect(locks.acquire(B, X, "exclusive", { signal, timeoutMs: 1 })).rejects.toMatchObject({
    fields: { sqlState: "55P03", message: "canceling statement due to lock timeout" },
  });
  const cancel = new AbortController();
  const waiting = locks.acquire(B, X, "exclusive", patient(cancel.signal));
  const behind = locks.acquire(C, X, "exclusive", patient());
  cancel.abort(new Error("cancelled"));
  await expect(waiting).rejects.toThrow("cancelled");
  locks.releaseAll(A);
  await behind;
  expect(locks.holds(B, X, "exclusive")).toBe(false);
});

test("a thousand may wait for one lock, each in its turn", async () => {
  const locks = new Locks();
  const target = { key: "busy", title: 'relation "busy"' };
  const owners = Array.from({ length: 1000 }, (_, processId) => ({ processId }));
  const order: number[] = [];
  // Each holds something else besides, so that it could keep others waiting.
  for (const owner of owners) {
    const own = { key: `own ${owner.processId}`, title: "something" };
    await locks.acquire(owner, own, "exclusive", patient());
  }
  const all = owners.map(async (owner) => {
    await locks.acquire(owner, target, "exclusive", patient());
    order.push(owner.processId);
    locks.releaseAll(owner);
  });
  await Promise.all(all);
  expect(order).toEqual(owners.map(({ processId }) => processId));
});
