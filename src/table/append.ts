/**
 * Files into a table: staged, checked against the schema and against each other, and published as
 * one version, whatever their number. A refused append removes what it staged; a crash leaves files
 * that no version names.
 */

import { filesOfVersion, versionOfKey } from "./append-repeat.ts";
import { type AppendedFile, type Decision, newCells, report } from "./append-report.ts";
import { type Coverage, NO_COVERAGE, unite, unitedCoverage } from "./coverage.ts";
import { decide } from "./decide-files.ts";
import { StoreError } from "./error.ts";
import type { Action, LogicalField } from "./format.ts";
import type { RowLook } from "./row-look.ts";
import type { SegmentFiles } from "./segment-files.ts";
import type { Snapshot, VersionRecord } from "./snapshot.ts";
import type { StagedFile } from "./stage.ts";
import { allOrThrow, isOutcomeUnknown, type StagedSource, Staging } from "./staging.ts";
import type { Proposal, Table } from "./table.ts";

export interface AppendRequest {
  /** Absolute paths, in the order in which they are to be reported. */
  readonly files: readonly string[];
  /** replace: only by `appendPending`, where something is covered. */
  readonly overlap: "reject" | "skip" | "replace" | "allow";
  /** Write narrower numbers in the table's types instead of refusing them. */
  readonly widens?: boolean;
  /** Everything but the commit. */
  readonly isDryRun?: boolean;
  /** What the version is called in the history. */
  readonly operation?: string;
  /** What the user says about it. */
  readonly message?: string;
  /** When a version has it already nothing is done, and what that version did is told. */
  readonly idempotencyKey?: string;
  /**
   * What is covered, where that is not what the newest version covers; throws when the buckets that
   * nobody else may write now cannot be had.
   */
  readonly covered?: (wanted: Coverage) => Promise<Coverage>;
  /** Rows, and not buckets, follow the policy. The caller keeps others from writing rows. */
  readonly rows?: RowLook;
}

export interface AppendResult {
  /** The table afterwards. */
  readonly snapshot: Snapshot;
  /** undefined: nothing was published. */
  readonly version: number | undefined;
  readonly files: readonly AppendedFile[];
  /** Told of an earlier append with the same key. */
  readonly isRepeated: boolean;
  /** Newly covered buckets by entity. */
  readonly cells: () => Coverage;
}

/**
 * @throws CoverageOverlapError under "reject"; StoreError of the schema, of null keys, of the log;
 * StorageError; what the port throws
 */
export async function appendFiles(
  table: Table,
  files: SegmentFiles,
  request: AppendRequest,
  signal?: AbortSignal,
): Promise<AppendResult> {
  const staging = new Staging(table, files, { widens: request.widens ?? false, signal });
  try {
    return await new Append(table, staging, request, signal).run();
  } catch (cause) {
    // A version may name these files: they must stay.
    if (isOutcomeUnknown(cause)) staging.keepAll();
    throw cause;
  } finally {
    await staging.removeUnused();
  }
}

class Append {
  readonly #table: Table;
  readonly #staging: Staging;
  readonly #request: AppendRequest;
  readonly #signal: AbortSignal | undefined;
  #decisions: readonly Decision[] = [];
  #earlier: VersionRecord | undefined;

  constructor(
    table: Table,
    staging: Staging,
    request: AppendRequest,
    signal: AbortSignal | undefined,
  ) {
    this.#table = table;
    this.#staging = staging;
    this.#request = request;
    this.#signal = signal;
  }

  async run(): Promise<AppendResult> {
    const before = await this.#table.refresh();
    if (this.#isKnown(before)) return this.#repeated(before);
    const { schema, staged } = await this.#staging.bringAll(before.meta, this.#request.files);
    const after = await this.#table.commit(
      async (head) => await this.#plan(head, schema, staged),
      this.#signal,
    );
    if (this.#earlier !== undefined) return this.#repeated(this.#table.snapshot);
    const version = after?.version;
    return {
      snapshot: after ?? this.#table.snapshot,
      version,
      files: this.#decisions.map((decision) => report(decision, version)),
      isRepeated: false,
      cells: () => newCells(version === undefined ? [] : this.#decisions),
    };
  }

  #isKnown(head: Snapshot): boolean {
    const { idempotencyKey } = this.#request;
    this.#earlier = idempotencyKey === undefined ? undefined : versionOfKey(head, idempotencyKey);
    return this.#earlier !== undefined;
  }

  #repeated(snapshot: Snapshot): AppendResult {
    const files = this.#earlier === undefined ? [] : filesOfVersion(snapshot, this.#earlier);
    return { snapshot, version: undefined, files, isRepeated: true, cells: () => NO_COVERAGE };
  }

  async #plan(
    head: Snapshot,
    schema: readonly LogicalField[],
    files: readonly StagedSource[],
  ): Promise<Proposal | undefined> {
    if (this.#isKnown(head)) return undefined;
    requireSameSchema(head, schema);
    const published = await this.#table.coverage(head);
    const { overlap: policy, rows } = this.#request;
    const originals = files.flatMap(([, staged]) => staged ?? []);
    const isFree = policy === "allow" || rows !== undefined;
    const wanted = isFree ? NO_COVERAGE : unitedCoverage(originals);
    const covered = (await this.#request.covered?.(wanted)) ?? published;
    const decisions = await decide(this.#table, this.#staging, {
      head,
      schema,
      files,
      policy,
      covered,
      rows,
    });
    this.#decisions = decisions;
    const added = decisions.flatMap(({ staged }) => staged ?? []);
    if (added.length === 0 || this.#request.isDryRun === true) return undefined;
    const coverage = unite(published, unitedCoverage(added));
    return this.#propose(head, schema, added, coverage);
  }

  #propose(
    head: Snapshot,
    schema: readonly LogicalField[],
    added: readonly StagedFile[],
    coverage: Coverage,
  ): Proposal {
    const { meta } = head;
    const { index } = meta;
    const file = this.#staging.tableCoverage(meta, head.version + 1, coverage);
    const writes = [file.done];
    const actions: Action[] = [];
    const columns: Record<string, StagedFile["columns"]> = {};
    if (meta.schema === undefined) actions.push({ kind: "update-meta", meta: { ...meta, schema } });
    const segments = added.map((staged) => this.#staging.segment(meta, staged));
    for (const [i, segment] of segments.entries()) {
      const { columnsId } = added[i] as StagedFile;
      writes.push(segment.done);
      if (!head.history.columns.has(columnsId)) columns[columnsId] = segment.columns;
      actions.push({ kind: "add-segment", segment: segment.meta });
    }
    actions.push({ kind: "update-coverage", indexKind: index.kind, coveragePath: file.key });
    const { message, idempotencyKey } = this.#request;
    const own = {
      operation: this.#request.operation ?? "APPEND",
      ...(message !== undefined && { message }),
      ...(idempotencyKey !== undefined && { idempotencyKey }),
      ...(Object.keys(columns).length > 0 && { columns }),
    };
    const onPublished = () => {
      this.#staging.keep([file.key]);
      this.#staging.keepSegments(segments);
    };
    return { actions, own, ready: allOrThrow(writes), coverage, onPublished };
  }
}

/** @throws StoreError "version-taken" when the schema is no longer the one that files fit */
export function requireSameSchema({ meta }: Snapshot, schema: readonly LogicalField[]): void {
  if (meta.schema === undefined || JSON.stringify(meta.schema) === JSON.stringify(schema)) return;
  throw new StoreError("version-taken", "the table's schema was changed during the append");
}
