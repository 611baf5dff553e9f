/** Pages of rows whose memory is given back to be written again. */

import { expect, test } from "vitest";
import { PagedRows, type RowBatch } from "../../src/session/row-source.ts";
import { encodeDataRows } from "../../src/types/data-row.ts";
import { Oid } from "../../src/types/oids.ts";
import { randomFrom as random, seedOf } from "../support/random.ts";
import { ISO } from "../types/comparison.ts";

const COLUMNS = [{ typeOid: Oid.int4, format: 0 as const }];
const BATCHES = 40;

test("memory goes back once, when the last of the pages in it has, and not before", async () => {
  const next = random(seedOf("paged-rows"));
  let made = 0;
  let rowsMade = 0;
  const given = new Map<number, number>();
  const source = {
    next: async (): Promise<RowBatch | undefined> => {
      if (made === BATCHES) return undefined;
      made += 1;
      const id = made;
      const rows = 1 + Math.floor(next() * 12);
      const values = Array.from({ length: rows }, (_, i) => [rowsMade + i]);
      rowsMade += rows;
      const bytes = encodeDataRows(values, COLUMNS, ISO);
      const giveBack = () => {
        given.set(id, (given.get(id) ?? 0) + 1);
        bytes.fill(0);
      };
      return { bytes, rows, giveBack };
    },
    cancel: () => undefined,
    close: async () => undefined,
  };
  const pages = new PagedRows(source);
  const held: RowBatch[] = [];
  let rowsSeen = 0;
  const release = (page: RowBatch) => {
    for (
      let at = 0;
      at < page.bytes.length;
      at += 1 + new DataView(page.bytes.buffer).getInt32(page.bytes.byteOffset + at + 1)
    ) {
      expect(page.bytes[at]).toBe(0x44);
    }
    page.giveBack?.();
  };
  while (!pages.isFinished) {
    for await (const page of pages.take(1 + Math.floor(next() * 7))) {
      rowsSeen += page.rows;
      held.push(page);
    }
    if (next() < 0.5) for (const page of held.splice(Math.floor(next() * 3))) release(page);
  }
  for (const page of held) release(page);
  expect(rowsSeen).toBe(rowsMade);
  expect([...given.values()]).toEqual(new Array(BATCHES).fill(1));
});
