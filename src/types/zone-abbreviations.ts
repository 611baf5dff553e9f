/** The abbreviations ("EST") that DateStyles other than ISO print and that input may name. */

import { SqlError } from "../base/errors.ts";
import { offsetText, type Zone } from "./time-zones.ts";

/** What PostgreSQL prints after a local time when DateStyle is not ISO. */
export function abbreviationAt(zone: Zone, utcSeconds: number, offset: number): string {
  if (typeof zone === "number") return offsetText(zone);
  if (/^(Etc\/)?(UTC|UCT|Universal|Zulu)$/i.test(zone)) return "UTC";
  if (/^(Etc\/)?(GMT|Greenwich)([+-]?0)?$/i.test(zone)) return "GMT";
  const name = AMERICAN_ZONES.has(zone) && utcSeconds >= 0 ? american(zone, utcSeconds) : undefined;
  if (name !== undefined) return name;
  throw new SqlError(
    "0A000",
    `the abbreviation of time zone "${zone}" is not known for this DateStyle`,
    { detail: `The offset is ${offsetText(offset)}.`, hint: "SET datestyle TO ISO." },
  );
}

/** For these Intl's short names are the zone database's. */
const AMERICAN_ZONES: ReadonlySet<string> = new Set([
  "America/New_York",
  "America/Chicago",
  "America/Denver",
  "America/Los_Angeles",
  "US/Eastern",
  "US/Central",
  "US/Mountain",
  "US/Pacific",
]);

const formats = new Map<string, Intl.DateTimeFormat>();

function american(zone: string, utcSeconds: number): string | undefined {
  let format = formats.get(zone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat("en-US", { timeZone: zone, timeZoneName: "short" });
    formats.set(zone, format);
  }
  const parts = format.formatToParts(utcSeconds * 1000);
  const name = parts.find((part) => part.type === "timeZoneName")?.value;
  return name !== undefined && /^[A-Z]{3,4}$/.test(name) ? name : undefined;
}
