/**
 * One file on its way into a table: copied under a fresh name, its footer put right or the whole
 * file written again, its rows looked at. Nothing here is visible to readers.
 */

import { randomUUID } from "node:crypto";
import type { ObjectStore } from "../storage/object-store.ts";
import { bucketWidth, ordinalOfQuotient } from "./buckets.ts";
import { type Coverage, coverageOf } from "./coverage.ts";
import { StoreError } from "./error.ts";
import { dataKey, type IndexSpec, type LogicalField, type PhysicalColumn } from "./format.ts";
import { fitFile, rewriteColumns } from "./parquet-fit.ts";
import { type Footer, readFooter, rewriteFooter } from "./parquet-footer.ts";
import { columnsOf } from "./parquet-types.ts";
import { columnsId, physicalColumns } from "./physical-columns.ts";
import { RunBuilder } from "./runs.ts";
import { entityTypes } from "./schema.ts";
import type {
  IdentityBuckets,
  Inspection,
  InspectRequest,
  RewriteColumn,
  SegmentFiles,
} from "./segment-files.ts";

export interface StageContext {
  readonly store: ObjectStore;
  readonly files: SegmentFiles;
  readonly index: IndexSpec;
  readonly schema: readonly LogicalField[];
  readonly widens: boolean;
  /** Every key made, so that whoever gives up can remove it. */
  readonly made: Set<string>;
  readonly signal: AbortSignal | undefined;
}

export interface StagedFile {
  readonly source: string;
  readonly key: string;
  readonly sizeBytes: number;
  readonly wasRewritten: boolean;
  readonly rows: number;
  /** Raw index values. */
  readonly min: bigint;
  readonly max: bigint;
  readonly coverage: Coverage;
  readonly columnsId: string;
  readonly columns: readonly PhysicalColumn[];
  /** Settles when the file is durable; handled, so that it may be dropped. */
  readonly durable: Promise<void>;
}

/** A copy whose footer was read but whose columns were not looked at. */
export interface BroughtFile {
  readonly source: string;
  readonly key: string;
  readonly sizeBytes: number;
  readonly footer: Footer;
}

/** @throws StorageError, StoreError "bad-file" */
export async function bringIn(
  store: ObjectStore,
  source: string,
  made: Set<string>,
): Promise<BroughtFile> {
  const key = dataKey(randomUUID());
  made.add(key);
  const sizeBytes = await store.bringIn(source, key);
  return { source, key, sizeBytes, footer: await readFooter(store, key, sizeBytes, source) };
}

/** undefined: the file has no rows. @throws StoreError, StorageError, and what the port throws */
export async function stage(
  context: StageContext,
  brought: BroughtFile,
): Promise<StagedFile | undefined> {
  const { schema, widens } = context;
  const { source, footer } = brought;
  const fit = fitFile(schema, footer, { name: source, widens });
  if (footer.rows === 0) return undefined;
  if (fit.kind === "fits") return await inspectAndSync(context, brought, false);
  const again = await rewrite(context, brought, fit.columns, fit.why);
  return await inspectAndSync(context, again, true);
}

/** The same file without the rows of covered buckets. @throws as `stage` */
export async function stageWithout(
  context: StageContext,
  staged: Pick<StagedFile, "key" | "sizeBytes" | "source">,
  covered: Coverage,
): Promise<StagedFile> {
  const { store, index, schema } = context;
  const footer = await readFooter(store, staged.key, staged.sizeBytes, staged.source);
  const columns = rewriteColumns(schema, new Map(footer.columns.map((c) => [c.name, c])));
  const identities: readonly IdentityBuckets[] = covered.map(({ entity, runs }) => ({
    entity,
    runs: quotients(index, runs),
  }));
  const why = "some of its buckets are covered already";
  const again = await rewrite(context, { ...staged, footer }, columns, why, identities);
  return await inspectAndSync(context, again, true);
}

