/** Opens all parts in order, listens, and closes them in reverse. */

import { access, constants, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { log } from "../base/telemetry.ts";
import { Definitions } from "../catalog/definitions.ts";
import { CatalogJournal } from "../catalog/journal.ts";
import { Engine } from "../engine/remote.ts";
import { Shadow } from "../postgres/shadow.ts";
import { Sessions } from "../session/activity.ts";
import { FileAccess, realFolders } from "../session/file-access.ts";
import { Host } from "../session/host.ts";
import { Locks } from "../session/locks.ts";
import { NotificationHub } from "../session/notification-hub.ts";
import { PlainStore } from "../session/plain/store.ts";
import { Preparer } from "../session/prepare.ts";
import type { Services } from "../session/services.ts";
import { SettingCheck } from "../session/setting-check.ts";
import { Tables, tstableEntry } from "../session/tables.ts";
import { openLocalStore } from "../storage/local-store.ts";
import { StoreError } from "../table/error.ts";
import { openLogIdentity } from "../table/log-identity.ts";
import { Warehouse } from "../table/warehouse.ts";
import { Listener } from "../wire/listener.ts";
import { type Config, ConfigError } from "./config.ts";
import { authenticatorFor } from "./password.ts";

/** How long running statements may go on after SIGTERM. */
const STOP_GRACE_MS = 10_000;

export interface RunningServer {
  readonly host: string;
  readonly port: number;
  stop(): Promise<void>;
}

/** Steps to undo, newest last. */
type Closers = (() => Promise<void>)[];

/**
 * @throws ConfigError, EngineError "folder-locked", CatalogError, and the system's errors of
 * listening
 */
export async function startServer(
  config: Config,
  password: string | undefined,
): Promise<RunningServer> {
  const closers: Closers = [];
  try {
    const services = await openServices(config, closers);
    const authenticator = await authenticatorFor(config, password, services);
    const listener = await Listener.open({
      hostname: config.host,
      port: config.port,
      host: new Host(services),
      authenticator,
      connectionsMax: config.maxConnections,
    });
    closers.push(async () => await listener.stop(STOP_GRACE_MS));
    return {
      host: config.host,
      port: listener.port,
      stop: async () => await closeAll(closers),
    };
  } catch (cause) {
    await closeAll(closers);
    throw cause;
  }
}

async function openServices(config: Config, closers: Closers): Promise<Services> {
  const folder = await dataFolders(config.data);
  const engine = await Engine.open({
    memoryLimitBytes: config.memoryBytes,
    threads: config.threads,
    tempDirectory: join(config.data, "cache", "spill"),
    allowedDirectories: [...(await realFolders(config.allowPaths)), folder.tables],
    lockFile: join(config.data, "LOCK"),
    plainFile: join(config.data, "plain.duckdb"),
  });
  closers.push(async () => await engine.close());
  // Nothing is read before the folder is ours.
  const journal = await CatalogJournal.open(openLocalStore(folder.catalog));
  const definitions = new Definitions(journal.entries());
  const shadow = await Shadow.start({
    directory: join(config.data, "cache", "shadow"),
    definitions: journal.entries(),
  });
  closers.push(async () => await shadow.close());
  const { id: walId } = await openLogIdentity(folder.wal);
  const folders = new Warehouse(folder.tables, { walId });
  const tables = new Tables(shadow);
  const locks = new Locks();
  const plain = await PlainStore.open(engine, locks, shadow.relations().values());
  closers.push(async () => await plain.close());
  await removeOrphans(folders, definitions);
  await openTables(tables, folders, definitions, shadow);
  return {
    shadow,
    engine,
    journal,
    tables,
    folders,
    locks,
    plain,
    preparer: new Preparer(shadow, tables),
    settingCheck: new SettingCheck(shadow),
    files: await FileAccess.open(engine, config.allowPaths, config.data),
    sessions: new Sessions(),
    notifications: new NotificationHub(),
  };
}

async function dataFolders(
  data: string,
): Promise<Readonly<Record<"catalog" | "tables" | "wal" | "cache", string>>> {
  const folders = {
    catalog: join(data, "catalog"),
    tables: join(data, "tables"),
    wal: join(data, "wal"),
    cache: join(data, "cache"),
  };
  try {
    for (const path of Object.values(folders)) await mkdir(path, { recursive: true });
    await access(data, constants.W_OK);
  } catch (cause) {
    throw new ConfigError(`cannot write to data folder "${data}": ${messageOf(cause)}`, { cause });
  }
  return folders;
}

/**
 * Removes folders of dropped tables, and of tables whose CREATE was never decided: those are empty.
 * A folder with rows that the journal does not name stays: the journal may be an older copy.
 */
async function removeOrphans(folders: Warehouse, definitions: Definitions): Promise<void> {
  for (const folder of await folders.list()) {
    const fate = definitions.fateOf(folder);
    if (fate === "in use") continue;
    if (fate === "dropped" || !(await holdsRows(folders, folder))) {
      log("info", "removing the folder of no table", { folder });
      await folders.drop(folder);
    } else {
      log("warn", "a folder with rows belongs to no table and is left alone", { folder });
    }
  }
}

/** When in doubt: yes. */
async function holdsRows(folders: Warehouse, folder: string): Promise<boolean> {
  try {
    const { snapshot } = await folders.open(folder);
    await folders.release(folder);
    return snapshot.totals.rows > 0;
  } catch (cause) {
    return !(cause instanceof StoreError && cause.reason === "no-table");
  }
}

/** A table that cannot be opened is left out and logged: the others go on. */
async function openTables(
  tables: Tables,
  folders: Warehouse,
  definitions: Definitions,
  shadow: Shadow,
): Promise<void> {
  for (const definition of definitions.tstables()) {
    const relation = shadow.relations().get(definition.oid);
    if (relation === undefined) {
      log("error", "a table is missing from the catalogue", { oid: definition.oid });
      continue;
    }
    try {
      const table = await folders.open(definition.directory);
      const directory = folders.absolute(definition.directory);
      tables.install(tstableEntry(relation, definition, table, directory));
    } catch (cause) {
      log("error", "a table cannot be opened", { table: relation.name, cause });
      tables.markBroken(relation, cause);
    }
  }
}

async function closeAll(closers: Closers): Promise<void> {
  for (const close of closers.splice(0).reverse()) {
    try {
      await close();
    } catch (cause) {
      log("error", "a part did not close", { cause });
    }
  }
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
