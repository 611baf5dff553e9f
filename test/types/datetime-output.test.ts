/** Random dates, times and moments in zones and styles, against PostgreSQL itself. */

import { afterAll, beforeAll, describe, test } from "vitest";
import { Oid } from "../../src/types/oids.ts";
import type { TextSettings } from "../../src/types/shape.ts";
import { randomFrom as random, seedOf } from "../support/random.ts";
import { apply, expectSame, ISO } from "./comparison.ts";
import { type Oracle, openOracle } from "./oracle.ts";
import { randomStamps } from "./random-stamps.ts";

let oracle: Oracle;
beforeAll(async () => {
  oracle = await openOracle();
});
afterAll(() => oracle.close());

const TYPES = {
  date: Oid.date,
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
    await same("timestamptz", stamps, { ...ISO, timeZone: "Africa/Casablanca" });
  });

  for (const timeZone of ZONES) {
    test(`random local times in ${timeZone} read and print as in PostgreSQL`, async () => {
      const next = random(seedOf(`zone ${timeZone}`));
      await same("timestamptz", randomStamps(next, 2000), { ...ISO, timeZone });
    });

    test(`random moments print in ${timeZone} as in PostgreSQL`, async () => {
      const next = random(seedOf(`moments ${timeZone}`));
      const texts = randomStamps(next, 2000).map((text) => `${text}+00`);
      await same("timestamptz", texts, { ...ISO, timeZone });
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
    await same("timestamptz", texts, { ...ISO, timeZone: "America/New_York" });
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
        await same("timestamp", [...stamps, ...more], settings);
        await same("date", [...stamps, ...more, "5874897-12-31"], settings);
        await same("timestamptz", [...stamps, ...more], settings);
        const recent = stamps.filter((stamp) => stamp > "1970-01-02" && stamp < "2037");
        await same("timestamptz", recent, { ...settings, timeZone: "America/New_York" });
      });
    }
  }
});
