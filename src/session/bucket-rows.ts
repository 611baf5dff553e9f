/**
 * Rows of one statement where a statement may not repeat buckets that are covered: refused, left
 * out, or put in their place. Rows of the same statement may share buckets.
 */

import { coverageOfBlock, rowsOutside } from "../table/block-buckets.ts";
import { claimBuckets, coverageNow, emptyBuckets } from "../table/claimed-buckets.ts";
import { type Coverage, NO_COVERAGE, overlapOf, unite, withoutPairs } from "../table/coverage.ts";
import { CoverageOverlapError } from "../table/error.ts";
import { factsOf } from "../table/overlap.ts";
import type { RowBlock } from "../table/row-block.ts";
import type { PendingReplace } from "../table/segment-changes.ts";
import { claimantOf, whenFree } from "./bucket-claims.ts";
import type { Execution } from "./execution.ts";
import { overlapError } from "./overlap-message.ts";
import { chosenPolicy, type RepeatPolicy } from "./repeated-rows.ts";
import { concurrentChange, lockSegments, settleRows } from "./settle-rows.ts";
import { takeWorld } from "./statement-world.ts";
import type { TstableEntry } from "./tables.ts";
import { workOf } from "./work.ts";

export class BucketRows {
  readonly #entry: TstableEntry;
  readonly #policy: Exclude<RepeatPolicy, "allow">;
  readonly #execution: Execution;
  /** Of all rows so far. */
  #given: Coverage = NO_COVERAGE;
  /** What of it was covered before. */
  #covered: Coverage = NO_COVERAGE;

  private constructor(
    entry: TstableEntry,
    policy: Exclude<RepeatPolicy, "allow">,
    execution: Execution,
  ) {
    this.#entry = entry;
    this.#policy = policy;
    this.#execution = execution;
  }

  /** undefined: rows may repeat buckets. `stated`: what the statement says. */
  static of(
    entry: TstableEntry,
    stated: RepeatPolicy | undefined,
    execution: Execution,
  ): BucketRows | undefined {
    if (!mayRepeatNone(entry, stated)) return undefined;
    const policy = chosenPolicy(entry, stated, execution);
    return policy === "allow" ? undefined : new BucketRows(entry, policy, execution);
  }

  /** The numbers of the rows that go in, once `finish` has succeeded; undefined: all. */
  async take(block: RowBlock): Promise<Uint32Array | undefined> {
    const { keys } = this.#hot.attachment;
    const coverage = coverageOfBlock(block, keys, this.#kind);
    const more = withoutPairs(coverage, this.#given);
    this.#given = unite(this.#given, more);
    if (this.#policy !== "skip") return undefined;
    const claimed = await this.#claim(more);
    this.#covered = unite(this.#covered, claimed.covered);
    claimed.giveBack(withoutPairs(more, claimed.covered));
    if (overlapOf(this.#covered, coverage) === undefined) return undefined;
    return rowsOutside(this.#covered, block, keys, this.#kind);
  }

  /** After all rows, before any of them becomes part of the transaction. @throws SqlError 23P01 */
  async finish(): Promise<void> {
    if (this.#policy === "skip" || this.#given.length === 0) return;
    const { covered } = await this.#claim(this.#given);
    if (covered.length === 0) return;
    if (this.#policy === "reject") throw await this.#refusal(covered);
    const replace = await bucketReplacement(this.#entry, this.#execution);
    await replace.settle();
    const { items } = await workOf(this.#execution);
    const { signal } = this.#execution;
    await emptyBuckets(this.#hot, items, covered, { check: replace.check, signal });
  }

  get #hot() {
    return this.#execution.services.intake.table(this.#entry.info.oid);
  }

  get #kind() {
    return this.#entry.table.snapshot.meta.index.kind;
  }

  async #claim(wanted: Coverage): Promise<{
    readonly covered: Coverage;
    readonly giveBack: (part: Coverage) => void;
  }> {
    const hot = this.#hot;
    const claimant = await claimantOf(this.#execution);
    const giveBack = await whenFree(this.#entry, this.#execution, () =>
      claimBuckets(hot, claimant, wanted),
    );
    await hot.table.refresh();
    const covered = overlapOf(await coverageNow(hot, claimant.own), wanted)?.pairs;
    return { covered: covered ?? NO_COVERAGE, giveBack };
  }

  async #refusal(covered: Coverage): Promise<Error> {
    const { table } = this.#entry;
    const overlap = overlapOf(covered, covered);
    if (overlap === undefined) throw new Error("no bucket is covered");
    const found = { source: undefined, overlap, earlier: [] };
    const facts = await factsOf(table, table.snapshot, [found]);
    const { text } = this.#execution.settings;
    return overlapError(new CoverageOverlapError(facts), this.#entry, text);
  }
}

/** Rows follow keys, unless the table or the statement says buckets. */
function mayRepeatNone(
  { definition, rowKey }: TstableEntry,
  stated: RepeatPolicy | undefined,
): boolean {
  if (definition.grain !== "auto") return definition.grain === "bucket";
  return stated !== undefined && rowKey === undefined;
}

/** What replacing covered buckets needs of a transaction. */
export async function bucketReplacement(
  entry: TstableEntry,
  execution: Execution,
): Promise<PendingReplace> {
  const work = await workOf(execution);
  let known: ReadonlySet<string> | undefined;
  return {
    settle: async () => {
      await lockSegments(entry, work, execution);
      await settleRows(entry, work, execution);
      if (execution.transaction.keepsOneWorld) known = await knownSegments(entry, execution);
    },
    check: (removed) => {
      const isKnown = known === undefined || removed.every((path) => known?.has(path));
      if (!isKnown) throw concurrentChange(entry);
    },
  };
}

async function knownSegments(
  entry: TstableEntry,
  execution: Execution,
): Promise<ReadonlySet<string>> {
  const world = await takeWorld([entry.info.oid], execution);
  try {
    const segments = world.view(entry).segments();
    return new Set(segments.map(({ path }) => path));
  } finally {
    world.release();
  }
}
