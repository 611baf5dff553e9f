/** Every form of date, time and timestamp that we know of, against PostgreSQL itself. */

import { afterAll, beforeAll, describe, test } from "vitest";
import { Oid } from "../../src/types/oids.ts";
import type { TextSettings } from "../../src/types/shape.ts";
import { apply, expectSame, ISO } from "./comparison.ts";
import { type Oracle, openOracle } from "./oracle.ts";

let oracle: Oracle;
beforeAll(async () => {
  oracle = await openOracle();
});
afterAll(() => oracle.close());

const TYPES = {
  date: Oid.date,
  time: Oid.time,
  timestamp: Oid.timestamp,
  timestamptz: Oid.timestamptz,
} as const;

async function same(
  type: keyof typeof TYPES,
  texts: readonly string[],
  settings: TextSettings,
): Promise<void> {
  await apply(oracle, settings);
  await expectSame(oracle, type, TYPES[type], texts, settings);
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
          await same(type, texts, { ...ISO, timeZone, dateStyle: { format: "ISO", order } });
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
  await same("time", TIMES, ISO);
});
