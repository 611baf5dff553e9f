/** What all sessions of a server share; in a transaction that defines something, as it sees it. */

import type { Gate } from "../base/async.ts";
import type { CatalogJournal } from "../catalog/journal.ts";
import type { Engine } from "../engine/remote.ts";
import type { Shadow } from "../postgres/shadow.ts";
import type { ShadowView } from "../postgres/view.ts";
import type { Intake } from "../table/intake.ts";
import type { Warehouse } from "../table/warehouse.ts";
import type { Sessions } from "./activity.ts";
import type { FileAccess } from "./file-access.ts";
import type { HeavyGate } from "./heavy-gate.ts";
import type { Locks } from "./locks.ts";
import type { NotificationHub } from "./notification-hub.ts";
import type { PlainStore } from "./plain/store.ts";
import type { Preparer } from "./prepare.ts";
import type { Passwords } from "./roles/passwords.ts";
import type { RowKeys } from "./row-keys.ts";
import type { ServerFacts } from "./server-facts.ts";
import type { SettingCheck } from "./setting-check.ts";
import type { Tables } from "./tables.ts";
import type { Transactions } from "./transactions.ts";

export interface Services {
  readonly shadow: ShadowView;
  /** Where definitions become everybody's. */
  readonly definer: Shadow;
  readonly engine: Engine;
  readonly journal: CatalogJournal;
  readonly tables: Tables;
  readonly intake: Intake;
  readonly transactions: Transactions;
  /** Passed alone while a commit of both kinds of table becomes visible. */
  readonly gate: Gate;
  readonly heavyGate: HeavyGate;
  /** Nothing more may be acknowledged: the server stops. */
  readonly fail: (cause: unknown) => void;
  readonly locks: Locks;
  readonly rowKeys: RowKeys;
  readonly passwords: Passwords;
  readonly plain: PlainStore;
  readonly preparer: Preparer;
  readonly settingCheck: SettingCheck;
  readonly files: FileAccess;
  readonly folders: Warehouse;
  readonly sessions: Sessions;
  readonly server: ServerFacts;
  readonly notifications: NotificationHub;
}
