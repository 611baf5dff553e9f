/** What must become of a table's rows when more come, by grain, key and policy: rows as a list. */

export interface Row {
  /** Minutes into the day. */
  readonly minute: number;
  readonly device: string;
  readonly v: number;
}

export type Policy = "reject" | "skip" | "replace" | "allow";

export interface Rules {
  readonly grain: "auto" | "bucket" | "row";
  readonly hasKey: boolean;
  readonly policy: Policy;
}

export interface Arrival {
  readonly rows: readonly Row[];
  readonly isFile: boolean;
  /** The statement's word. */
  readonly stated: Policy | undefined;
  /** The session's. */
  readonly session: Policy | undefined;
}

/** The rows afterwards, or the SQLSTATE of the refusal. */
export type Outcome = readonly Row[] | string;

function keyOf({ minute, device }: Row): string {
  return `${device} ${minute}`;
}

export function bucketOf({ minute, device }: Row): string {
  return `${device} ${Math.floor(minute / 60)}`;
}

export function arrived(before: readonly Row[], rules: Rules, arrival: Arrival): Outcome {
  const { grain, hasKey } = rules;
  const { rows, isFile, stated, session } = arrival;
  const policy = stated ?? session ?? rules.policy;
  if (isFile) {
    if (hasKey && policy === "allow") return "0A000";
    if (grain === "row") return byUnit(before, rows, policy, keyOf);
    if (hasKey && hasTwins(rows)) return "23505";
    return byBucket(before, rows, policy);
  }
  if (grain === "bucket") {
    const after = byBucket(before, rows, policy);
    if (!hasKey || typeof after === "string") return after;
    const added = after.filter((row) => rows.includes(row));
    const kept = byUnit(
      after.filter((row) => !rows.includes(row)),
      added,
      policy === "skip" ? "skip" : "reject",
      keyOf,
    );
    return kept;
  }
  if (hasKey || grain === "row") {
    return byUnit(before, rows, hasKey && policy === "allow" ? "reject" : policy, keyOf);
  }
  return stated === undefined ? [...before, ...rows] : byBucket(before, rows, stated);
}

function hasTwins(rows: readonly Row[]): boolean {
  return new Set(rows.map(keyOf)).size < rows.length;
}

/** Rows of one statement are one thing. */
function byBucket(before: readonly Row[], rows: readonly Row[], policy: Policy): Outcome {
  const covered = new Set(before.map(bucketOf));
  const given = new Set(rows.map(bucketOf));
  switch (policy) {
    case "allow":
      return [...before, ...rows];
    case "reject":
      return [...given].some((bucket) => covered.has(bucket)) ? "23P01" : [...before, ...rows];
    case "skip":
      return [...before, ...rows.filter((row) => !covered.has(bucketOf(row)))];
    case "replace":
      return [...before.filter((row) => !given.has(bucketOf(row))), ...rows];
  }
}

/** Rows come one after the other. */
function byUnit(
  before: readonly Row[],
  rows: readonly Row[],
  policy: Policy,
  unitOf: (row: Row) => string,
): Outcome {
  let after = before;
  for (const row of rows) {
    const isThere = after.some((other) => unitOf(other) === unitOf(row));
    if (isThere && policy === "reject") return "23505";
    if (isThere && policy === "skip") continue;
    if (policy === "replace") after = after.filter((other) => unitOf(other) !== unitOf(row));
    after = [...after, row];
  }
  return after;
}