async function rewrite(
  context: StageContext,
  brought: BroughtFile,
  columns: readonly RewriteColumn[],
  why: string,
  identities?: readonly IdentityBuckets[],
): Promise<BroughtFile> {
  const { store, files, made, signal } = context;
  if (files.rewrite === undefined) {
    throw new StoreError("unsupported", `file would have to be written again: ${why}`, {
      detail: `File: ${brought.source}.`,
    });
  }
  const key = dataKey(randomUUID());
  made.add(key);
  const source = await store.localPath(brought.key);
  const target = await store.localPath(key);
  const without = identities && { ...inspectRequest(context, source), identities };
  await files.rewrite({ source, target, columns, ...(without && { without }) }, signal);
  const sizeBytes = (await store.stat(key))?.sizeBytes ?? 0;
  const footer = await readFooter(store, key, sizeBytes, brought.source);
  return { source: brought.source, key, sizeBytes, footer };
}

async function inspectAndSync(
  context: StageContext,
  brought: BroughtFile,
  wasRewritten: boolean,
): Promise<StagedFile> {
  const { store, files, index, schema, signal } = context;
  const { source, key, footer } = brought;
  const fit = fitFile(schema, footer, { name: source, widens: false });
  if (fit.kind === "rewrite") {
    throw new StoreError("schema-mismatch", `file cannot be brought to the table's schema`, {
      detail: `File: ${source}. After writing it again, ${fit.why}.`,
    });
  }
  let { sizeBytes } = brought;
  if (fit.elements !== undefined) {
    const tail = rewriteFooter(footer, fit.elements);
    await store.replaceTail(key, footer.offset, tail);
    sizeBytes = footer.offset + tail.length;
  }
  // Syncing and reading do not wait for each other.
  const durable = store.sync([key]);
  durable.catch(() => undefined);
  const request = inspectRequest(context, await store.localPath(key));
  const found = await files.inspect(request, signal);
  const { min, max } = checkRows(found, index, source);
  const columns = physicalColumns({ columns: columnsOf(fit.elements ?? footer.elements) });
  return {
    source,
    key,
    sizeBytes,
    wasRewritten,
    rows: found.rows,
    min,
    max,
    coverage: coverageOf(
      found.identities.map(({ entity, runs }) => ({ entity, runs: ordinals(index, runs) })),
    ),
    columnsId: columnsId(columns),
    columns,
    durable,
  };
}

function inspectRequest(context: StageContext, path: string): InspectRequest {
  const { index, schema } = context;
  return {
    path,
    timeColumn: index.column,
    timeKind: index.kind.type,
    entityColumns: index.entityColumns,
    entityTypes: entityTypes(index, schema),
    bucketWidth: bucketWidth(index.kind),
  };
}

function checkRows(
  { min, max, rowsWithoutTime, rowsWithoutEntity }: Inspection,
  index: IndexSpec,
  source: string,
): { readonly min: bigint; readonly max: bigint } {
  const detail = `File: ${source}.`;
  if (rowsWithoutTime > 0 || min === undefined || max === undefined) {
    throw new StoreError("null-time", `null value in time column "${index.column}"`, { detail });
  }
  if (rowsWithoutEntity > 0) {
    const columns = index.entityColumns.map((name) => `"${name}"`).join(", ");
    throw new StoreError("null-entity", `null value in entity column ${columns}`, { detail });
  }
  return { min, max };
}

function ordinals({ kind }: IndexSpec, found: BigInt64Array | BigUint64Array): BigInt64Array {
  const out = new RunBuilder(found.length / 2);
  for (let i = 0; i < found.length; i += 2) {
    const [first, last] = [found[i] as bigint, found[i + 1] as bigint];
    out.add(ordinalOfQuotient(kind, first), ordinalOfQuotient(kind, last));
  }
  return out.done();
}

function quotients({ kind }: IndexSpec, runs: BigInt64Array): BigInt64Array | BigUint64Array {
  return kind.type === "u_int64" ? BigUint64Array.from(runs, (run) => run + (1n << 63n)) : runs;
}
