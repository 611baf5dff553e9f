/** What a measurement is: two sides timed in turn, their medians, a ratio and the goal beside it. */

export type Goal = { readonly atMost: number } | { readonly atLeast: number };

export interface Measurement {
  readonly name: string;
  readonly unit: "ms" | "rows/s" | "MB" | "kB";
  readonly ours: number | undefined;
  /** What `theirs` is: another program, or pgtide itself in an easier case. */
  readonly against: string;
  readonly theirs: number | undefined;
  readonly goal?: Goal;
  /** Why a side is missing, or what else one must know. */
  readonly note?: string;
}

export function ratio(measured: Measurement): number | undefined {
  const { ours, theirs } = measured;
  return ours === undefined || theirs === undefined ? undefined : ours / theirs;
}

/** undefined: no goal, or not measured. */
export function isMet(measured: Measurement): boolean | undefined {
  const value = ratio(measured);
  if (measured.goal === undefined || value === undefined) return undefined;
  return "atMost" in measured.goal ? value <= measured.goal.atMost : value >= measured.goal.atLeast;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle];
  const lower = sorted[sorted.length % 2 === 1 ? middle : middle - 1];
  if (upper === undefined || lower === undefined) throw new Error("median of nothing");
  return (upper + lower) / 2;
}

/** One side of a pair: answers how long it took, in milliseconds. */
export type Side = () => Promise<number>;

export interface Pair {
  readonly ours: number | undefined;
  readonly theirs: number | undefined;
  readonly note?: string;
}

/**
 * Medians of two sides run in turn, the first first in even rounds, so that both meet the same noise.
 * A side that is absent or fails leaves its half empty; the other is measured all the same.
 */
export async function inTurn(
  rounds: number,
  ours: Side,
  theirs: Side | undefined,
  warmUp = true,
): Promise<Pair> {
  const times: Record<"ours" | "theirs", number[]> = { ours: [], theirs: [] };
  const failures: Partial<Record<"ours" | "theirs", string>> = {};
  const once = async (who: "ours" | "theirs", side: Side | undefined, isKept: boolean) => {
    if (side === undefined || failures[who] !== undefined) return;
    try {
      const ms = await side();
      if (isKept) times[who].push(ms);
    } catch (error) {
      failures[who] = error instanceof Error ? error.message : String(error);
    }
  };
  for (let round = warmUp ? -1 : 0; round < rounds; round++) {
    const order = round % 2 === 0 ? (["ours", "theirs"] as const) : (["theirs", "ours"] as const);
    for (const who of order) await once(who, who === "ours" ? ours : theirs, round >= 0);
  }
  const half = (who: "ours" | "theirs") =>
    failures[who] === undefined && times[who].length > 0 ? median(times[who]) : undefined;
  const note = Object.entries(failures).map(([who, failure]) => `${who} failed: ${failure}`);
  const pair = { ours: half("ours"), theirs: half("theirs") };
  return note.length === 0 ? pair : { ...pair, note: note.join("; ") };
}

/** Milliseconds for `rows` as rows a second. */
export function asRate(pair: Pair, rows: number): Pair {
  const rate = (ms: number | undefined) => (ms === undefined ? undefined : (1000 * rows) / ms);
  return { ...pair, ours: rate(pair.ours), theirs: rate(pair.theirs) };
}
