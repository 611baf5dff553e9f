/** Intervals in four styles, against PostgreSQL itself. */

import { afterAll, beforeAll, test } from "vitest";
import { Oid } from "../../src/types/oids.ts";
import type { TextSettings } from "../../src/types/shape.ts";
import { randomFrom as random, seedOf } from "../support/random.ts";
import { apply, expectSame, ISO } from "./comparison.ts";
import { type Oracle, openOracle } from "./oracle.ts";

let oracle: Oracle;
beforeAll(async () => {
  oracle = await openOracle();
});
afterAll(() => oracle.close());

async function same(texts: readonly string[], settings: TextSettings): Promise<void> {
  await apply(oracle, settings);
  await expectSame(oracle, "interval", Oid.interval, texts, settings);
}

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
    await same(INTERVALS, { ...ISO, intervalStyle });
  });

  test(`random intervals print as in PostgreSQL in style ${intervalStyle}`, async () => {
    const next = random(seedOf(`intervals ${intervalStyle}`));
    const part = (size: number) => (next() < 0.4 ? 0 : Math.floor((next() - 0.5) * 2 * size));
    const texts = Array.from({ length: 1500 }, () => {
      const clock = `${part(200)} hours ${part(200)} min ${(part(9e7) / 1e6).toFixed(6)} secs`;
      return `${part(40)} years ${part(30)} mons ${part(60)} days ${clock}`;
    });
    await same(texts, { ...ISO, intervalStyle });
  });
}
