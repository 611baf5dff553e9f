/** Every kind of statement a session can execute: what preparation found out about a text. */

import type { ErrorFields } from "../base/errors.ts";
import type { ChangePlan } from "../compile/change-plan.ts";
import type { OwnStatement } from "../compile/own-statements.ts";
import type { Plan } from "../compile/plan.ts";
import type { RowCall } from "../compile/sequence-rows.ts";
import type { StatementText } from "../compile/split.ts";
import type { AnalyseRequest, CatalogFacts, ShadowSettings } from "../postgres/analysis.ts";
import type { FieldDescription } from "../types/field.ts";
import type { CopyFrom, CopyTo } from "./copy/copy-statement.ts";
import type { Move } from "./cursor-rows.ts";
import type { DefinitionStatement } from "./definitions/classify.ts";
import type { CreateAs } from "./definitions/create-as.ts";
import type { InsertRows } from "./insert-rows.ts";
import type { CompileFor } from "./late-statement.ts";
import type { Settings } from "./settings.ts";
import type { SetConstraints } from "./statements/set-constraints.ts";
import type { Vacuum } from "./statements/vacuum.ts";
import type { TransactionModes } from "./transaction-modes.ts";
import type { CursorDeclaration, TextPart } from "./utility-cursors.ts";

export interface Prepared {
  readonly text: string;
  /** Characters of the client's text before this statement, for error positions. */
  readonly charactersBefore: number;
  readonly statement: Statement;
  readonly parameterOids: readonly number[];
  /** undefined: returns no rows. */
  readonly fields: readonly FieldDescription[] | undefined;
  readonly notices: readonly ErrorFields[];
  /** The catalogue it was analysed under; analysed anew when that has changed. */
  readonly catalogueNumber: number;
  /** The settings it was prepared under. */
  readonly settings: ShadowSettings;
}

