/** Opens all parts in order, listens, and closes them in reverse. */

import { access, constants, mkdir, realpath } from "node:fs/promises";
import { join } from "node:path";
import { deferred, Gate } from "../base/async.ts";
import { log } from "../base/telemetry.ts";
import { Definitions } from "../catalog/definitions.ts";
import { CatalogJournal } from "../catalog/journal.ts";
import { Engine } from "../engine/remote.ts";
import { Shadow } from "../postgres/shadow.ts";
import { Sessions } from "../session/activity.ts";
import { attachmentOf } from "../session/attachment.ts";
import { FileAccess, realFolders, temporaryFolder } from "../session/file-access.ts";
import { ForeignCommits } from "../session/foreign-commits.ts";
import { HeavyGate } from "../session/heavy-gate.ts";
import { Host } from "../session/host.ts";
import { Locks } from "../session/locks.ts";
import { NotificationHub } from "../session/notification-hub.ts";
import { PlainStore } from "../session/plain/store.ts";
import { Preparer } from "../session/prepare.ts";
import { Passwords } from "../session/roles/passwords.ts";
import { RowKeys } from "../session/row-keys.ts";
import { SegmentMerges } from "../session/segment-merges.ts";
import { ServerFacts } from "../session/server-facts.ts";
import type { Services } from "../session/services.ts";
import { SettingCheck } from "../session/setting-check.ts";
import { Tables, tstableEntry } from "../session/tables.ts";
import { Transactions } from "../session/transactions.ts";
import { openLocalStore } from "../storage/local-store.ts";
import { StoreError } from "../table/error.ts";
import { Warehouse } from "../table/warehouse.ts";
import { Listener } from "../wire/listener.ts";
import { type Config, ConfigError, heavyStatementsDefault } from "./config.ts";
import { openIntake } from "./intake.ts";
import { Security } from "./security.ts";
import { serverSettings } from "./server-settings.ts";

/** How long running statements may go on after SIGTERM. */
const STOP_GRACE_MS = 10_000;

/** Which part of the memory that queries may take large messages may take besides. */
const MESSAGES_SHARE = 4;

export interface RunningServer {
  readonly host: string;
  readonly port: number;
  /**
   * Settles with the cause when nothing more may be acknowledged: the process has to end at once.
   */
  readonly failed: Promise<unknown>;
  /** Reads certificates and rules again. What cannot be read stays as it was, and is logged. */
  reload(): void;
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
    const failure = deferred<unknown>();
    const services = await openServices(config, closers, (cause) => {
      log("error", "the server must stop", { cause });
      failure.resolve(cause);
    });
    const security = await Security.open(config, password, services);
    const reload = () => {
      security.reload();
      services.server.configuredAt = new Date().toISOString();
    };
    services.server.reload = reload;
    services.server.rules = () => security.ruleRows();
    // Nobody is served before the port is known.
    services.server.settings = serverSettings(config, config.port);
    const listener = await Listener.open({
      hostname: config.host,
      port: config.port,
      host: new Host(services),
      authenticator: security,
      tls: security.tls,
      connectionsMax: config.maxConnections,
      connectionsReserved: config.reservedConnections ?? Math.min(3, config.maxConnections - 1),
      limits: {
        startupTimeoutMs: (config.authenticationSeconds ?? 60) * 1000,
        allMessagesBytesMax: Math.floor(config.memoryBytes / MESSAGES_SHARE),
      },
    });
    services.server.settings = serverSettings(config, listener.port);
    closers.push(async () => await listener.stop(STOP_GRACE_MS));
    return {
      host: config.host,
      port: listener.port,
      failed: failure.promise,
      reload,
      stop: async () => await closeAll(closers),
    };
  } catch (cause) {
    await closeAll(closers);
    throw cause;
  }
}

async function openServices(
  config: Config,
  closers: Closers,
  fail: (cause: unknown) => void,
): Promise<Services> {
  const folder = await dataFolders(config.data);
  const engine = await Engine.open({
    memoryLimitBytes: config.memoryBytes,
    threads: config.threads,
    tempDirectory: join(config.data, "cache", "spill"),
    temporaryBytesMax: config.temporaryBytesMax,
    allowedDirectories: [
      ...(await realFolders([...config.allowPaths, temporaryFolder(await realpath(config.data))])),
      folder.tables,
    ],
    lockFile: join(config.data, "LOCK"),
    plainFile: join(config.data, "plain.duckdb"),
  });
  closers.push(async () => await engine.close());
  // Nothing is read before the folder is ours.
  const journal = await CatalogJournal.open(openLocalStore(folder.catalog));
  const { intake, walId, earlierWalIds, close } = await openIntake(
    folder.wal,
    config.memoryBytes,
    fail,
  );
  const transactions = await Transactions.open(engine);
  // May add an entry to the journal.
  await transactions.settle(intake, journal);
  const definitions = new Definitions(journal.entries());
  const shadow = await Shadow.start({ definitions: journal.entries() });
  closers.push(async () => await shadow.close());
  const folders = new Warehouse(folder.tables, { walId, earlierWalIds });
  const tables = new Tables(shadow);
  const locks = new Locks();
  const plain = await PlainStore.open(engine, locks, shadow.relations().values());
  closers.push(async () => await plain.close());
  await removeOrphans(folders, definitions);
  await openTables(tables, folders, definitions, shadow);
  for (const entry of tables.all()) intake.attach(entry.info.oid, attachmentOf(entry, engine));
  intake.attachedAll((oid) => definitions.tstable(oid) !== undefined);
  closers.push(close);
  closers.push(new SegmentMerges({ tables, intake, locks }).start());
  const notifications = new NotificationHub();
  const foreign = new ForeignCommits(tables, notifications, (id) => id === walId);
  closers.push(foreign.start());
  return {
    shadow,
    definer: shadow,
    engine,
    journal,
    tables,
    folders,
    intake,
    transactions,
    gate: new Gate(),
    heavyGate: new HeavyGate(config.heavyStatements ?? heavyStatementsDefault(config.threads)),
    fail,
    locks,
    rowKeys: new RowKeys(),
    passwords: new Passwords(definitions),
    plain,
    preparer: new Preparer(shadow, tables),
    settingCheck: new SettingCheck(shadow),
    files: await FileAccess.open(engine, config.allowPaths, config.data),
    sessions: new Sessions(),
    server: new ServerFacts(),
    notifications,
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
    await mkdir(data, { recursive: true });
    // What passwords are checked against is written to these.
    for (const path of [folders.catalog, folders.wal]) {
      await mkdir(path, { recursive: true, mode: 0o700 });
    }
    for (const path of [folders.tables, folders.cache]) await mkdir(path, { recursive: true });
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
