/** The closed table put together from its chapters. */

import type { Chapter } from "../closed-table.ts";
import { aggregates } from "./aggregates.ts";
import { arithmetic } from "./arithmetic.ts";
import { arrays } from "./arrays.ts";
import { casts } from "./casts.ts";
import { comparison } from "./comparison.ts";
import { datetime } from "./datetime.ts";
import { identifiers } from "./identifiers.ts";
import { json } from "./json.ts";
import { math } from "./math.ts";
import { numeric } from "./numeric.ts";
import { pattern } from "./pattern.ts";
import { sets } from "./sets.ts";
import { text } from "./text.ts";
import { timeBucket } from "./time-bucket.ts";
import { windows } from "./windows.ts";

export const chapters: readonly Chapter[] = [
  comparison,
  arithmetic,
  numeric,
  math,
  text,
  pattern,
  casts,
  datetime,
  timeBucket,
  arrays,
  json,
  identifiers,
  aggregates,
  windows,
  sets,
];

export interface SupportedSignature {
  readonly kind: "function" | "aggregate" | "window" | "set" | "cast";
  /** As in pg_proc: `round(numeric,int4)`; of a cast `text->int4`, `*` for any source. */
  readonly signature: string;
}

/** Everything the table can compute, in order of kind and name. */
export function supportedSignatures(): readonly SupportedSignature[] {
  const kinds = [
    ["function", "functions"],
    ["aggregate", "aggregates"],
    ["window", "windows"],
    ["set", "sets"],
    ["cast", "casts"],
  ] as const;
  return kinds.flatMap(([kind, part]) =>
    chapters
      .flatMap((chapter) => Object.keys(chapter[part] ?? {}))
      .sort()
      .map((signature) => ({ kind, signature })),
  );
}
