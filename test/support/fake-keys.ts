/** A table of keys for tests: seconds of devices, answering late on demand. */

import { bucketOf } from "../../src/table/buckets.ts";
import { coverageOf } from "../../src/table/coverage.ts";
import { entityKey } from "../../src/table/entities.ts";
import type { KeyAxis } from "../../src/table/entity-keys.ts";
import type { KeyReader } from "../../src/table/key-reader.ts";
import { type KeyRows, rawOfTick } from "../../src/table/key-rows.ts";
import type { KeyRequest } from "../../src/table/keys.ts";
import { runsOf } from "../../src/table/runs.ts";

/** Seconds since 1970 as times, buckets of ten seconds. */
export const AXIS: KeyAxis = {
  kind: { type: "timestamp", count: 10, unit: "Seconds", timezone: undefined },
  scale: { width: 1_000_000_000n, offset: 0n },
};

export type Key = readonly [device: string, second: number];

export function keyRows(keys: readonly Key[]): KeyRows {
  const names = [...new Set(keys.map(([device]) => device))];
  return {
    rows: keys.length,
    entities: names.map((value) => {
      const entity = [{ type: "utf8", value }] as const;
      return { key: entityKey(entity), entity };
    }),
    entityOf: Uint32Array.from(keys, ([device]) => names.indexOf(device)),
    ticks: BigInt64Array.from(keys, ([, second]) => BigInt(second)),
  };
}

export const textOf = ([device, second]: Key) => `${device} ${second}`;

/** A table of keys that answers late, with what was visible when it was asked. */
export class FakeTable implements KeyReader {
  readonly visible = new Map<string, { readonly key: Key; count: number }>();
  reads = 0;
  #stamp = 0;
  readonly #delay: () => Promise<void>;

  constructor(delay: () => Promise<void> = async () => {}) {
    this.#delay = delay;
  }

  stamp(): number {
    return this.#stamp;
  }

  add(keys: readonly Key[]): void {
    for (const key of keys) {
      const known = this.visible.get(textOf(key));
      if (known === undefined) this.visible.set(textOf(key), { key, count: 1 });
      else known.count += 1;
    }
  }

  /** Somebody else changes the table. */
  change(act: () => void): void {
    act();
    this.#stamp += 1;
  }

  async coverage() {
    const keys = [...this.visible.values()].map(({ key }) => key);
    await this.#delay();
    return coverageOf(
      [...new Set(keys.map(([device]) => device))].map((value) => ({
        entity: [{ type: "utf8", value }] as const,
        runs: runsOf(
          keys
            .filter(([device]) => device === value)
            .map(([, second]) => {
              const bucket = bucketOf(AXIS.kind, rawOfTick(AXIS.scale, BigInt(second)));
              return [bucket, bucket] as const;
            }),
        ),
      })),
    );
  }

  async read(ranges: Parameters<KeyReader["read"]>[0]) {
    this.reads += 1;
    const keys = [...this.visible.values()].map(({ key }) => key);
    await this.#delay();
    const isWanted = ([device, second]: Key) =>
      ranges.some(
        ({ entity, min, max }) =>
          entityKey(entity) === device &&
          BigInt(second) * 1_000_000_000n >= min &&
          BigInt(second) * 1_000_000_000n <= max,
      );
    return keyRows(keys.filter(isWanted));
  }
}

/** What a plain set of the keys that are there says. */
export function modelOf(
  keys: readonly Key[],
  there: ReadonlySet<string>,
  policy: KeyRequest["policy"],
) {
  const outcome = { fresh: [] as number[], existing: [] as number[], repeated: [] as unknown[] };
  const first = new Map<string, number>();
  for (const [row, key] of keys.entries()) {
    const before = first.get(textOf(key));
    if (policy === "allow") outcome.fresh.push(row);
    else if (before !== undefined) outcome.repeated.push({ row, first: before });
    else {
      first.set(textOf(key), row);
      (there.has(textOf(key)) ? outcome.existing : outcome.fresh).push(row);
    }
  }
  const isRefused =
    policy === "reject" && (outcome.existing.length > 0 || outcome.repeated.length > 0);
  const inserted = isRefused ? [] : outcome.fresh.map((row) => keys[row] as Key);
  return { outcome, inserted };
}
