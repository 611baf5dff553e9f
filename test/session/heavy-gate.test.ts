/** The gate before the engine: who waits, who goes first, who gives up a place. */

import { expect, test } from "vitest";
import { deferred, sleep } from "../../src/base/async.ts";
import { HeavyGate, HeavyPlace } from "../../src/session/heavy-gate.ts";

const never = new AbortController().signal;

function places(gate: HeavyGate, count: number): HeavyPlace[] {
  return Array.from({ length: count }, () => new HeavyPlace(gate, () => undefined));
}

test("places are given in the order asked, first to those who have begun", async () => {
  const gate = new HeavyGate(1);
  const [a, b, c, d] = places(gate, 4) as [HeavyPlace, HeavyPlace, HeavyPlace, HeavyPlace];
  const order: string[] = [];
  await a.take(never);
  const waiting = [
    b.take(never).then(() => order.push("b")),
    c.take(never).then(() => order.push("c")),
    d.take(never, true).then(() => order.push("d")),
  ];
  for (const place of [a, d, b, c]) {
    place.leave();
    await sleep(0);
  }
  await Promise.all(waiting);
  expect(order).toEqual(["d", "b", "c"]);
  expect(a.tryTake()).toBe(true);
});

test("who holds a place is not asked to wait for another", async () => {
  const gate = new HeavyGate(1);
  const [a, b] = places(gate, 2) as [HeavyPlace, HeavyPlace];
  await a.take(never);
  await a.take(never);
  expect(await a.compute(never, false, async () => 5)).toBe(5);
  expect(b.tryTake()).toBe(false);
  a.leave();
  a.leave();
  expect(b.tryTake()).toBe(true);
  expect(a.tryTake()).toBe(false);
});

test("a wait that is given up leaves the queue, and tells when it begins and ends", async () => {
  const gate = new HeavyGate(1);
  const told: boolean[] = [];
  const [a] = places(gate, 1) as [HeavyPlace];
  const b = new HeavyPlace(gate, (isWaiting) => told.push(isWaiting));
  await a.take(never);
  const stop = new AbortController();
  const waiting = b.take(stop.signal);
  stop.abort(new Error("enough"));
  await expect(waiting).rejects.toThrow("enough");
  await expect(b.take(stop.signal)).rejects.toThrow("enough");
  a.leave();
  expect(a.tryTake()).toBe(true);
  expect(told).toEqual([true, false, true, false]);
});

test("a place that is not used goes to who waits; one that computes stays", async () => {
  const gate = new HeavyGate(2);
  const [busy, idle, c, d] = places(gate, 4) as [HeavyPlace, HeavyPlace, HeavyPlace, HeavyPlace];
  const computed = deferred<void>();
  const computing = busy.compute(never, false, () => computed.promise);
  await idle.compute(never, false, async () => undefined);
  await c.take(never);
  expect([busy.isHeld, idle.isHeld, c.isHeld]).toEqual([true, false, true]);
  const d1 = d.take(never);
  const back = idle.compute(never, true, async () => "again");
  c.leave(); // the one that had begun comes first
  expect(await back).toBe("again");
  expect(d.isHeld).toBe(false);
  idle.leave();
  await d1;
  computed.resolve();
  await computing;
});
