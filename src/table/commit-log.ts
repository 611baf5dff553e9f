/**
 * The numbered commits and CURRENT, which says how many of them count. A version exists once
 * CURRENT has reached it; what lies above belongs to somebody who is still writing, or who died.
 */

import { sleep } from "../base/async.ts";
import type { ObjectStore } from "../storage/object-store.ts";
import { corrupt, StoreError } from "./error.ts";
import { type Commit, CURRENT_KEY, commitKey } from "./format.ts";
import { decodeCommit } from "./format-decode.ts";
import { encodeCommit, encodeCurrent } from "./format-encode.ts";

/** Commits read at a time. */
const READS_MAX = 64;
/** A long log is read and decoded with pauses, so that others get their turn. */
const PAUSE_EVERY = 256;
const POLL_MS = 20;

export interface Head {
  /** 0: no table. */
  readonly version: number;
  /** Changes whenever CURRENT was written again. */
  readonly identity: string;
}

/** @throws StoreError "log-corrupt" */
export async function readHead(store: ObjectStore): Promise<Head> {
  // The stat first: if CURRENT moves in between, the next look will notice.
  const stat = await store.stat(CURRENT_KEY);
  const bytes = stat && (await store.get(CURRENT_KEY));
  if (bytes === undefined) return { version: 0, identity: "" };
  const text = Buffer.from(bytes).toString().trim();
  if (!/^\+?\d+$/.test(text)) throw corrupt("CURRENT holds no number");
  const version = Number(text);
  if (!Number.isSafeInteger(version)) throw corrupt(`CURRENT holds the number ${text}`);
  return { version, identity: stat?.identity ?? "" };
}

/** Commits [first, last], in order. @throws StoreError "log-corrupt", "unsupported-format" */
export async function readCommits(
  store: ObjectStore,
  first: number,
  last: number,
): Promise<readonly Commit[]> {
  const commits: Commit[] = new Array(Math.max(0, last - first + 1));
  let next = first;
  const readSome = async () => {
    while (next <= last) {
      const version = next;
      next += 1;
      commits[version - first] = await readCommit(store, version);
      if (version % PAUSE_EVERY === 0) await sleep(0);
    }
  };
  await Promise.all(Array.from({ length: Math.min(READS_MAX, commits.length) }, readSome));
  return commits;
}

async function readCommit(store: ObjectStore, version: number): Promise<Commit> {
  const bytes = await store.get(commitKey(version));
  if (bytes === undefined) throw corrupt(`commit ${version} is missing`);
  return decodeCommit(bytes, version);
}

/**
 * Publishes `commit` on top of the version before it; "taken" when another writer was there first.
 */
export async function publishCommit(
  store: ObjectStore,
  commit: Commit,
  ready: Promise<unknown>,
): Promise<"published" | "taken"> {
  return await store.publish({
    commitKey: commitKey(commit.version),
    commit: encodeCommit(commit),
    currentKey: CURRENT_KEY,
    current: encodeCurrent(commit.version),
    ready,
  });
}

/**
 * A commit of our own just above CURRENT was on its way when its server died: nobody else can be
 * waiting for it, so CURRENT is moved there. True when it was.
 *
 * @throws StoreError "log-corrupt" when there is one more: a crash leaves one at most, so CURRENT
 * is lost
 */
export async function rollForwardOwn(
  store: ObjectStore,
  head: number,
  own: { readonly walId: string; readonly earlierWalIds?: readonly string[] },
): Promise<boolean> {
  const bytes = await store.get(commitKey(head + 1));
  const owner = bytes && ownerOf(bytes, head + 1);
  if (owner === undefined) return false;
  if (owner !== own.walId && own.earlierWalIds?.includes(owner) !== true) return false;
  if ((await store.stat(commitKey(head + 2))) !== undefined) {
    throw corrupt(`CURRENT stands at ${head}, but versions beyond ${head + 1} were committed`);
  }
  await store.publishExisting(commitKey(head + 1), CURRENT_KEY, encodeCurrent(head + 1));
  return true;
}

function ownerOf(bytes: Uint8Array, version: number): string | undefined {
  try {
    return decodeCommit(bytes, version).own.wal;
  } catch (cause) {
    // Half a commit of some other writer: whose it is cannot be said, so it is not ours.
    if (cause instanceof StoreError) return undefined;
    throw cause;
  }
}

/**
 * Waits until CURRENT has reached `version`, whose commit another writer has put there.
 * @throws StoreError "unfinished-commit" after `waitMs`
 */
export async function untilPublished(
  store: ObjectStore,
  version: number,
  waitMs: number,
  signal?: AbortSignal,
): Promise<void> {
  const deadline = performance.now() + waitMs;
  for (;;) {
    const head = await readHead(store);
    if (head.version >= version) return;
    // The writer may have given up and taken its commit back.
    if ((await store.stat(commitKey(version))) === undefined) return;
    if (performance.now() >= deadline) throw unfinished(version);
    await sleep(Math.min(POLL_MS, waitMs), signal);
  }
}

function unfinished(version: number): StoreError {
  return new StoreError(
    "unfinished-commit",
    `version ${version} was begun by another writer and is not finished`,
    { detail: "Its commit file is there, but CURRENT does not name it." },
  );
}

/**
 * Publishes a foreign commit above CURRENT, once a superuser says that its writer is dead.
 * @throws StoreError "unfinished-commit" when there is none, or it names files that are not there
 */
export async function adoptForeignCommit(store: ObjectStore): Promise<number> {
  const { version: head } = await readHead(store);
  const version = head + 1;
  const bytes = await store.get(commitKey(version));
  const refuse = (what: string, cause?: unknown) =>
    new StoreError("unfinished-commit", what, cause === undefined ? {} : { cause });
  if (bytes === undefined) throw refuse(`there is no commit above version ${head}`);
  let commit: Commit;
  try {
    commit = decodeCommit(bytes, version);
  } catch (cause) {
    throw refuse(`commit ${version} is damaged and cannot be adopted`, cause);
  }
  const needed = commit.actions.flatMap((action) => {
    if (action.kind === "update-coverage") return [action.coveragePath];
    if (action.kind !== "add-segment") return [];
    return [
      action.segment.path,
      ...(action.segment.coveragePath ? [action.segment.coveragePath] : []),
    ];
  });
  const stats = await Promise.all(needed.map((key) => store.stat(key)));
  const missing = needed.find((_, i) => stats[i] === undefined);
  if (missing !== undefined) throw refuse(`commit ${version} names "${missing}", which is missing`);
  await store.publishExisting(commitKey(version), CURRENT_KEY, encodeCurrent(version));
  return version;
}
