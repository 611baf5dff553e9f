/** Bytes of the write-ahead log that change or go missing: never taken for its end. */

import { join } from "node:path";
import { expect, test } from "vitest";
import {
  closedLog,
  FOLDER,
  machine,
  numberOf,
  numbersOrDamage,
  openOn,
  SIZES,
} from "../support/log-records.ts";

test("no changed bit of a closed log goes unnoticed or changes an answer", async () => {
  const sizes = [10, 0, 30, 7];
  const name = await closedLog(machine(), sizes);
  const template = machine();
  await closedLog(template, sizes);
  const bytes = template.peek(name);
  const answers = { damage: 0, whole: 0 };
  for (let bit = 0; bit < bytes.length * 8; bit += 1) {
    const files = machine();
    const changed = Uint8Array.from(bytes);
    changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7));
    files.place(name, changed);
    const found = await numbersOrDamage(files);
    if (found !== "damage") expect(found, `bit ${bit}`).toEqual([0, 1, 2, 3]);
    answers[found === "damage" ? "damage" : "whole"] += 1;
  }
  // Only the mark that closes the log may be damaged without harm.
  expect(answers.whole).toBe(23 * 8);
});

test("damage of a log in several files and blocks is noticed, in each of its sectors", async () => {
  const template = machine();
  await closedLog(template, [...SIZES, ...SIZES]);
  const names = template.names(FOLDER).toSorted();
  expect(names.length).toBeGreaterThan(3);
  const expected = [...SIZES, ...SIZES].map((_, number) => number);
  let unnoticed = 0;
  for (const damaged of names) {
    const size = template.peek(join(FOLDER, damaged)).length;
    for (let from = 0; from < size; from += 512) {
      const files = machine();
      for (const name of names) {
        const bytes = Uint8Array.from(template.peek(join(FOLDER, name)));
        if (name === damaged) bytes.fill(0, from, from + 512);
        files.place(join(FOLDER, name), bytes);
      }
      const found = await numbersOrDamage(files);
      if (found === "damage") continue;
      // The very last sector holds the closing mark and with it the last record's end.
      expect(damaged).toBe(names.at(-1));
      expect(from).toBeGreaterThanOrEqual(size - 1024);
      expect(found).toEqual(expected.slice(0, found.length));
      unnoticed += 1;
    }
  }
  expect(unnoticed).toBeLessThanOrEqual(2);
});

test("a shortened last file gives a prefix, any other is damage, and so is a missing one", async () => {
  const template = machine();
  await closedLog(template, [...SIZES, ...SIZES]);
  const names = template.names(FOLDER).toSorted();
  const expected = [...SIZES, ...SIZES].map((_, number) => number);
  for (const shortened of names) {
    const size = template.peek(join(FOLDER, shortened)).length;
    const steps = Math.ceil(size / 300);
    for (let step = -1; step < steps; step += 1) {
      const files = machine();
      for (const name of names) {
        const bytes = Uint8Array.from(template.peek(join(FOLDER, name)));
        if (name !== shortened) files.place(join(FOLDER, name), bytes);
        else if (step >= 0) files.place(join(FOLDER, name), bytes.subarray(0, step * 300));
      }
      const found = await numbersOrDamage(files);
      if (shortened === names.at(-1)) expect(found).toEqual(expected.slice(0, found.length));
      else expect(found, `${shortened} cut to ${step * 300}`).toBe("damage");
    }
  }
});

test("rows that look like the log's own bytes are rows", async () => {
  const files = machine();
  const name = await closedLog(files, [10, 20, 30]);
  const image = Uint8Array.from(files.peek(name));
  const { log } = await openOn(files);
  const position = await log.append(image, { isSynced: true });
  files.damage(name, (bytes) => bytes.subarray(0, position + 7 + image.length - 1));
  const { records } = await openOn(files);
  expect(records.map(({ payload }) => numberOf(payload))).toEqual([0, 1, 2]);
});