export type Statement =
  | { readonly kind: "empty" }
  /** Runs in DuckDB. */
  | {
      readonly kind: "select";
      readonly plan: Plan;
      /** The same analysis, whose constants stay, under other settings such as the time zone. */
      readonly recompile: (settings: Settings) => Plan;
    }
  /** A SELECT whose rows call sequence functions. */
  | {
      readonly kind: "sequence-rows";
      readonly plan: Plan;
      readonly calls: readonly RowCall[];
    }
  /** INSERT, UPDATE or DELETE. */
  | {
      readonly kind: "change";
      readonly change: Change;
      /** As that of a SELECT. */
      readonly recompile: (settings: Settings) => Change;
    }
  /** One of the two above, once its parameters are known. */
  | { readonly kind: "late"; readonly compile: CompileFor }
  /** Runs in the embedded PostgreSQL. */
  | {
      readonly kind: "catalog-query";
      readonly request: AnalyseRequest;
      readonly factsNeeded: ReadonlySet<keyof CatalogFacts>;
      /** It runs at Bind, as PostgreSQL's planner computes it. */
      readonly isConstant: boolean;
      /** What analysis has said already, and says again when the query runs. */
      readonly notices: readonly ErrorFields[];
    }
  /** A query that calls functions which act on sessions; the rest runs as a catalogue query. */
  | {
      readonly kind: "effects";
      readonly request: AnalyseRequest;
      readonly factsNeeded: ReadonlySet<keyof CatalogFacts>;
      readonly notices: readonly ErrorFields[];
      /** There is nothing to select from: the calls may stand anywhere, and are executed once. */
      readonly isOnce: boolean;
      /** Else: which columns, from 0, are calls of which functions. */
      readonly columns: ReadonlyMap<number, string>;
    }
  | { readonly kind: "listen"; readonly channel: string }
  /** undefined: from all. */
  | { readonly kind: "unlisten"; readonly channel: string | undefined }
  | { readonly kind: "notify"; readonly channel: string; readonly payload: string }
  /** pg_notify(channel, payload), its arguments known or computed by a plan. */
  | { readonly kind: "notify-call"; readonly calls: readonly NotifyCall[] }
  | { readonly kind: "notify-query"; readonly plan: Plan }
  | { readonly kind: "listening-channels" }
  | { readonly kind: "transaction"; readonly command: TransactionCommand }
  | { readonly kind: "two-phase"; readonly command: TwoPhaseCommand }
  | {
      readonly kind: "lock-table";
      readonly tables: readonly {
        readonly schema: string | undefined;
        readonly name: string;
      }[];
      /** As PostgreSQL numbers them: 1, ACCESS SHARE, stands beside every change of rows. */
      readonly mode: number;
      /** false: NOWAIT. */
      readonly isPatient: boolean;
    }
  | { readonly kind: "set"; readonly change: SettingChange }
  | { readonly kind: "show"; readonly name: string }
  | { readonly kind: "checkpoint" }
  | { readonly kind: "set-constraints"; readonly constraints: SetConstraints }
  | { readonly kind: "vacuum"; readonly vacuum: Vacuum }
  | { readonly kind: "copy-to"; readonly copy: CopyTo }
  | { readonly kind: "copy-from"; readonly copy: CopyFrom }
  | { readonly kind: "explain"; readonly query: Statement; readonly isAnalyze: boolean }
  | { readonly kind: "discard"; readonly target: "all" | "plans" | "sequences" | "temp" }
  | { readonly kind: "deallocate"; readonly name: string | undefined }
  | {
      readonly kind: "declare-cursor";
      readonly declaration: CursorDeclaration;
      readonly query: Prepared;
      /** Whether rows may be fetched backward where DECLARE does not say. */
      readonly canGoBack: boolean;
    }
  /** FETCH or MOVE. */
  | {
      readonly kind: "fetch";
      readonly name: string;
      readonly move: Move;
      readonly isMove: boolean;
    }
  | {
      readonly kind: "prepare";
      readonly name: string;
      readonly types: readonly TextPart[];
      readonly query: StatementText;
    }
  | {
      readonly kind: "execute-prepared";
      readonly name: string;
      readonly values: readonly TextPart[];
    }
  /** CLOSE of a cursor or, undefined, of all. */
  | { readonly kind: "close"; readonly name: string | undefined }
  | { readonly kind: "define"; readonly definition: DefinitionStatement }
  | { readonly kind: "create-as"; readonly create: CreateAs }
  | { readonly kind: "own"; readonly own: OwnStatement };

export type NotifyArgument = string | null | { readonly parameter: number };

export interface NotifyCall {
  readonly channel: NotifyArgument;
  readonly payload: NotifyArgument;
}

export interface Change {
  readonly plan: ChangePlan;
  /** INSERT ... VALUES whose rows need no query: instead of the plan's source. */
  readonly rows: InsertRows | undefined;
}

export type TransactionCommand =
  | { readonly kind: "begin"; readonly tag: string; readonly modes: TransactionModes }
  | { readonly kind: "commit"; readonly isChained: boolean }
  | { readonly kind: "rollback"; readonly isChained: boolean }
  | { readonly kind: "savepoint"; readonly name: string }
  | { readonly kind: "release"; readonly name: string }
  | { readonly kind: "rollback-to"; readonly name: string };

export type TwoPhaseCommand =
  | { readonly kind: "prepare" }
  | { readonly kind: "decide"; readonly verb: "COMMIT" | "ROLLBACK"; readonly id: string };

export type SettingChange =
  | {
      readonly kind: "value";
      readonly name: string;
      readonly value: string;
      readonly isLocal: boolean;
    }
  | { readonly kind: "default"; readonly name: string; readonly isLocal: boolean }
  | { readonly kind: "reset"; readonly name: string }
  | { readonly kind: "reset-all" }
  | { readonly kind: "transaction"; readonly modes: TransactionModes }
  | { readonly kind: "session-transaction"; readonly modes: TransactionModes };
