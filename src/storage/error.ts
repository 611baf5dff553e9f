/** Why the storage below a table did not do what was asked. */

import { ServerError } from "../base/errors.ts";

/**
 * not-found: a file outside the store that was to be brought in is missing.
 * outcome-unknown: a version may or may not have been published; nobody may go on writing.
 */
export type StorageReason =
  | "not-found"
  | "disk-full"
  | "not-permitted"
  | "too-many-open-files"
  | "outcome-unknown"
  | "io-error";

export class StorageError extends ServerError<StorageReason> {}

const REASON_BY_ERRNO: Readonly<Record<string, StorageReason>> = {
  ENOENT: "not-found",
  ENOTDIR: "not-found",
  ENOSPC: "disk-full",
  EDQUOT: "disk-full",
  EFBIG: "disk-full",
  EACCES: "not-permitted",
  EPERM: "not-permitted",
  EROFS: "not-permitted",
  EMFILE: "too-many-open-files",
  ENFILE: "too-many-open-files",
};

const TEXT: Readonly<Record<StorageReason, string>> = {
  "not-found": "no such file or directory",
  "disk-full": "no space left on device",
  "not-permitted": "permission denied",
  "too-many-open-files": "too many open files",
  "outcome-unknown": "outcome unknown",
  "io-error": "input/output error",
};

/** `action` is what could not be done, such as `could not write file "x"`. */
export function storageError(cause: unknown, action: string): StorageError {
  if (cause instanceof StorageError) return cause;
  const reason = REASON_BY_ERRNO[errnoOf(cause) ?? ""] ?? "io-error";
  return new StorageError(reason, `${action}: ${TEXT[reason]}`, { cause });
}

/** The system's error name ("ENOENT"), undefined for any other error. */
export function errnoOf(cause: unknown): string | undefined {
  const code = (cause as { code?: unknown } | undefined)?.code;
  return typeof code === "string" ? code : undefined;
}
