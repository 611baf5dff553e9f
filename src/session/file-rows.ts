/**
 * Rows of files that repeat a key (entity, time): of the table, or of each other. Only the key
 * columns are read, and of the table only the segments near such files.
 */

import { join } from "node:path";
import { assert } from "../base/errors.ts";
import { quoteText } from "../engine/quoting.ts";
import { boundShape } from "../engine/stored-expressions.ts";
import { keyRowsOf } from "../table/block-keys.ts";
import type { HotRange } from "../table/hot-storage.ts";
import type { LookFile, RowLook, RowRepeats } from "../table/row-look.ts";
import type { Segment } from "../table/segment.ts";
import type { PendingReplace } from "../table/segment-changes.ts";
import type { WorldLease } from "../table/world.ts";
import { codecOf } from "./codec-option.ts";
import type { Execution } from "./execution.ts";
import { type RepeatPolicy, repeatedKey } from "./repeated-rows.ts";
import {
  INT4,
  INT8,
  keyColumns,
  newRelation,
  numberedColumns,
  sameKey,
  takeOut,
} from "./replaced-rows.ts";
import type { TstableEntry } from "./tables.ts";
import { workOf } from "./work.ts";

export class FileRows implements RowLook {
  readonly #entry: TstableEntry;
  readonly #policy: Exclude<RepeatPolicy, "allow">;
  readonly #replace: PendingReplace | undefined;
  readonly #execution: Execution;

  /** `replace`: what takes rows of the table out; undefined under other policies, or to look only. */
  constructor(
    entry: TstableEntry,
    policy: Exclude<RepeatPolicy, "allow">,
    replace: PendingReplace | undefined,
    execution: Execution,
  ) {
    this.#entry = entry;
    this.#policy = policy;
    this.#replace = replace;
    this.#execution = execution;
  }

