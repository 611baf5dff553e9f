/**
 * What a table asks of the place that keeps its bytes. Nothing above this interface knows whether
 * it is a folder or a bucket.
 *
 * Keys are relative paths with "/" between parts. Objects are immutable, except those written by
 * `replace` and those a caller has brought in and not yet synced.
 */

export interface ObjectStat {
  readonly sizeBytes: number;
  /** Differs whenever the object was replaced by another one. */
  readonly identity: string;
}

/**
 * taken: another writer's object stands under the version's key; nothing was changed.
 * published: the version is there, durably.
 */
export type PublishOutcome = "published" | "taken";

export interface PublishRequest {
  /** The version's own object, created if absent. */
  readonly commitKey: string;
  readonly commit: Uint8Array;
  /** The pointer to the newest version, moved after it (where the commit alone decides: a hint). */
  readonly currentKey: string;
  readonly current: Uint8Array;
  /** Settles when everything the commit names is durable; nothing becomes visible before. */
  readonly ready: Promise<unknown>;
}

export interface ObjectStore {
  /** Where it is, for messages. */
  readonly location: string;

  /** undefined: there is no such object. */
  get(key: string): Promise<Uint8Array | undefined>;
  /** Bytes [from, until), cut at the object's end. @throws StorageError "not-found" */
  getRange(key: string, from: number, until: number): Promise<Uint8Array>;
  stat(key: string): Promise<ObjectStat | undefined>;
  /**
   * Names directly below a folder, folders with a trailing "/", unordered; empty when there is
   * none.
   */
  list(folder: string): Promise<readonly string[]>;

  /** Creates the object whole or not at all; false: the key is taken. Durable after `sync`. */
  putIfAbsent(key: string, bytes: Uint8Array): Promise<boolean>;
  /**
   * Creates an object under a name that nobody else can know yet. Durable on return; a crash may
   * leave part of it.
   */
  putFresh(key: string, bytes: Uint8Array): Promise<void>;
  /** Readers see the old bytes or the new, never a mixture. Durable on return. */
  replace(key: string, bytes: Uint8Array): Promise<void>;
  /** Deleting what is not there is no error. */
  delete(key: string): Promise<void>;
  /** Makes objects and the names that lead to them survive a crash. */
  sync(keys: readonly string[]): Promise<void>;

  /**
   * Brings a file from outside into the store under a key that must be free, sharing its blocks
   * where the file system can. Returns its size. @throws StorageError "not-found"
   */
  bringIn(sourcePath: string, key: string): Promise<number>;
  /** Cuts an unsynced, brought-in object at `offset` and puts `tail` there. */
  replaceTail(key: string, offset: number, tail: Uint8Array): Promise<void>;
  /** A path that a local reader can open; the parent folder exists. */
  localPath(key: string): Promise<string>;

  /** @throws StorageError "outcome-unknown" when it can neither go forward nor back. */
  publish(request: PublishRequest): Promise<PublishOutcome>;
  /** Moves the pointer to a version whose object is there already. Durable on return. */
  publishExisting(commitKey: string, currentKey: string, current: Uint8Array): Promise<void>;

  /** Removes everything below the store's root, the root included. */
  deleteAll(): Promise<void>;
}
