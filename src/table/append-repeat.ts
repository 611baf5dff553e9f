/** An append that says by which key it may be known, and what it did when it is said again. */

import type { AppendedFile } from "./append-report.ts";
import type { Snapshot, VersionRecord } from "./snapshot.ts";

/** The version that the key was committed with. */
export function versionOfKey(snapshot: Snapshot, key: string): VersionRecord | undefined {
  const { versions } = snapshot.history;
  return versions.findLast(
    ({ idempotencyKey, version }) => idempotencyKey === key && version <= snapshot.version,
  );
}

/** What the version's commit reported, as far as the log remembers it. */
export function filesOfVersion(snapshot: Snapshot, { version }: VersionRecord): AppendedFile[] {
  const added = snapshot.history.segments.filter(({ addedIn }) => addedIn === version);
  return added.map(({ path, rows, sizeBytes, min, max, own, layout }) => ({
    file: own.origin ?? path,
    action: "copied",
    segment: path,
    rows,
    rowsSkipped: 0,
    bytes: sizeBytes ?? 0,
    min: min.raw,
    max: max.raw,
    entities: layout.kind === "Mixed" ? (own.identities ?? 0) : 1,
    buckets: BigInt(own.buckets ?? 0),
    overlapBuckets: 0n,
    version,
  }));
}
