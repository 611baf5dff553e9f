/** An append that repeats covered buckets, told as PostgreSQL tells of a violated constraint. */

import { SqlError } from "../base/errors.ts";
import type { CoverageOverlapError } from "../table/error.ts";
import { encodeText } from "../types/codec.ts";
import type { TextSettings } from "../types/shape.ts";
import type { SqlValue } from "../types/value.ts";
import { segmentName } from "./store-relations.ts";
import type { TstableEntry } from "./tables.ts";
import { valueOfRaw } from "./time-axis.ts";

export function overlapError(
  cause: CoverageOverlapError,
  entry: TstableEntry,
  text: TextSettings,
): SqlError {
  const { count, first } = cause.overlap;
  const { info } = entry;
  const buckets = count === 1n ? "1 covered bucket" : `${count} covered buckets`;
  const time = (raw: bigint) => {
    const value: SqlValue = valueOfRaw(entry.axis, raw);
    return value === null ? "" : encodeText(value, entry.axis.typeOid, text);
  };
  const entity = entry.entityColumns.map(({ name }, index) => {
    const component = first.entity[index];
    const value = component?.type === "utf8" ? `'${component.value}'` : String(component?.value);
    return `${name} = ${value}, `;
  });
  const unpublished =
    first.otherFile === undefined
      ? "already in rows not yet published"
      : `also in file ${first.otherFile}`;
  const place =
    first.segment === undefined
      ? unpublished
      : `already in segment ${segmentName({ path: first.segment })} (version ${first.version})`;
  const file = first.file === undefined ? "" : ` File: ${first.file}.`;
  return new SqlError("23P01", `append to "${info.name}" overlaps ${buckets}`, {
    detail:
      `First: ${entity.join("")}bucket [${time(first.min)}, ${time(first.max + 1n)}), ${place}.` +
      file,
    hint: first.file === undefined ? ROWS_HINT : FILES_HINT,
    schema: info.schema,
    table: info.name,
    constraint: `${info.name}_coverage_excl`,
    cause,
  });
}

const FILES_HINT =
  "Use ON OVERLAP SKIP, REPLACE or ALLOW, or append only what is missing: see coverage_gaps.";
const ROWS_HINT =
  "Set tstable.on_overlap (in COPY: OVERLAP) to skip, replace or allow, or use GRAIN ROW.";
