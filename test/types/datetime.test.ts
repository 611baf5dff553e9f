/** Dates, times and intervals against PostgreSQL itself. */

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { decodeText, encodeText } from "../../src/types/codec.ts";
import { Oid } from "../../src/types/oids.ts";
import type { TextSettings } from "../../src/types/shape.ts";
import { type Oracle, openOracle, ours, random, seedOf } from "./oracle.ts";

let oracle: Oracle;
beforeAll(async () => {
  oracle = await openOracle();
});
afterAll(() => oracle.close());

const ISO: TextSettings = {
  timeZone: "UTC",
  dateStyle: { format: "ISO", order: "MDY" },
  intervalStyle: "postgres",
  extraFloatDigits: 1,
  byteaOutput: "hex",
};

const TYPES = {
  date: Oid.date,
  time: Oid.time,
  timestamp: Oid.timestamp,
  timestamptz: Oid.timestamptz,
  interval: Oid.interval,
} as const;

async function apply(settings: TextSettings): Promise<void> {
  await oracle.set("TimeZone", String(settings.timeZone));
  await oracle.set("DateStyle", `${settings.dateStyle.format}, ${settings.dateStyle.order}`);
  await oracle.set("IntervalStyle", settings.intervalStyle);
}

async function expectSame(
  type: keyof typeof TYPES,
  texts: readonly string[],
  settings: TextSettings,
): Promise<void> {
  await apply(settings);
  const expected = await oracle.throughType(type, texts);
  const actual = texts.map((text) =>
    ours(() => encodeText(decodeText(text, TYPES[type], settings), TYPES[type], settings)),
  );
  const pairs = (answers: readonly string[]) => texts.map((t, i) => `${t} → ${answers[i]}`);
  const differ = texts.flatMap((_, i) => (expected[i] === actual[i] ? [] : [i]));
  expect(differ.map((i) => pairs(actual)[i])).toEqual(differ.map((i) => pairs(expected)[i]));
}

const STAMPS = `2024-01-01 00:00:00
2024-01-01
2024-01-01T00:00:00Z
2024-01-01T00:00:00.123456789Z
2024-01-01 00:00+00
2024-01-01 00:00:00 +00:00
2024-01-01 00:00:00+05:30
2024-01-01 00:00:00-0830
2024-01-01 00:00:00+5
2024-01-01 00:00:00+05:30:15
2024-01-01 00:00:00+16
2024-01-01 00:00:00+15:59:59
2024-01-01 00:00:00+10:60
20240101
20240101T123456
20240101 123456.789
20240101T1234
20240101T123456Z
20240101T123456+0530
20240101 123456-05
240101
2024001
2024.060
2024-060
Jan 1 2024
January 1, 2024 12:34 PM
1 January 2024 3:04:05 am
2024-Jan-08
Jan-08-2024
08-Jan-2024
08-Jan-24
24-Jan-08
1/2/2024
1-2-2024
13/2/2024
1.2.2024
1/2/24
99-01-02
70-01-02
69-01-02
2024-02-29
2023-02-29
2024-13-01
2024-00-10
2024-01-32
2024-1-1 1:2:3
2024-01-01 24:00:00
2024-01-01 24:00:01
2024-01-01 23:59:60
2024-01-01 23:59:60.5
2024-01-01 23:60:00
2024-01-01 25:00
2024-01-01 12:00 am
2024-01-01 12:00 PM
2024-01-01 13:00 pm
2024-01-01 00:00:00.999999999
2024-01-01 00:00:00.0000005
2024-01-01 00:00:00.0000015
epoch
infinity
-infinity
+infinity
inf
today 
Infinity
44-03-15 BC
0044-03-15 BC
4714-11-24 BC
4714-11-23 BC
4713-01-01 00:00:00 BC
0000-01-01
0001-01-01
0001-12-31 BC
10000-01-01
294246-12-31 23:59:59.999999
20240101 250000
20240101 246000
240101 235960
99999-01-01
5874897-12-31
5874898-01-01
J2451187
J2451187.5
JD 2451187
julian 0
2024-01-01 00:00:00 America/New_York
2024-07-01 00:00:00 america/new_york
2024-07-01 00:00:00 Nowhere/City
2024-07-01 00:00:00 nowhere
2024-07-01 00:00:00 EST
2024-07-01 00:00:00 EDT
2024-07-01 00:00:00 PST
2024-07-01 00:00:00 CET
2024-07-01 00:00:00 GMT
2024-07-01 00:00:00 UTC
2024-07-01 00:00:00 utc+3
2024-07-01 00:00:00 z
2024-07-01 00:00:00 IST
2024-07-01 00:00:00 Asia/Kolkata
2024-07-01 allballs
allballs
2024-07-01 at 12:00
Mon Jan 01 12:00:00 2024
Mon Jan 01 12:00:00 2024 PST
Mon Jan 01 12:00:00.5 2024 UTC
Thu Feb 29 2024
Jan 1 00:00:00 2024 EST
2024-01-01 t 12:00
t 12:00
2024-01-01T
2024-01-01 12
2024-01-01 1234
2024-01-01 12:
2024-01-01 :12
2024-01-01 12:34:
2024-01-01 12::34
2024-01-01 1:2
2024-01-01 12:34.5
2024-01-01 12:34:56:78
2024-01-01 12:34:56.78.9
2024-01-01 a
2024-01-01 00:00:00 foo/bar
2024-01-01 2024-01-02
2024-01-01 12:00 13:00
12:00 2024-01-01
2024/01/01
2024/01-01
2024-01
2024
01
x

   
;
2024-01-01;
(2024-01-01)
2024-01-01 00:00:00,5
2024-01-01 00:00:00 BC
2024-01-01 00:00:00+00 BC
2024-01-01 AD
Feb 30 2024
Sept 5 2024
5 sept 2024
Tuesday 2024-01-02
y 2024
2024 Jan 5
2024-01-01 00:00:00.
2024-01-01 00:00:00.1234567890123456789
2024-01-01 +1
+1
-1
12345678
123456
1234567
12345
1234
99999999999
2024-99999999999-01
2024-01-01 99999999999:00
2024-01-01 00:00:00+99999999999
1e5
2024-01-01é
2024-01-01 00:00:00 MSK+1
DST
MET DST
yesterday now
now now
today 12:00 foo`.split("\n");

