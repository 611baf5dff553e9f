/** Which keys are there, against a plain set of them; and never one key twice, whoever hurries. */

import fc from "fast-check";
import { expect, test } from "vitest";
import type { KeyReader } from "../../src/table/key-reader.ts";
import { groupKeys, tickThrough } from "../../src/table/key-rows.ts";
import { type KeyOutcome, type KeyRequest, TableKeys } from "../../src/table/keys.ts";
import { AXIS, FakeTable, type Key, keyRows, modelOf, textOf } from "../support/fake-keys.ts";
import { randomFrom } from "../support/random.ts";

function request(owner: object, more: Partial<KeyRequest> = {}): KeyRequest {
  return { owner, number: 1, policy: "reject", ...more };
}

function lists({ fresh, existing, repeated }: KeyOutcome) {
  return { fresh: [...fresh], existing: [...existing], repeated };
}

const someKey = fc.tuple(fc.constantFrom("a", "b", "ä"), fc.integer({ min: -25, max: 60 }));
const someKeys = fc.array(someKey, { maxLength: 12 });

type Step =
  | { readonly act: "insert"; readonly keys: readonly Key[]; readonly policy: KeyRequest["policy"] }
  | { readonly act: "commit" | "rollback" | "delete elsewhere" }
  | { readonly act: "append elsewhere"; readonly keys: readonly Key[] };

const someStep: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    act: fc.constant("insert" as const),
    keys: someKeys,
    policy: fc.constantFrom("reject", "skip", "replace", "allow"),
  }),
  fc.record({ act: fc.constantFrom("commit" as const, "rollback" as const) }),
  fc.record({ act: fc.constant("delete elsewhere" as const) }),
  fc.record({ act: fc.constant("append elsewhere" as const), keys: someKeys }),
);

test("one transaction after another: exactly what a plain set says", async () => {
  await fc.assert(
    fc.asyncProperty(
      someKeys,
      fc.array(someStep, { maxLength: 25 }),
      fc.constantFrom(1, 20, 1_000_000),
      async (start, steps, keysMax) => {
        const table = new FakeTable();
        table.add(start);
        const keys = new TableKeys(AXIS, table, { keysMax, entitiesMax: keysMax });
        let owner = {};
        let own: Key[] = [];
        for (const step of steps) {
          if (step.act === "insert") {
            const there = new Set([...table.visible.keys(), ...own.map(textOf)]);
            const expected = modelOf(step.keys, there, step.policy);
            const got = await keys.reserve(keyRows(step.keys), request(owner, step));
            expect(lists(got)).toEqual(expected.outcome);
            own.push(...expected.inserted);
          } else if (step.act === "commit") {
            table.add(own);
            keys.committed(owner);
            [owner, own] = [{}, []];
          } else if (step.act === "rollback") {
            keys.abandoned(owner);
            [owner, own] = [{}, []];
          } else if (step.act === "append elsewhere") {
            table.change(() => table.add(step.keys));
          } else {
            const [first] = table.visible.keys();
            table.change(() => first !== undefined && table.visible.delete(first));
          }
        }
      },
    ),
    { numRuns: 600 },
  );
});

class Circle extends Error {}

test.each(Array.from({ length: 30 }, (_, seed) => seed))(
  "many transactions at once: no key gets in twice, seed %i",
  async (seed) => {
    const random = randomFrom(seed);
    const below = (limit: number) => Math.floor(random() * limit);
    const turns = async (most: number) => {
      for (let left = below(most + 1); left > 0; left -= 1) await Promise.resolve();
    };
    const table = new FakeTable(async () => await turns(12));
    const start = Array.from({ length: 20 }, (): Key => ["a", below(60)]);
    table.add([...new Map(start.map((key) => [textOf(key), key])).values()]);
    const keys = new TableKeys(AXIS, table, { keysMax: 1 + below(60) });
    let inserts = 0;

    const transaction = async () => {
      const owner = {};
      let own: [number, Key][] = [];
      try {
        for (let number = 1; number <= 1 + below(3); number += 1) {
          const wanted = Array.from({ length: 1 + below(5) }, (): Key => ["a", below(80)]);
          const policy = (["reject", "skip"] as const)[below(2)] ?? "skip";
          const got = await keys.reserve(keyRows(wanted), {
            owner,
            number,
            policy,
            wait: async (_, released) => {
              let isReleased = false;
              released.then(() => (isReleased = true));
              for (let left = 300; !isReleased; left -= 1) {
                if (left === 0) throw new Circle();
                await Promise.resolve();
              }
            },
          });
          const isRefused = got.existing.length + got.repeated.length > 0 && policy === "reject";
          if (isRefused) continue;
          for (const row of got.fresh) own.push([number, wanted[row] as Key]);
          await turns(6);
          if (below(6) === 0) {
            keys.abandoned(owner, number);
            own = own.filter(([of]) => of < number);
          }
        }
        await turns(6);
        if (below(5) === 0) throw new Circle();
        table.add(own.map(([, key]) => key));
        inserts += own.length;
        await turns(3);
        keys.committed(owner);
      } catch (cause) {
        if (!(cause instanceof Circle)) throw cause;
        keys.abandoned(owner);
      }
    };

    await Promise.all(
      Array.from({ length: 6 }, async () => {
        for (let round = 0; round < 15; round += 1) {
          await transaction();
          // Another writer of the format comes by, with keys that are not ours to check.
          if (below(20) === 0) table.change(() => table.add([["a", 100 + inserts]]));
        }
      }),
    );
    for (const { key, count } of table.visible.values()) {
      if (key[1] < 100) expect(count, `seed ${seed}, key ${textOf(key)}`).toBe(1);
    }
    expect(inserts).toBeGreaterThan(10);
  },
);

