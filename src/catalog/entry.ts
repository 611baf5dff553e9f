/** One entry of the catalogue journal, and its bytes. */

import { createHash } from "node:crypto";
import { CatalogError } from "./error.ts";

/** The session's settings that the statements ran under, as postgres/analysis.ts has them. */
export interface EntrySettings {
  readonly role: string;
  readonly searchPath: string;
  readonly settings: Readonly<Record<string, string>>;
}

export interface EntryStatement {
  readonly sql: string;
  readonly isOurs: boolean;
  /** undefined: those of the entry. */
  readonly settings?: EntrySettings;
  /** Where the OID counter must stand before it; undefined: where the last statement left it. */
  readonly oidBefore?: number;
}

/** What the embedded PostgreSQL cannot hold of a table: how its rows are kept. */
export interface TstableDefinition {
  readonly oid: number;
  /** Of the table in the shared format: relative to the folder of tables, or absolute. */
  readonly directory: string;
  /** Made by others or placed by LOCATION: DROP leaves its files unless told otherwise. */
  readonly isExternal: boolean;
  /** pg_attribute.attnum. */
  readonly timeColumn: number;
  /** In identity order. */
  readonly entityColumns: readonly number[];
  /** As written: an interval's text, or the width of an integer axis. */
  readonly bucket: string;
  /** undefined: UTC. */
  readonly timeZone?: string;
  readonly overlap: "reject" | "skip" | "replace" | "allow";
  readonly grain: "auto" | "bucket" | "row";
  /** As written, such as `zstd(3)`; undefined: the default. */
  readonly compression?: string;
  /** Further options by name, kept as they were given. */
  readonly options: Readonly<Record<string, string>>;
}

/** Our own part of a definition. */
export type OwnChange =
  /** A new tstable, or new options of one. */
  | { readonly kind: "put-tstable"; readonly table: TstableDefinition }
  | {
      readonly kind: "drop-tstable";
      readonly oid: number;
      /** DROP ... KEEP FILES: its folder is nobody's to remove. */
      readonly keepsFiles?: true;
    }
  /** What a role's password is checked against, never the password; null: it has none. */
  | { readonly kind: "put-password"; readonly roleOid: number; readonly secret: string | null }
  /** The same as it was first written, of the superuser `postgres` alone. */
  | { readonly kind: "put-verifier"; readonly role: string; readonly verifier: string };

export interface NewEntry {
  /** As executed, in order. */
  readonly statements: readonly EntryStatement[];
  readonly settings: EntrySettings;
  /** What the OID counter of the embedded PostgreSQL gave just before, and just after. */
  readonly oidBefore: number;
  readonly oidAfter: number;
  readonly changes: readonly OwnChange[];
}

export interface JournalEntry extends NewEntry {
  /** From 1, without gaps. */
  readonly number: number;
  /** When it was decided, ISO 8601. For people; nothing is computed from it. */
  readonly at: string;
}

const FORMAT = 1;
/** A file that does not end so was never written whole. */
const END = "}\n";

export function encodeEntry(entry: JournalEntry): Uint8Array {
  const body = JSON.stringify({ format: FORMAT, ...entry });
  return Buffer.from(`{"sha256":"${digest(body)}","entry":${body}${END}`);
}

/** undefined: torn, its writer never got to sync it. @throws CatalogError "journal-corrupt" */
export function decodeEntry(bytes: Uint8Array, number: number): JournalEntry | undefined {
  const text = Buffer.from(bytes).toString("utf8");
  if (!text.endsWith(END)) return undefined;
  const parsed = /^\{"sha256":"([0-9a-f]{64})","entry":(.*)\}\n$/s.exec(text);
  if (parsed === null || parsed[1] !== digest(parsed[2] ?? "")) {
    throw corrupt(number, "Its checksum does not match.");
  }
  const entry = JSON.parse(parsed[2] ?? "") as JournalEntry & { readonly format: number };
  if (entry.format !== FORMAT) {
    throw corrupt(number, `It has format ${entry.format}, and this server knows ${FORMAT}.`);
  }
  if (entry.number !== number) throw corrupt(number, `It says it is number ${entry.number}.`);
  const { format: _, ...rest } = entry;
  return rest;
}

/** An entry that is to become number `number` once its transaction is decided. */
export function encodeNewEntry(entry: NewEntry, number: number): Uint8Array {
  return Buffer.from(JSON.stringify({ format: FORMAT, number, entry }));
}

/** Of `encodeNewEntry`, out of a record that has a checksum of its own. */
export function decodeNewEntry(bytes: Uint8Array): {
  readonly number: number;
  readonly entry: NewEntry;
} {
  const { format, number, entry } = JSON.parse(Buffer.from(bytes).toString("utf8")) as {
    readonly format: number;
    readonly number: number;
    readonly entry: NewEntry;
  };
  if (format !== FORMAT) {
    throw corrupt(number, `It has format ${format}, and this server knows ${FORMAT}.`);
  }
  return { number, entry };
}

export function corrupt(number: number, detail: string): CatalogError {
  return new CatalogError("journal-corrupt", `catalogue entry ${number} cannot be read`, {
    detail,
    hint: "Restore the folder catalog from a backup; no definition after it may be lost.",
  });
}

function digest(body: string): string {
  return createHash("sha256").update(body).digest("hex");
}
