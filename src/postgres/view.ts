/** What a session asks of the embedded PostgreSQL, whichever worker holds its definitions. */

import type {
  AnalyseRequest,
  Analysis,
  CatalogQueryRequest,
  CatalogQueryResult,
  DefinitionChanges,
  DefinitionStatement,
  SettingDefault,
  ShadowFunction,
} from "./analysis.ts";
import type { ShadowRelation } from "./relation.ts";
import type { ShadowRoles } from "./role.ts";

/** The server's definitions, or those of a transaction besides. */
export interface ShadowView {
  /** Under another number a statement may mean something else. */
  readonly catalogueNumber: number;
  /** @throws SqlError as PostgreSQL raises it, or 54001, 53000, 57014. */
  analyse(request: AnalyseRequest, signal?: AbortSignal): Promise<Analysis>;
  /**
   * Runs a query that `catalogRefusal` (containment.ts) has let through, or one of our own.
   * Aborting ends it with 57014.
   */
  catalogQuery(request: CatalogQueryRequest, signal?: AbortSignal): Promise<CatalogQueryResult>;
  /** Relations of the user and of ours (schema tstable), by OID. */
  relations(): ReadonlyMap<number, ShadowRelation>;
  /** Functions that initdb did not make, by OID. */
  functions(): ReadonlyMap<number, ShadowFunction>;
  schemas(): ReadonlySet<string>;
  /** Another object whenever they have changed. */
  roles(): ShadowRoles;
  /** By lower-case name. */
  settingDefaults(): ReadonlyMap<string, SettingDefault>;
}

/** A statement, or a function that writes more of ours once the changes so far are known. */
export type DefinitionSource =
  | string
  | DefinitionStatement
  | ((changes: DefinitionChanges) => readonly DefinitionStatement[])
  | DefinitionQuestion;

/** Analyses a statement over what is defined so far; undefined: there is nothing to ask. */
export interface DefinitionQuestion {
  ask(changes: DefinitionChanges): AnalyseRequest | undefined;
  take(analysis: Analysis): void;
}

/** "undo": statements were only tried; `temporary`: the schema all of them were about. */
export type Verdict = "undo" | { readonly temporary: string } | undefined;

/** Asked when statements are executed. */
export type Decide<Outcome> = (outcome: Outcome) => Promise<Verdict> | Promise<void>;
