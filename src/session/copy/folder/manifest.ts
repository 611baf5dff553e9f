/**
 * What an INCREMENTAL export remembers in its folder: which segments it has seen, and which files
 * it has written. The next one writes the folders anew whose times other segments touch.
 */

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { errnoOf } from "../../../storage/error.ts";
import type { TableView } from "../../../table/table-view.ts";
import { timeOfPath } from "./folder-names.ts";
import { joined, type Levels, type PeriodRange, periodOf, periodOfParts } from "./periods.ts";

/** Readers of folders pass over names that begin so. */
export const MANIFEST = "_pgtide_export.json";

/** What was exported then, in terms of the table. */
export interface Seen {
  /** Path, first and last raw time. */
  readonly segments: readonly (readonly [string, string, string])[];
  /** First and last raw time of rows that were in no segment. */
  readonly hot: readonly [string, string] | null;
}

export interface Manifest extends Seen {
  /** Table, columns and options: of another one nothing can be kept. */
  readonly of: string;
  /** Relative to the folder. */
  readonly files: readonly string[];
}

/** undefined: there is none. */
export async function readManifest(folder: string): Promise<Manifest | undefined> {
  let text: string;
  try {
    text = await readFile(join(folder, MANIFEST), "utf8");
  } catch (cause) {
    if (errnoOf(cause) === "ENOENT") return undefined;
    throw cause;
  }
  try {
    return checked(JSON.parse(text));
  } catch (cause) {
    if (cause instanceof SyntaxError) return undefined;
    throw cause;
  }
}

function checked(value: unknown): Manifest | undefined {
  const manifest = value as Partial<Manifest> | null;
  const isWhole =
    typeof manifest?.of === "string" &&
    Array.isArray(manifest.files) &&
    Array.isArray(manifest.segments) &&
    manifest.hot !== undefined;
  return isWhole ? (manifest as Manifest) : undefined;
}

export function seenIn(view: TableView): Seen {
  const hot = view.hotBounds();
  return {
    segments: view
      .segments()
      .map(({ path, min, max }) => [path, String(min.raw), String(max.raw)] as const),
    hot: hot === undefined ? null : [String(hot.min), String(hot.max)],
  };
}

/** Periods whose rows may differ. Rows that were or are in no segment may have changed. */
export function changedPeriods(before: Seen, now: Seen, levels: Levels): readonly PeriodRange[] {
  const paths = (seen: Seen) => new Set(seen.segments.map(([path]) => path));
  const [old, current] = [paths(before), paths(now)];
  const bounds = [
    ...before.segments.filter(([path]) => !current.has(path)),
    ...now.segments.filter(([path]) => !old.has(path)),
  ].map(([, min, max]) => [min, max] as const);
  const hot = [before.hot, now.hot].filter((range) => range !== null);
  return joined(
    [...bounds, ...hot].map(([min, max]) => ({
      first: periodOf(BigInt(min), levels),
      last: periodOf(BigInt(max), levels),
    })),
  );
}

/** Whether a file is of one of the periods, or of rows without a time, which are always read. */
export function isOfPeriods(file: string, ranges: readonly PeriodRange[], levels: Levels): boolean {
  const parts = timeOfPath(file, levels);
  if (parts === undefined) return true;
  const period = periodOfParts(parts);
  return ranges.some(({ first, last }) => period >= first && period <= last);
}
