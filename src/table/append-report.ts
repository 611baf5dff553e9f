/** What an append decided about each file: as the log tells it, and as the user is told. */

import { type Coverage, countPairs, NO_COVERAGE, unite, withoutPairs } from "./coverage.ts";
import type { SegmentMeta, TableMeta } from "./format.ts";
import type { StagedFile } from "./stage.ts";

/** Identities are listed in the log itself up to this many. */
const ENTITIES_NAMED_MAX = 32;

export interface AppendedFile {
  readonly file: string;
  readonly action: "copied" | "rewritten" | "replaced" | "skipped";
  /** Path in the table; undefined when skipped or for a dry run. */
  readonly segment: string | undefined;
  /** Rows now in the table, and rows left out because their buckets are covered. */
  readonly rows: number;
  readonly rowsSkipped: number;
  readonly bytes: number;
  /** Raw index values; undefined: no rows. */
  readonly min: bigint | undefined;
  readonly max: bigint | undefined;
  readonly entities: number;
  readonly buckets: bigint;
  readonly overlapBuckets: bigint;
  readonly version: number | undefined;
}

/** What the plan decided about one file; `staged` undefined: it adds nothing. */
export interface Decision {
  readonly source: string;
  readonly staged: StagedFile | undefined;
  /** The file as staged first, for what is reported. */
  readonly original: StagedFile | undefined;
  readonly overlapBuckets: bigint;
  /** What of the file as staged first was covered already. */
  readonly covered: Coverage;
  /** It takes the place of what is covered. */
  readonly isReplacing?: boolean;
}

export function segmentMeta(
  staged: StagedFile,
  { index }: TableMeta,
  coveragePath: string,
): SegmentMeta {
  const { coverage } = staged;
  const [first] = coverage;
  const isMixed = coverage.length > 1;
  const layout =
    index.entityColumns.length === 0 || first === undefined
      ? ({ kind: "NotApplicable" } as const)
      : isMixed
        ? ({ kind: "Mixed" } as const)
        : ({ kind: "Single", entity: first.entity } as const);
  const origin = staged.source.slice(staged.source.lastIndexOf("/") + 1);
  return {
    path: staged.key,
    layout,
    min: { type: index.kind.type, raw: staged.min },
    max: { type: index.kind.type, raw: staged.max },
    rows: staged.rows,
    sizeBytes: staged.sizeBytes,
    coveragePath,
    own: {
      origin,
      columns: staged.columnsId,
      ...(isMixed && { identities: coverage.length }),
      buckets: Number(countPairs(coverage)),
      ...(isMixed &&
        coverage.length <= ENTITIES_NAMED_MAX && {
          entities: coverage.map(({ entity }) => entity),
        }),
    },
  };
}

export function report(decision: Decision, version: number | undefined): AppendedFile {
  const { source, staged, original, overlapBuckets } = decision;
  const rows = staged?.rows ?? 0;
  return {
    file: source,
    action: actionOf(decision),
    segment: version === undefined ? undefined : staged?.key,
    rows,
    rowsSkipped: (original?.rows ?? 0) - rows,
    bytes: staged?.sizeBytes ?? 0,
    min: staged?.min,
    max: staged?.max,
    entities: staged?.coverage.length ?? 0,
    buckets: staged === undefined ? 0n : countPairs(staged.coverage),
    overlapBuckets,
    version: staged === undefined ? undefined : version,
  };
}

function actionOf({ staged, isReplacing }: Decision): AppendedFile["action"] {
  if (staged === undefined) return "skipped";
  if (isReplacing === true) return "replaced";
  return staged.wasRewritten ? "rewritten" : "copied";
}

/** Buckets, by entity, that the table did not have before. */
export function newCells(decisions: readonly Decision[]): Coverage {
  return decisions.reduce<Coverage>(
    (sum, { original, covered }) =>
      original === undefined ? sum : unite(sum, withoutPairs(original.coverage, covered)),
    NO_COVERAGE,
  );
}
