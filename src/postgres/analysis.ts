/** What the embedded PostgreSQL is asked and what it answers: plain data, for both threads. */

import type { ErrorFields } from "../base/errors.ts";
import type { FieldDescription } from "../types/field.ts";
import type { LiveFact } from "./live-facts.ts";
import type { ShadowRelation } from "./relation.ts";
import type { ShadowRoles } from "./role.ts";

/** The session's state that a request must run under; sent whenever it differs from the last. */
export interface ShadowSettings {
  readonly role: string;
  /** Effective search_path, as SQL text. */
  readonly searchPath: string;
  /** Other settings by name, as SET takes them: TimeZone, DateStyle, IntervalStyle, ... */
  readonly settings: Readonly<Record<string, string>>;
}

export interface AnalyseRequest {
  /** One statement, no trailing semicolon needed. */
  readonly text: string;
  /** As declared in Parse; 0 = unspecified. */
  readonly parameterOids: readonly number[];
  readonly settings: ShadowSettings;
}

export interface Analysis {
  /** The printed rewritten tree, line wraps undone. A list: `({QUERY ...})`. */
  readonly tree: string;
  readonly parameterOids: readonly number[];
  /** undefined: the statement returns no rows. */
  readonly fields: readonly FieldDescription[] | undefined;
  /** Notices and warnings PostgreSQL raised (not the tree). */
  readonly notices: readonly ErrorFields[];
}

/** What a catalogue query can be told of the server it asks; see sql/shadow.sql for the JSON. */
export interface CatalogFacts extends Readonly<Partial<Record<LiveFact, object>>> {
  /** Only where the search path names more than the session's own. */
  readonly currentSchema?: string | null;
  readonly sessionUser?: string;
  readonly processId?: number;
  /** ISO 8601. */
  readonly startTime?: string;
}

export interface CatalogQueryRequest extends AnalyseRequest {
  readonly facts?: CatalogFacts;
  readonly parameters: readonly (Uint8Array | null)[];
  readonly parameterFormats: readonly (0 | 1)[];
  readonly resultFormats: readonly (0 | 1)[];
}

export interface CatalogQueryResult {
  /** Complete DataRow messages. */
  readonly bytes: Uint8Array;
  readonly rows: number;
  readonly tag: string;
  readonly notices: readonly ErrorFields[];
}

/** A function as the shadow sees it after a definition. */
export interface ShadowFunction {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  readonly argumentOids: readonly number[];
}

/** One statement of a definition. */
export interface DefinitionStatement {
  readonly sql: string;
  /** Written by the server, not by the client: runs as superuser and may use reserved names. */
  readonly isOurs: boolean;
  /** undefined: those of the definition. */
  readonly settings?: ShadowSettings;
  /** Of temporary objects, in this schema: not for the journal, gone with the schema. */
  readonly temporary?: string;
  /** Where the OID counter must stand before it; undefined: where the last statement left it. */
  readonly oidBefore?: number;
}

/** What was executed, enough to execute it again with the same OIDs. */
export interface Definition {
  readonly statements: readonly DefinitionStatement[];
  readonly settings: ShadowSettings;
  /** The OID that the counter gave just before, and just after. */
  readonly oidBefore: number;
  readonly oidAfter: number;
}

/** What statements changed so far. */
export interface DefinitionChanges {
  /** Created or altered; tables, views, sequences, materialised views. */
  readonly relations: readonly ShadowRelation[];
  readonly functions: readonly ShadowFunction[];
  readonly schemas: readonly string[];
  /** All of them; undefined: as they were. */
  readonly roles?: ShadowRoles;
  readonly droppedRelationOids: readonly number[];
  readonly droppedFunctionOids: readonly number[];
  readonly droppedSchemas: readonly string[];
}

/** What one statement answered. */
export interface StatementAnswer {
  readonly notices: readonly ErrorFields[];
  readonly tag: string;
}

/** Statements executed, not yet decided. */
export interface DefinitionStep extends DefinitionChanges {
  /** Of all statements. */
  readonly notices: readonly ErrorFields[];
  /** Of the last statement that is not ours: `CREATE TABLE`. */
  readonly tag: string;
}

export interface DefinitionOutcome extends DefinitionStep {
  readonly definition: Definition;
}

/** A setting (GUC) as the server starts with it. */
export interface SettingDefault {
  /** PostgreSQL's spelling. */
  readonly name: string;
  /** As SHOW prints it. */
  readonly value: string;
  readonly description: string;
  /** pg_settings.context: internal, postmaster, sighup, superuser, user... */
  readonly context: string;
}
