/** What all sessions of a server share. */

import type { CatalogJournal } from "../catalog/journal.ts";
import type { Engine } from "../engine/remote.ts";
import type { Shadow } from "../postgres/shadow.ts";
import type { Warehouse } from "../table/warehouse.ts";
import type { Sessions } from "./activity.ts";
import type { FileAccess } from "./file-access.ts";
import type { Locks } from "./locks.ts";
import type { NotificationHub } from "./notification-hub.ts";
import type { PlainStore } from "./plain/store.ts";
import type { Preparer } from "./prepare.ts";
import type { SettingCheck } from "./setting-check.ts";
import type { Tables } from "./tables.ts";

export interface Services {
  readonly shadow: Shadow;
  readonly engine: Engine;
  readonly journal: CatalogJournal;
  readonly tables: Tables;
  readonly locks: Locks;
  readonly plain: PlainStore;
  readonly preparer: Preparer;
  readonly settingCheck: SettingCheck;
  readonly files: FileAccess;
  readonly folders: Warehouse;
  readonly sessions: Sessions;
  readonly notifications: NotificationHub;
}