describe("texts", () => {
  for (const timeZone of ["UTC", "America/New_York", "Asia/Kolkata"]) {
    for (const order of ["MDY", "DMY", "YMD"] as const) {
      for (const type of ["date", "timestamp", "timestamptz"] as const) {
        test(`every form of ${type} reads as in PostgreSQL under ${order} in ${timeZone}`, async () => {
          const texts = STAMPS.filter((text) => !/^(today|yesterday|now)/.test(text));
          await expectSame(type, texts, { ...ISO, timeZone, dateStyle: { format: "ISO", order } });
        });
      }
    }
  }
});

const TIMES = `12:34:56
12:34
123456
1234
12:34:56.789
12:34:56.7890123
24:00:00
24:00:01
23:59:60
12:34 PM
12:34 am
13:34 pm
allballs
t123456
t 12:34
2024-01-01 12:34:56
12:34:56+03
12:34:56 UTC
12:34:56 EST
12:34:56 z
12:34 BC
25:00
12
x
12:34:56 x
04:05:06.789-8
040506-08
040506+0730
12:34:56.
235960
250000`.split("\n");

test("every form of time reads as in PostgreSQL", async () => {
  await expectSame("time", TIMES, ISO);
});

const INTERVALS = `1 day
1 year 2 months 3 days 4 hours 5 minutes 6 seconds
1 year 2 mons -3 days +04:05:06.7
1 mon -1 days
1-2
-1-2
+1-2
1-12
1-2 3 4:05:06
-1-2 +3 -4:05:06
1 2:03:04
1 02:03:04
-1 02:03:04
@ 1 day ago
@ 1 year 2 mons ago
1 day ago 2
ago
P1Y2M3DT4H5M6S
P1Y2M3DT4H5M6.789S
P1DT2H
PT0S
P1W
P-1Y-2M
P1.5Y
P1.5M
P1.5D
P0001-02-03T04:05:06
P00010203T040506
P1Y2
P
PT
PT1
PT1:2:3
PT1.5H
P1YT
T1H
1.5 years
1.5 months
1.5 weeks
1.5 days
-1.5 days
1.5 hours
1.5 minutes
1.5
1.5 seconds
.5 seconds
0.0000015 seconds
1 microsecond
1 microseconds
1 us
1 millisecond
1.5 ms
1 week
1 decade
1 century
1 millennium
1 quarter
1 d 2 h 3 m 4 s
1d2h
1 day 1 day
1 2 days
3 4 hours
3 hours 4
1 hour 30
12:34
12:34:56.789
100000:00:00
-12:34:56
+12:34:56
12:34 56
12:34.5
1 day 12:34:56
1 day -12:34:56
infinity
-infinity
infinity ago
1 day infinity
0
00:00
1e3
1 x
x

10000000000 days
2147483647 days
2147483648 days
178956970 years 7 mons
178956970 years 8 mons
9223372036854775807 microseconds
9223372036854775808 microseconds
-178956970 years -8 mons
2562047788:00:54.775807
1 year -1 mon
-1 year 1 mon
1 day -00:00:00.5
-1 day 00:00:00.5
-00:00:00.5
0.5 us
999999999999 hours`.split("\n");

const INTERVAL_STYLES = ["postgres", "postgres_verbose", "sql_standard", "iso_8601"] as const;

