/** Pruning loses nothing, keeps nothing it could exclude, and looks at little. */

import fc from "fast-check";
import { expect, test } from "vitest";
import type { Entity } from "../../src/table/entities.ts";
import type { Action, Commit, EntityLayout } from "../../src/table/format.ts";
import { type PruneQuery, prune } from "../../src/table/pruning.ts";
import type { EntityValue } from "../../src/table/segment-files.ts";
import { fold, type Snapshot, segmentsOf } from "../../src/table/snapshot.ts";
import { field } from "../support/tables.ts";

interface Planned {
  readonly min: bigint;
  readonly max: bigint;
  readonly entities: readonly Entity[];
  readonly isListed: boolean;
  /** Version that removes it, from the next one on. */
  readonly removedAfter: number | undefined;
}

const text = (value: string): EntityValue => ({ type: "utf8", value });

function commitOf(version: number, actions: readonly Action[]): Commit {
  return { version, timestamp: "2026-01-01T00:00:00Z", actions, own: {} };
}

const CREATE: Action = {
  kind: "update-meta",
  meta: {
    index: { column: "at", entityColumns: ["x", "y"], kind: { type: "int64", width: 1n } },
    schema: [field("at", "Int64"), field("x", "Utf8"), field("y", "Utf8")],
    createdAt: "2026-01-01T00:00:00Z",
    extra: {},
  },
};

function adding(path: string, { min, max, entities, isListed }: Planned): Action {
  const [only] = entities;
  const layout: EntityLayout =
    entities.length === 1 && only !== undefined
      ? { kind: "Single", entity: only }
      : { kind: "Mixed" };
  const isNamed = layout.kind === "Mixed" && isListed;
  return {
    kind: "add-segment",
    segment: {
      path,
      layout,
      min: { type: "int64", raw: min },
      max: { type: "int64", raw: max },
      rows: 1,
      sizeBytes: undefined,
      coveragePath: undefined,
      own: isNamed ? { entities } : {},
    },
  };
}

const instant = fc.bigInt({ min: -6n, max: 6n });
const entity = fc.tuple(fc.constantFrom("a", "b"), fc.constantFrom("p", "q", "r"));
const planned = fc.record({
  bounds: fc.tuple(instant, instant),
  entities: fc.uniqueArray(entity, { minLength: 1, maxLength: 3, selector: (e) => e.join() }),
  isListed: fc.boolean(),
  removedAfter: fc.option(fc.integer({ min: 0, max: 3 }), { nil: undefined }),
});
const query = fc.record({
  min: fc.option(instant, { nil: undefined }),
  max: fc.option(instant, { nil: undefined }),
  x: fc.option(fc.uniqueArray(fc.constantFrom("a", "b", "z")), { nil: undefined }),
  y: fc.option(fc.uniqueArray(fc.constantFrom("p", "q")), { nil: undefined }),
});

function ordered(a: bigint, b: bigint): { readonly min: bigint; readonly max: bigint } {
  const [min, max] = [a, b].sort((x, y) => Number(x - y)) as [bigint, bigint];
  return { min, max };
}

function build(list: readonly Planned[]): readonly Snapshot[] {
  const snapshots = [fold(undefined, [commitOf(1, [CREATE])])];
  for (const [i, segment] of list.entries()) {
    const gone = list.flatMap((other, at) =>
      at < i && other.removedAfter === i - at - 1
        ? [{ kind: "remove-segment", path: `s${at}` } as const]
        : [],
    );
    const before = snapshots.at(-1);
    snapshots.push(fold(before, [commitOf(i + 2, [...gone, adding(`s${i}`, segment)])]));
  }
  return snapshots;
}

test("a segment is kept exactly when it may hold a matching row, in every version", () => {
  fc.assert(
    fc.property(fc.array(planned, { maxLength: 9 }), query, fc.nat(), (raw, asked, pick) => {
      const list: readonly Planned[] = raw.map(({ bounds: [a, b], entities, ...rest }) => ({
        ...rest,
        ...ordered(a, b),
        entities: entities.map((parts) => parts.map(text)),
      }));
      const snapshots = build(list);
      const snapshot = snapshots[pick % snapshots.length] as Snapshot;
      const conditions = [asked.x, asked.y].flatMap((values, component) =>
        values === undefined ? [] : [{ component, anyOf: values.map(text) }],
      );
      const wanted: PruneQuery = { min: asked.min, max: asked.max, entities: conditions };
      const live = new Set(
        list.flatMap(({ removedAfter }, i) => {
          const removedIn =
            removedAfter === undefined ? Number.POSITIVE_INFINITY : i + removedAfter + 3;
          return i + 2 <= snapshot.version && snapshot.version < removedIn ? [`s${i}`] : [];
        }),
      );
      expect(new Set(segmentsOf(snapshot).map(({ path }) => path))).toEqual(live);
      const expected = list.flatMap((segment, i) => {
        const isUnknown = segment.entities.length > 1 && !segment.isListed;
        const mayMatch =
          live.has(`s${i}`) &&
          (asked.min === undefined || asked.max === undefined || asked.min <= asked.max) &&
          (asked.min === undefined || segment.max >= asked.min) &&
          (asked.max === undefined || segment.min <= asked.max) &&
          (isUnknown ||
            segment.entities.some((identity) =>
              conditions.every(({ component, anyOf }) =>
                anyOf.some(({ value }) => value === identity[component]?.value),
              ),
            ));
        return mayMatch ? [`s${i}`] : [];
      });
      expect(
        prune(snapshot, wanted)
          .map(({ path }) => path)
          .sort(),
      ).toEqual(expected.sort());
    }),
    { numRuns: 3000 },
  );
});

test("bounds that no double tells apart are still told apart", () => {
  const near = (1n << 60n) + 1n;
  const one = (at: bigint) => ({
    min: at,
    max: at,
    entities: [[text("a"), text("p")]],
    isListed: true,
    removedAfter: undefined,
  });
  const snapshot = build([one(near - 1n), one(near), one(near + 1n)]).at(-1) as Snapshot;
  expect(prune(snapshot, { min: near, max: near }).map(({ path }) => path)).toEqual(["s1"]);
  expect(prune(snapshot, { min: near + 2n })).toEqual([]);
});

test("a fold that fails leaves the snapshot and its index as they were", () => {
  const segment = {
    min: 0n,
    max: 1n,
    entities: [[text("a"), text("p")]],
    isListed: true,
    removedAfter: undefined,
  };
  const [, snapshot] = build([segment]) as [Snapshot, Snapshot];
  const bad = commitOf(3, [
    { kind: "remove-segment", path: "s0" },
    adding("s1", segment),
    adding("s2", { ...segment, min: 5n }),
  ]);
  expect(() => fold(snapshot, [bad])).toThrow("impossible bounds");
  expect(prune(snapshot, {}).map(({ path }) => path)).toEqual(["s0"]);
  const next = fold(snapshot, [commitOf(3, [adding("s3", segment)])]);
  expect(
    prune(next, {})
      .map(({ path }) => path)
      .sort(),
  ).toEqual(["s0", "s3"]);
});
