/**
 * COPY TO with PARTITION_BY or TIME_FOLDERS. A new folder appears whole, by one rename; INCREMENTAL
 * puts files into an earlier one of its own, each by a rename, and remembers at the end.
 */

import { randomUUID } from "node:crypto";
import { lstat, mkdir, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { assert, SqlError } from "../../../base/errors.ts";
import { splitStatements } from "../../../compile/split.ts";
import { quoteIdentifier } from "../../../compile/tokens.ts";
import { errnoOf } from "../../../storage/error.ts";
import type { Execution } from "../../execution.ts";
import { type StatementWorld, takeWorld } from "../../statement-world.ts";
import type { CopyCounts } from "../copy-counts.ts";
import type { Run } from "../lines-to.ts";
import { onDisk, wholeFile, writeText } from "../new-file.ts";
import {
  changedPeriods,
  isOfPeriods,
  MANIFEST,
  type Manifest,
  readManifest,
  type Seen,
  seenIn,
} from "./manifest.ts";
import { conditionOf, type Levels, type PeriodRange } from "./periods.ts";
import { type FolderCopy, filesBelow, withQuery, writeFolder } from "./write-folder.ts";

/** Gives the number of rows written. @throws SqlError 58P02, 55006, 25001 */
export async function copyToFolder(
  copy: FolderCopy,
  counts: CopyCounts,
  execution: Execution,
  run: Run,
): Promise<number> {
  assert(copy.file !== undefined, "folders are made on the server");
  const target = await execution.services.files.newFolder(copy.file);
  const leave = execution.services.files.claimFolder(target);
  const staged = `${target}.${randomUUID()}.part`;
  try {
    if (copy.options.incremental) await increment(copy, target, staged, counts, execution, run);
    else {
      await refuseFull(target);
      await writeFolder(copy, staged, counts, execution, run);
      await onDisk(target, async () => await rename(staged, target));
    }
    return counts.rows;
  } finally {
    leave();
    await rm(staged, { recursive: true, force: true });
  }
}

async function refuseFull(target: string): Promise<void> {
  const found = await entries(target);
  if (found.length === 0) return;
  throw new SqlError("58P02", `folder "${target}" is not empty`, {
    hint: "Export into a new folder, or with INCREMENTAL into one that INCREMENTAL has made.",
  });
}

async function entries(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (cause) {
    if (errnoOf(cause) === "ENOENT") return [];
    throw cause;
  }
}

async function increment(
  copy: FolderCopy,
  target: string,
  staged: string,
  counts: CopyCounts,
  execution: Execution,
  run: Run,
): Promise<void> {
  const { services, transaction } = execution;
  if (transaction.isExplicit) {
    throw new SqlError("25001", "COPY with INCREMENTAL cannot run inside a transaction block");
  }
  const before = await readManifest(target);
  if (before === undefined) await refuseFull(target);
  // What is committed by now is then known by its segments.
  await services.intake.flush(copy.relationOid);
  const world = await takeWorld([copy.relationOid], execution);
  try {
    const now = seenIn(world.view(services.tables.requireByOid(copy.relationOid)));
    const of = signature(copy);
    if (before?.of === of) {
      const ranges = changedPeriods(before, now, levelsOf(copy));
      const some = withQuery(copy, await queryOf(copy, ranges, execution));
      await writeFolder(some, staged, counts, { ...execution, world }, run);
      await putInto(target, staged, { before, ranges, now }, copy);
    } else {
      await writeFolder(copy, staged, counts, { ...execution, world }, run);
      await replaceAll(target, staged, { before, now }, of);
    }
  } finally {
    (world as StatementWorld).release();
  }
}

function levelsOf({ folder }: FolderCopy): Levels {
  return folder.timeFolders as Levels;
}

/** What the files of an export depend on, but for the rows. */
function signature({ relationOid, folder, options }: FolderCopy): string {
  const { fields, keys } = folder;
  return JSON.stringify({
    relationOid,
    keys,
    columns: fields.map(({ name, typeOid, typmod }) => [name, typeOid, typmod]),
    options,
  });
}

async function queryOf(
  { folder }: FolderCopy,
  ranges: readonly PeriodRange[],
  { services, settings, signal }: Execution,
): Promise<FolderCopy["query"]> {
  const { time, timeFolders, text, hasNullTimes } = folder;
  assert(time !== undefined, "INCREMENTAL has a time column");
  const changed = conditionOf(ranges, time, timeFolders as Levels);
  const condition = hasNullTimes ? `${changed} OR ${quoteIdentifier(time.name)} IS NULL` : changed;
  const [statement] = splitStatements(text(condition));
  assert(statement !== undefined, "a SELECT is a statement");
  return (await services.preparer.prepare(statement, [], settings, signal)).statement;
}

interface Change {
  readonly before: Manifest;
  readonly ranges: readonly PeriodRange[];
  readonly now: Seen;
}

/** The new files of the ranges instead of the old ones. */
async function putInto(
  target: string,
  staged: string,
  { before, ranges, now }: Change,
  copy: FolderCopy,
): Promise<void> {
  const made = await filesBelow(staged);
  await moveAll(made, staged, target);
  const isChanged = (file: string) => isOfPeriods(file, ranges, levelsOf(copy));
  const gone = before.files.filter((file) => isChanged(file) && !made.includes(file));
  await removeAll(gone, target);
  const kept = before.files.filter((file) => !gone.includes(file) && !made.includes(file));
  await remember(target, { ...now, of: before.of, files: [...kept, ...made].sort() });
}

async function replaceAll(
  target: string,
  staged: string,
  { before, now }: { readonly before: Manifest | undefined; readonly now: Seen },
  of: string,
): Promise<void> {
  const made = await filesBelow(staged);
  const manifest = { ...now, of, files: made.toSorted() };
  if (before === undefined) {
    await remember(staged, manifest);
    await onDisk(target, async () => await rename(staged, target));
    return;
  }
  await moveAll(made, staged, target);
  await removeAll(
    before.files.filter((file) => !made.includes(file)),
    target,
  );
  await remember(target, manifest);
}

async function remember(folder: string, manifest: Manifest): Promise<void> {
  const path = join(folder, MANIFEST);
  await wholeFile(path, async (unfinished) => {
    await writeText(unfinished, `${JSON.stringify(manifest)}\n`);
  });
}

async function moveAll(files: readonly string[], from: string, to: string): Promise<void> {
  for (const file of files) {
    const folders = file.split("/").slice(0, -1);
    for (let depth = 1; depth <= folders.length; depth += 1) {
      await realFolder(join(to, ...folders.slice(0, depth)));
    }
    await onDisk(file, async () => await rename(join(from, file), join(to, file)));
  }
}

/** Made where there is none; what leads elsewhere is none. @throws SqlError 42809 */
async function realFolder(path: string): Promise<void> {
  try {
    await mkdir(path);
  } catch (cause) {
    if (errnoOf(cause) !== "EEXIST")
      return await onDisk(path, () => Promise.reject(cause as Error));
    if (!(await lstat(path)).isDirectory()) {
      throw new SqlError("42809", `"${path}" is not a directory`);
    }
  }
}

/** Only files of an earlier export, by their names as it has remembered them. */
async function removeAll(files: readonly string[], folder: string): Promise<void> {
  for (const file of files) {
    const isPlain = !file.startsWith("/") && !file.split("/").includes("..");
    if (isPlain) await onDisk(file, async () => await rm(join(folder, file), { force: true }));
  }
}
