/** Rows of a COPY into an ordinary table: gathered, then checked and applied as an INSERT. */

import { SqlError } from "../../base/errors.ts";
import type { RelationInfo } from "../../compile/plan.ts";
import type { RowBlock } from "../../table/row-block.ts";
import { withContext } from "../../types/copy/context.ts";
import type { Execution } from "../execution.ts";
import { applyChange } from "../plain/apply.ts";
import { columnName, privateTable } from "../plain/physical.ts";
import { relationOf } from "../plain/relation.ts";
import { knownWrites, lockRows, plainWrites } from "../plain/work.ts";
import type { CopyTarget } from "./copy-target.ts";

/**
 * FREEZE means nothing here, where no row is ever frozen; but rows are refused as PostgreSQL does,
 * whose readers would see them too early. @throws SqlError 55000
 */
export function refuseFreeze({ oid }: RelationInfo, { transaction }: Execution): void {
  if (knownWrites(transaction)?.isFresh(oid) === true) return;
  throw new SqlError(
    "55000",
    "cannot perform COPY FREEZE because the table was not created or truncated in the current" +
      " subtransaction",
  );
}

export class PlainTarget implements CopyTarget {
  readonly #info: RelationInfo;
  readonly #execution: Execution;
  readonly #name: string;
  #rows = 0;

  private constructor(info: RelationInfo, execution: Execution, name: string) {
    this.#info = info;
    this.#execution = execution;
    this.#name = name;
  }

  static async open(info: RelationInfo, execution: Execution): Promise<PlainTarget> {
    const { engine, plain } = execution.services;
    const name = plain.privateName();
    const columns = info.columns.map(({ number, typeOid, typmod }) => ({
      columnNumber: number,
      typeOid,
      typmod,
    }));
    await engine.createRowTable(name, columns);
    return new PlainTarget(info, execution, name);
  }

  async add(block: RowBlock): Promise<void> {
    if (block.rows === 0) return;
    this.#rows += block.rows;
    const parts = [{ block, sequence: 1 }];
    await this.#execution.services.engine.appendRows(this.#name, parts, this.#execution.signal);
  }

  async finish(): Promise<number> {
    const execution = this.#execution;
    const relation = relationOf(this.#info.oid, execution);
    const writes = await plainWrites(execution);
    await lockRows(relation, writes, execution);
    writes.beginStatement();
    await writes.settle();
    const staged = {
      relation,
      table: privateTable(this.#name),
      rows: this.#rows,
      identity: undefined,
      newValues: new Map(relation.columns.map(({ number }) => [number, columnName(number)])),
    };
    try {
      await applyChange({ staged, changed: undefined }, execution, writes);
    } catch (cause) {
      throw withContext(cause, `COPY ${this.#info.name}`);
    }
    return 0;
  }

  async close(): Promise<void> {
    await this.#execution.services.engine.dropRowTable(this.#name).catch(() => undefined);
  }
}