for (const intervalStyle of INTERVAL_STYLES) {
  test(`every form of interval reads and prints as in PostgreSQL in style ${intervalStyle}`, async () => {
    await expectSame("interval", INTERVALS, { ...ISO, intervalStyle });
  });

  test(`random intervals print as in PostgreSQL in style ${intervalStyle}`, async () => {
    const next = random(seedOf(`intervals ${intervalStyle}`));
    const part = (size: number) => (next() < 0.4 ? 0 : Math.floor((next() - 0.5) * 2 * size));
    const texts = Array.from({ length: 1500 }, () => {
      const clock = `${part(200)} hours ${part(200)} min ${(part(9e7) / 1e6).toFixed(6)} secs`;
      return `${part(40)} years ${part(30)} mons ${part(60)} days ${clock}`;
    });
    await expectSame("interval", texts, { ...ISO, intervalStyle });
  });
}

/** Moments near the changes of the last two centuries are found by chance often enough. */
function randomStamps(next: () => number, count: number): string[] {
  const dates = Array.from({ length: count }, () => {
    const era = next();
    const from = era < 0.4 ? 1970 : era < 0.8 ? 1850 : era < 0.9 ? 2000 : 1;
    const until = era < 0.4 ? 2040 : era < 0.8 ? 1980 : era < 0.9 ? 2600 : 9999;
    const year = from + Math.floor(next() * (until - from));
    const at = Date.UTC(2000, 0, 1) + Math.floor(next() * 366 * 86_400_000);
    const rest = new Date(at).toISOString().slice(4, 19).replace("T", " ");
    const isLeap = new Date(Date.UTC(year, 1, 29)).getUTCMonth() === 1;
    return String(year).padStart(4, "0") + (isLeap ? rest : rest.replace("-02-29", "-02-28"));
  });
  return dates.map((date) => (next() < 0.3 ? `${date}.${Math.floor(next() * 1e6)}` : date));
}

const ZONES = [
  "UTC",
  "America/New_York",
  "Europe/London",
  "Europe/Berlin",
  "Asia/Kolkata",
  "Australia/Lord_Howe",
  "America/Sao_Paulo",
  "Asia/Tehran",
  "Pacific/Apia",
  "Asia/Kathmandu",
];

describe("zones", () => {
  test("a zone with two changes a year weeks apart reads and prints as in PostgreSQL", async () => {
    const next = random(seedOf("Casablanca"));
    const stamps = randomStamps(next, 3000).filter((stamp) => stamp < "2026"); // decided later
    await expectSame("timestamptz", stamps, { ...ISO, timeZone: "Africa/Casablanca" });
  });

  for (const timeZone of ZONES) {
    test(`random local times in ${timeZone} read and print as in PostgreSQL`, async () => {
      const next = random(seedOf(`zone ${timeZone}`));
      await expectSame("timestamptz", randomStamps(next, 2000), { ...ISO, timeZone });
    });

    test(`random moments print in ${timeZone} as in PostgreSQL`, async () => {
      const next = random(seedOf(`moments ${timeZone}`));
      const texts = randomStamps(next, 2000).map((text) => `${text}+00`);
      await expectSame("timestamptz", texts, { ...ISO, timeZone });
    });
  }

  test("every quarter of an hour around the changes of 2024 in New York reads as in PostgreSQL", async () => {
    const texts: string[] = [];
    for (const start of ["2024-03-10", "2024-11-03"]) {
      for (let minutes = 0; minutes < 300; minutes += 15) {
        const at = new Date(`${start}T00:00:00Z`).getTime() + minutes * 60_000;
        texts.push(new Date(at).toISOString().slice(0, 19));
        texts.push(new Date(at + 5 * 3_600_000).toISOString());
      }
    }
    await expectSame("timestamptz", texts, { ...ISO, timeZone: "America/New_York" });
  });
});

describe("date styles", () => {
  for (const format of ["ISO", "SQL", "Postgres", "German"] as const) {
    for (const order of ["MDY", "DMY", "YMD"] as const) {
      test(`dates, timestamps and moments print as in PostgreSQL in ${format}, ${order}`, async () => {
        const next = random(seedOf(`style ${format} ${order}`));
        const settings: TextSettings = { ...ISO, dateStyle: { format, order } };
        const stamps = randomStamps(next, 500);
        const more = ["0044-03-15 01:02:03.5 BC", "12345-06-07", "infinity", "-infinity"];
        await expectSame("timestamp", [...stamps, ...more], settings);
        await expectSame("date", [...stamps, ...more, "5874897-12-31"], settings);
        await expectSame("timestamptz", [...stamps, ...more], settings);
        const recent = stamps.filter((stamp) => stamp > "1970-01-02" && stamp < "2037");
        await expectSame("timestamptz", recent, { ...settings, timeZone: "America/New_York" });
      });
    }
  }
});
