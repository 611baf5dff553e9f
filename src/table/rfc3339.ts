/** Instants as the shared format writes them, exact to the nanosecond. */

const SECOND = 1_000_000_000n;
const PATTERN = new RegExp(
  "^([+-]\\d{4,6}|\\d{4})-(\\d{1,2})-(\\d{1,2})[Tt ]" +
    "(\\d{1,2}):(\\d{1,2}):(\\d{1,2})(?:\\.(\\d+))? ?(Z|z|UTC|[+-]\\d{2}:\\d{2})$",
);

/** Nanoseconds since 1970; digits beyond the ninth are cut. undefined: no such instant. */
export function parseInstant(text: string): bigint | undefined {
  const match = PATTERN.exec(text);
  if (match === null) return undefined;
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const isDate = month >= 1 && month <= 12 && day >= 1 && day <= daysInMonth(year, month);
  if (!isDate || hour > 23 || minute > 59 || second > 59) return undefined;
  const zone = offsetMinutes(match[8] ?? "Z");
  if (zone === undefined) return undefined;
  const minutes = (daysFromCivil(year, month, day) * 24 + hour) * 60 + minute - zone;
  const fraction = BigInt((match[7] ?? "").padEnd(9, "0").slice(0, 9));
  return BigInt(minutes * 60 + second) * SECOND + fraction;
}

/** UTC with 0, 3, 6 or 9 digits of fraction, the fewest that are exact. */
export function formatInstant(nanos: bigint): string {
  const seconds = nanos / SECOND - (nanos % SECOND < 0n ? 1n : 0n);
  const fraction = nanos - seconds * SECOND;
  const days = Math.floor(Number(seconds) / 86_400);
  const rest = Number(seconds) - days * 86_400;
  const { year, month, day } = civilFromDays(days);
  const clock = [Math.floor(rest / 3600), Math.floor(rest / 60) % 60, rest % 60].map(two).join(":");
  return `${formatYear(year)}-${two(month)}-${two(day)}T${clock}${formatFraction(fraction)}Z`;
}

function formatFraction(fraction: bigint): string {
  if (fraction === 0n) return "";
  const digits = String(fraction).padStart(9, "0");
  return `.${digits.replace(/(000|000000)$/, "")}`;
}

function formatYear(year: number): string {
  if (year >= 0 && year <= 9999) return String(year).padStart(4, "0");
  return `${year < 0 ? "-" : "+"}${String(Math.abs(year)).padStart(4, "0")}`;
}

function offsetMinutes(zone: string): number | undefined {
  if (zone === "Z" || zone === "z" || zone === "UTC") return 0;
  const hours = Number(zone.slice(1, 3));
  const minutes = Number(zone.slice(4, 6));
  if (hours > 23 || minutes > 59) return undefined;
  return (zone.startsWith("-") ? -1 : 1) * (hours * 60 + minutes);
}

function two(value: number): string {
  return String(value).padStart(2, "0");
}

function daysInMonth(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return [4, 6, 9, 11].includes(month) ? 30 : 31;
}

/** Proleptic Gregorian; the arithmetic of https://howardhinnant.github.io/date_algorithms.html */
function daysFromCivil(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  const yearOfEra = y - era * 400;
  const leapDays = Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100);
  return era * 146_097 + yearOfEra * 365 + leapDays + dayOfYear - 719_468;
}

function civilFromDays(days: number): { year: number; month: number; day: number } {
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const leapDays =
    Math.floor(dayOfEra / 1460) - Math.floor(dayOfEra / 36_524) + Math.floor(dayOfEra / 146_096);
  const yearOfEra = Math.floor((dayOfEra - leapDays) / 365);
  const beforeYear = 365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100);
  const dayOfYear = dayOfEra - beforeYear;
  const shiftedMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const month = shiftedMonth + (shiftedMonth < 10 ? 3 : -9);
  const day = dayOfYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1;
  return { year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day };
}
