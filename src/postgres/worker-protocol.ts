/** What the main thread and a shadow worker say to each other: plain data. */

import type { ErrorFields } from "../base/errors.ts";
import type {
  AnalyseRequest,
  Analysis,
  CatalogQueryRequest,
  CatalogQueryResult,
  Definition,
  DefinitionChanges,
  DefinitionStatement,
  SettingDefault,
  ShadowFunction,
  ShadowSettings,
  StatementAnswer,
} from "./analysis.ts";
import type { MachineCode } from "./machine-code.ts";
import type { StartSettings } from "./pglite.ts";
import type { ShadowRelation } from "./relation.ts";
import type { ShadowRoles } from "./role.ts";

/** The first message to a worker; it answers when it is open. */
export interface WorkerStart {
  readonly code: MachineCode;
  readonly settings: StartSettings;
}

export interface ShadowState {
  readonly relations: readonly ShadowRelation[];
  readonly functions: readonly ShadowFunction[];
  readonly schemas: readonly string[];
  readonly roles: ShadowRoles;
  readonly settings: readonly SettingDefault[];
}

/** Requests by kind, with what each answers. */
export interface Calls {
  readonly analyse: { readonly request: AnalyseRequest; readonly answer: Analysis };
  readonly query: { readonly request: CatalogQueryRequest; readonly answer: CatalogQueryResult };
  readonly replay: { readonly request: Definition; readonly answer: null };
  readonly state: { readonly request: null; readonly answer: ShadowState };
  /** A number that no object has got and the next one may get. */
  readonly "next-oid": { readonly request: null; readonly answer: number };
  readonly begin: {
    readonly request: { readonly settings: ShadowSettings; readonly oidAtLeast?: number };
    readonly answer: null;
  };
  /** Executes a definition that was made elsewhere; ended as one that was begun. */
  readonly redo: { readonly request: Definition; readonly answer: null };
  readonly execute: { readonly request: DefinitionStatement; readonly answer: StatementAnswer };
  readonly changes: { readonly request: null; readonly answer: DefinitionChanges };
  /** Statements since the savepoint of this name are of temporary objects in `schema`. */
  readonly temporary: {
    readonly request: { readonly savepoint: string; readonly schema: string };
    readonly answer: null;
  };
  readonly savepoint: { readonly request: string; readonly answer: null };
  readonly "rollback-to": { readonly request: string; readonly answer: null };
  readonly release: { readonly request: string; readonly answer: null };
  readonly definition: { readonly request: null; readonly answer: Definition };
  readonly end: { readonly request: "commit" | "rollback"; readonly answer: null };
}

export type CallKind = keyof Calls;

export interface CallMessage<Kind extends CallKind = CallKind> {
  readonly id: number;
  readonly kind: Kind;
  readonly request: Calls[Kind]["request"];
}

export type AnswerMessage =
  | { readonly id: number; readonly kind: "answer"; readonly answer: unknown }
  | { readonly id: number; readonly kind: "error"; readonly fields: ErrorFields }
  /** The worker must be replaced. */
  | { readonly id: number; readonly kind: "broken"; readonly message: string };