  async look(files: readonly LookFile[]): Promise<RowRepeats> {
    const { intake, engine } = this.#execution.services;
    const relation = newRelation();
    const lease = await intake.lease([this.#entry.info.oid]);
    const close = async () => {
      lease.release();
      await engine.dropRowTable(relation);
    };
    try {
      const given = await this.#given(files);
      const near = await this.#near(files, lease);
      const counts = await this.#count(relation, files.length, given, near);
      const isRefused = this.#policy === "reject" && counts.some((count) => count > 0);
      if (isRefused) throw await this.#refusal(relation, given, files);
      const isReplacing = await this.#takeOut(given, near?.segments ?? []);
      return {
        counts,
        isReplacing,
        writeWithout: async (at, target) => await this.#write(relation, files[at], at, target),
        close,
      };
    } catch (cause) {
      await close();
      throw cause;
    }
  }

  /** Their keys as columns c<n>, number of the file f, position r. */
  async #given(files: readonly LookFile[]): Promise<string> {
    const paths = files.map(({ path }) => path);
    const columns = numberedColumns(this.#entry, keyColumns(this.#entry));
    const { engine } = this.#execution.services;
    const bound = await engine.bindTable(columns, paths, [], { identity: true });
    const names = columns.map(({ name }) => name).join(", ");
    const type = `ENUM(${paths.map(quoteText).join(", ")})`;
    const number = `CAST(enum_code(CAST(pgtide_file AS ${type})) AS INTEGER)`;
    return `(SELECT ${names}, ${number} AS f, pgtide_row AS r FROM ${bound})`;
  }

  /** What of the table may have their keys. */
  async #near(
    files: readonly LookFile[],
    lease: WorldLease,
  ): Promise<{ readonly segments: readonly Segment[]; readonly sql: string } | undefined> {
    const { engine } = this.#execution.services;
    const { items } = await workOf(this.#execution);
    const view = lease.view(this.#entry.info.oid, items);
    const segments = new Set<Segment>();
    const hot = new Map<string, HotRange>();
    for (const { near } of files) {
      if (near === undefined) continue;
      for (const segment of await view.prune(near)) segments.add(segment);
      for (const range of await view.hot(near)) hot.set(JSON.stringify(range), range);
    }
    if (segments.size + hot.size === 0) return undefined;
    const numbers = keyColumns(this.#entry);
    const columns = numberedColumns(this.#entry, numbers);
    const paths = [...segments].map(({ path }) => join(this.#entry.directory, path));
    const ranges = [...hot.values()];
    const sql = await engine.bindTable(columns, paths, ranges, { keys: numbers });
    return { segments: [...segments], sql };
  }

  /** Fills the relation with the rows that must not go in: c1 file, c2 position. */
  async #count(
    relation: string,
    files: number,
    given: string,
    near: { readonly sql: string } | undefined,
  ): Promise<readonly number[]> {
    const keys = keyColumns(this.#entry).map((number) => `c${number}`);
    const order = this.#policy === "replace" ? "DESC" : "ASC";
    const twins =
      `SELECT f, r FROM (SELECT f, r, row_number() OVER (PARTITION BY ${keys.join(", ")}` +
      ` ORDER BY f ${order}, r ${order}) AS k FROM ${given} AS n SEMI JOIN` +
      ` (SELECT ${keys.join(", ")} FROM ${given} GROUP BY ALL HAVING count(*) > 1) AS t` +
      ` ON ${sameKey(this.#entry, "n", "t")}) WHERE k > 1`;
    const there =
      near === undefined || this.#policy === "replace"
        ? ""
        : ` UNION SELECT n.f, n.r FROM ${given} AS n SEMI JOIN ${near.sql} AS t` +
          ` ON ${sameKey(this.#entry, "n", "t")}`;
    const all = `SELECT f AS c1, r AS c2 FROM (${twins}${there})`;
    const statements = [
      { sql: `CREATE TABLE memory.main.${relation} AS ${all}` },
      {
        sql: `SELECT c1, count(*) FROM memory.main.${relation} GROUP BY c1`,
        shapes: [INT4, INT8],
      },
    ];
    const { services, signal } = this.#execution;
    const results = await services.engine.run({ statements }, signal);
    const counts = new Array<number>(files).fill(0);
    for (const [file, count] of results[1]?.rows ?? []) counts[Number(file)] = Number(count);
    return counts;
  }

  async #refusal(relation: string, given: string, files: readonly LookFile[]): Promise<Error> {
    const { services, settings, signal } = this.#execution;
    const { engine, intake } = services;
    const { info } = this.#entry;
    const numbers = keyColumns(this.#entry);
    const columns = numbers.flatMap(
      (one) => info.columns.find(({ number }) => number === one) ?? [],
    );
    const first = `SELECT c1, c2 FROM memory.main.${relation} ORDER BY c1, c2 LIMIT 1`;
    const shapes = columns.map(boundShape);
    const request = {
      sql:
        `SELECT ${numbers.map((number) => `n.c${number}`).join(", ")}, n.f FROM ${given} AS n` +
        ` JOIN (${first}) AS x ON n.f = x.c1 AND n.r = x.c2`,
      parameters: [],
      rowsRelations: [],
      shapes: [...shapes, INT4],
      formats: [...shapes, INT4].map(() => 1 as const),
      text: settings.text,
      isSmall: false,
    };
    const block = await engine.collect(request, [...columns, INT4], 1, signal);
    assert(block !== undefined && block.rows === 1, "a repeated row was not found again");
    const { keys } = intake.table(info.oid).attachment;
    const rows = keyRowsOf(block, {
      time: { column: 0, type: keys.time.type },
      entities: keys.entities.map(({ type }, at) => ({ column: at + 1, type })),
    });
    const number = block.columns[numbers.length]?.data;
    const at = number === undefined ? 0 : Buffer.from(number).readInt32LE(0);
    return repeatedKey(this.#entry, rows, 0, this.#execution, files[at]?.source);
  }

  async #takeOut(given: string, segments: readonly Segment[]): Promise<boolean> {
    if (this.#replace === undefined || segments.length === 0) return false;
    const { check } = this.#replace;
    const entry = this.#entry;
    const columns = numberedColumns(entry, keyColumns(entry));
    const paths = segments.map(({ path }) => join(entry.directory, path));
    const { engine } = this.#execution.services;
    const there = await engine.bindTable(columns, paths, [], { identity: true });
    const places =
      `SELECT t.pgtide_file, t.pgtide_row FROM ${there} AS t` +
      ` SEMI JOIN ${given} AS n ON ${sameKey(entry, "t", "n")}`;
    let isReplacing = false;
    const work = await workOf(this.#execution);
    await takeOut(entry, places, segments, work, this.#execution, (touched) => {
      check(touched.map(({ path }) => path));
      isReplacing = true;
      return Promise.resolve();
    });
    return isReplacing;
  }

  async #write(
    relation: string,
    file: LookFile | undefined,
    at: number,
    target: string,
  ): Promise<void> {
    const { table, definition } = this.#entry;
    const { schema } = table.snapshot.meta;
    assert(file !== undefined && schema !== undefined, "a file that nobody has looked at");
    const { services, signal } = this.#execution;
    const codec = codecOf(definition.compression);
    const change = { relation, file: at, values: undefined, ...codec };
    const request = { source: file.path, target, columns: schema, ...change };
    await services.engine.changeFile(request, signal);
  }
}
