/** What the embedded PostgreSQL is asked and what it answers: plain data, the same on both sides of the thread. */

import type { ErrorFields } from "../base/errors.ts";
import type { FieldDescription } from "../types/field.ts";

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

export interface CatalogQueryRequest extends AnalyseRequest {
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

/** One relation as the shadow sees it after a definition. */
export interface ShadowRelation {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  readonly relkind: string;
  readonly accessMethod: string | null;
  readonly columns: readonly {
    readonly number: number;
    readonly name: string;
    readonly typeOid: number;
    readonly typmod: number;
    readonly isNotNull: boolean;
    readonly defaultText: string | null;
  }[];
}
