/** What an UPDATE or DELETE found, by segment, and the segments written again for it. */

import { join } from "node:path";
import { assert } from "../base/errors.ts";
import { storedExpression } from "../engine/hot-relations.ts";
import type { StagedSegment } from "../table/items.ts";
import { ORIGINS, type Segment } from "../table/segment.ts";
import { Staging } from "../table/staging.ts";
import { codecOf } from "./codec-option.ts";
import type { Execution } from "./execution.ts";
import type { TstableEntry } from "./tables.ts";

/** How many rows of a segment change. */
export interface TouchedSegment {
  readonly segment: Segment;
  /** By which the row table knows it. */
  readonly number: number;
  readonly rows: number;
  /** Which, where there is no row table. */
  readonly positions?: readonly bigint[];
}

export interface SegmentChanges {
  /** A row table: c1 number of the segment, c2 position of the row, c3... values. */
  readonly relation: string | undefined;
  readonly touched: readonly TouchedSegment[];
  /** Number of a column to the column of `relation` with its new value; undefined: rows go. */
  readonly values: ReadonlyMap<number, string> | undefined;
}

/** Segments written at a time. */
const WRITERS = 2;

/**
 * Segments all of whose rows go are removed without another look. On return everything is durable
 * and given to `keep`; what fails leaves no file.
 */
export async function replaceSegments(
  entry: TstableEntry,
  changes: SegmentChanges,
  execution: Execution,
  keep: (removed: readonly string[], added: readonly StagedSegment[]) => void,
): Promise<void> {
  const { engine } = execution.services;
  const staging = new Staging(entry.table, engine, { signal: execution.signal });
  try {
    const isWhole = ({ segment, rows }: TouchedSegment) => rows === segment.rows;
    const dropped = changes.values === undefined ? changes.touched.filter(isWhole) : [];
    const rest = changes.touched.filter((touched) => !dropped.includes(touched));
    const added: (StagedSegment & { readonly done: Promise<void> })[] = [];
    let next = 0;
    const work = async () => {
      for (;;) {
        const touched = rest[next];
        next += 1;
        if (touched === undefined) return;
        const staged = await writeAgain(entry, changes, touched, staging, execution);
        if (staged !== undefined) added.push(staged);
      }
    };
    const writers = await Promise.allSettled(Array.from({ length: WRITERS }, work));
    for (const writer of writers) if (writer.status === "rejected") throw writer.reason;
    for (const { done } of added) await done;
    keep(
      changes.touched.map(({ segment }) => segment.path),
      added,
    );
    staging.keepSegments(added);
  } finally {
    await staging.removeUnused();
  }
}

async function writeAgain(
  entry: TstableEntry,
  { relation, values }: SegmentChanges,
  { segment, number, positions }: TouchedSegment,
  staging: Staging,
  { services, signal }: Execution,
): Promise<(StagedSegment & { readonly done: Promise<void> }) | undefined> {
  const { meta } = entry.table.snapshot;
  assert(meta.schema !== undefined, "a table with rows has a schema");
  const { key, path } = await staging.newFile();
  const expressions = values && newValues(entry, values);
  await services.engine.changeFile(
    {
      source: join(entry.directory, segment.path),
      target: path,
      columns: meta.schema,
      relation,
      file: number,
      positions,
      values: expressions,
      ...codecOf(entry.definition.compression),
    },
    signal,
  );
  const staged = await staging.take(meta, key, ORIGINS.rewritten);
  return staged && staging.segment(meta, staged);
}

/** SQL by the name that a column has in files. */
function newValues(
  { info, table }: TstableEntry,
  values: ReadonlyMap<number, string>,
): Readonly<Record<string, string>> {
  const { schema } = table.snapshot.meta;
  const found: Record<string, string> = {};
  for (const { number, name, typeOid, typmod } of info.columns) {
    const from = values.get(number);
    if (from === undefined) continue;
    const diskType = schema?.find((field) => field.name === name)?.type;
    const column = { typeOid, typmod, isTime: false, diskName: name };
    found[name] = storedExpression(`change.${from}`, {
      ...column,
      ...(diskType !== undefined && { diskType }),
    });
  }
  return found;
}
