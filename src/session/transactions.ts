/**
 * Transactions that DuckDB decides: each leaves its number in a table beside the ordinary tables,
 * so that what happened can be read back, also after a crash.
 */

import { log } from "../base/telemetry.ts";
import { corrupt, decodeNewEntry } from "../catalog/entry.ts";
import type { CatalogJournal } from "../catalog/journal.ts";
import type { Engine } from "../engine/remote.ts";
import type { RunStatement } from "../engine/request.ts";
import type { Intake } from "../table/intake.ts";
import { Oid } from "../types/oids.ts";
import type { Shape } from "../types/shape.ts";

/** Numbers kept in the table: only the newest transactions can be in doubt. */
const NUMBERS_KEPT = 1000;
const INT8: Shape = { typeOid: Oid.int8, typmod: -1, representation: { kind: "plain" } };

export class Transactions {
  readonly #engine: Engine;
  #last: number;

  private constructor(engine: Engine, last: number) {
    this.#engine = engine;
    this.#last = last;
  }

  static async open(engine: Engine): Promise<Transactions> {
    await engine.run({
      statements: [{ sql: "CREATE TABLE IF NOT EXISTS plain.main.txn (n BIGINT)" }],
    });
    const [found] = await engine.run({
      statements: [{ sql: "SELECT coalesce(max(n), 0) FROM plain.main.txn", shapes: [INT8] }],
    });
    return new Transactions(engine, Number(found?.rows[0]?.[0] ?? 0));
  }

  next(): number {
    this.#last += 1;
    return this.#last;
  }

  /** Part of the DuckDB transaction that decides. */
  mark(txn: number): readonly RunStatement[] {
    return [
      { sql: `DELETE FROM plain.main.txn WHERE n < ${txn - NUMBERS_KEPT}` },
      { sql: `INSERT INTO plain.main.txn VALUES (${txn})` },
    ];
  }

  async hasHappened(txn: number): Promise<boolean> {
    const sql = `SELECT count(*) FROM plain.main.txn WHERE n = ${txn}`;
    const [found] = await this.#engine.run({ statements: [{ sql, shapes: [INT8] }] });
    return found?.rows[0]?.[0] === 1n;
  }

  /** At start: what was prepared happens whole or not at all, its journal entry included. */
  async settle(intake: Intake, journal: CatalogJournal): Promise<void> {
    for (const { txn, extra, sequence } of intake.recoveredTransactions) {
      this.#last = Math.max(this.#last, txn);
      const isDecided = sequence !== undefined || (await this.hasHappened(txn));
      if (!isDecided) {
        await intake.abandonRecovered(txn);
        log("info", "a transaction that was under way did not happen", { txn });
        continue;
      }
      if (sequence === undefined) await intake.decideRecovered(txn);
      const found = extra.length === 0 ? undefined : decodeNewEntry(extra);
      const known = journal.entries().length;
      if (found !== undefined && found.number > known) {
        // An older copy of the journal: the entries between would get each other's numbers.
        if (found.number > known + 1) throw corrupt(known + 1, "Its file is missing.");
        await journal.append(found.entry);
      }
      intake.finish(txn);
      log("info", "a transaction that was under way has happened", { txn });
    }
  }
}
