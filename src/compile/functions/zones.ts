/**
 * Time zones named in a call: DuckDB's names are PostgreSQL's, but it knows neither offsets nor
 * abbreviations.
 */

import { SqlError } from "../../base/errors.ts";
import { Oid } from "../../types/oids.ts";
import { resolveZone } from "../../types/time-zones.ts";
import type { Interval, SqlValue } from "../../types/value.ts";
import { abbreviatedZone } from "../../types/zone-abbreviations.ts";
import type { CallContext } from "../closed-table.ts";
import { quoteLiteral, type Sql } from "../expression.ts";
import { refuse } from "../refusals.ts";
import { toPlain, toUtc } from "../representations.ts";
import { constantText } from "./rules.ts";

const UTC_NAMES = /^(?:utc|gmt|etc\/utc|etc\/gmt|zulu|etc\/zulu|universal|etc\/universal|z)$/i;

/** What `AT TIME ZONE` names: UTC itself, an IANA name, or a fixed offset east of Greenwich. */
export type NamedZone =
  | { readonly kind: "utc" }
  | { readonly kind: "name"; readonly name: string }
  | { readonly kind: "offset"; readonly micros: bigint };

/** @throws SqlError 22023 for an unknown zone, 0A000 for one that is not constant. */
export function namedZone(zone: Sql, context: CallContext): NamedZone {
  if (zone.shape.typeOid === Oid.interval) return intervalZone(zone.constant);
  const name = constantText(zone);
  if (name === undefined) return refuse("a time zone that is not a literal");
  if (UTC_NAMES.test(name)) return { kind: "utc" };
  // abbreviations come first: CET is one hour east, not a zone with summer time
  const found = abbreviatedZone(name, context.timeZone) ?? resolveZone(name);
  if (typeof found === "number") return { kind: "offset", micros: BigInt(found) * 1_000_000n };
  if (found !== undefined) return { kind: "name", name: found };
  throw new SqlError("22023", `time zone "${name}" not recognized`);
}

function intervalZone(value: SqlValue | undefined): NamedZone {
  if (typeof value !== "object" || value === null || !("kind" in value)) {
    return refuse("a time zone that is not a literal");
  }
  const { months, days, micros } = value as Interval;
  if (months !== 0 || days !== 0) {
    throw new SqlError("22023", "interval time zone must not include months or days");
  }
  return { kind: "offset", micros };
}

/** timestamptz → local TIMESTAMP of the zone. */
export function toZone(value: Sql, zone: NamedZone): string {
  if (zone.kind === "utc") return toUtc(value).text;
  if (zone.kind === "offset") return `(${toUtc(value).text} + to_microseconds(${zone.micros}))`;
  return `timezone(${quoteLiteral(zone.name)}, ${toPlain(value).text})`;
}

/** Local TIMESTAMP of the zone → timestamptz, as text and whether it is in UTC already. */
export function fromZone(
  local: string,
  zone: NamedZone,
): { readonly text: string; readonly isUtc: boolean } {
  if (zone.kind === "utc") return { text: local, isUtc: true };
  if (zone.kind === "offset")
    return { text: `(${local} - to_microseconds(${zone.micros}))`, isUtc: true };
  return { text: `timezone(${quoteLiteral(zone.name)}, ${local})`, isUtc: false };
}