test("a key that a transaction has itself removed may be inserted again", async () => {
  const table = new FakeTable();
  table.add([
    ["a", 1],
    ["a", 2],
    ["a", 30],
  ]);
  const own = new FakeTable();
  own.add([
    ["a", 2],
    ["a", 30],
  ]);
  const keys = new TableKeys(AXIS, table);
  const got = await keys.reserve(
    keyRows([
      ["a", 1],
      ["a", 2],
    ]),
    request({}, { own }),
  );
  expect(lists(got)).toEqual({ fresh: [0], existing: [1], repeated: [] });
});

test.each(["coverage", "read"] as const)(
  "what was asked before another writer came by is not believed after (%s)",
  async (slow) => {
    const table = new FakeTable();
    table.add([["a", 3]]);
    const gates: (() => void)[] = [];
    const gated = async <T>(answer: Promise<T>, isSlow: boolean): Promise<T> => {
      const given = await answer;
      if (isSlow && gates.length === 0) await new Promise<void>((open) => gates.push(open));
      return given;
    };
    const reader: KeyReader = {
      stamp: () => table.stamp(),
      coverage: async () => await gated(table.coverage(), slow === "coverage"),
      read: async (ranges) => await gated(table.read(ranges), slow === "read"),
    };
    const keys = new TableKeys(AXIS, reader);
    await keys.reserve(keyRows([["a", 1]]), request({}, { policy: "allow" }));
    const early = keys.reserve(keyRows([["a", 2]]), request({}));
    while (gates.length === 0) await Promise.resolve();
    // In the last bucket as it is known, or behind it.
    const others: Key[] = [["a", slow === "read" ? 5 : 15]];
    table.change(() => table.add(others));
    const late = async () => [...(await keys.reserve(keyRows(others), request({}))).existing];
    expect(await late()).toEqual([0]);
    for (const open of gates) open();
    await early;
    expect(await late()).toEqual([0]);
  },
);

test("who waits in vain leaves nothing behind", async () => {
  const keys = new TableKeys(AXIS, new FakeTable());
  const holder = {};
  await keys.reserve(keyRows([["a", 1]]), request(holder));
  const waiter = request(
    {},
    {
      wait: async () => {
        throw new Error("timed out");
      },
    },
  );
  await expect(
    keys.reserve(
      keyRows([
        ["a", 1],
        ["a", 2],
      ]),
      waiter,
    ),
  ).rejects.toThrow("timed out");
  keys.abandoned(holder);
  expect(
    lists(
      await keys.reserve(
        keyRows([
          ["a", 1],
          ["a", 2],
        ]),
        request({}),
      ),
    ).fresh,
  ).toEqual([0, 1]);
});

test("a reading that fails fails its statement only", async () => {
  const table = new FakeTable();
  table.add([
    ["a", 3],
    ["a", 50],
  ]);
  let failures = 2;
  const flaky: KeyReader = {
    stamp: () => 0,
    coverage: async () => await table.coverage(),
    read: async (ranges) => {
      failures -= 1;
      if (failures >= 0) throw new Error("disk");
      return await table.read(ranges);
    },
  };
  const keys = new TableKeys(AXIS, flaky);
  for (let i = 0; i < 2; i += 1) {
    await expect(keys.reserve(keyRows([["a", 3]]), request({}))).rejects.toThrow("disk");
  }
  expect((await keys.reserve(keyRows([["a", 3]]), request({}))).existing).toHaveLength(1);
});

test("ticks round down, below zero too, and stay within 64 bits", () => {
  expect(tickThrough(AXIS.scale, 1_999_999_999n)).toBe(1n);
  expect(tickThrough(AXIS.scale, -1n)).toBe(-1n);
  expect(tickThrough({ width: 1n, offset: 1n << 63n }, 0n)).toBe(-(1n << 63n));
  expect(tickThrough({ width: 1n, offset: 0n }, 1n << 70n)).toBe((1n << 63n) - 1n);
  const { groups, repeated } = groupKeys(
    keyRows([
      ["a", 5],
      ["b", 1],
      ["a", 5],
      ["a", -2],
    ]),
  );
  expect(groups.map(({ key, ticks }) => [key, [...ticks]])).toEqual([
    ["a", [-2n, 5n]],
    ["b", [1n]],
  ]);
  expect(repeated).toEqual([{ row: 2, first: 0 }]);
});
