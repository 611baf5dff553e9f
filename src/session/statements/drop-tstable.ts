/** DROP TSTABLE and DROP TABLE: the journal entry decides, the files go afterwards. */

import { every } from "../../base/async.ts";
import { type ErrorFields, SqlError } from "../../base/errors.ts";
import { log } from "../../base/telemetry.ts";
import type { OwnChange } from "../../catalog/entry.ts";
import type { DropTstable } from "../../compile/own-statements.ts";
import { quoteIdentifier } from "../../compile/tokens.ts";
import type { Execution, Result } from "../execution.ts";
import { ownSchema } from "../own-functions.ts";
import type { TstableEntry } from "../tables.ts";
import { requireAlone, requireWritable } from "../write-rules.ts";

export async function dropTstable(statement: DropTstable, execution: Execution): Promise<Result> {
  requireWritable("DROP TABLE", execution);
  requireAlone("DROP TABLE", execution);
  const notices: ErrorFields[] = [];
  const entries = new Set<TstableEntry>();
  for (const table of statement.tables) {
    const entry = findTable(table, statement.ifExists, execution);
    if (entry !== undefined) entries.add(entry);
    else notices.push(missingNotice(table.name));
  }
  if (entries.size > 0) await drop([...entries], statement, execution);
  return { kind: "done", tag: "DROP TABLE", notices };
}

/** undefined: there is none, and that is allowed. */
function findTable(
  table: DropTstable["tables"][number],
  ifExists: boolean,
  { services, settings }: Execution,
): TstableEntry | undefined {
  const relation = services.tables.findRelation(table, settings);
  if (relation === undefined) {
    if (ifExists) return undefined;
    throw missing(table.name);
  }
  return services.tables.require(table, settings);
}

function missing(name: string): SqlError {
  return new SqlError("42P01", `table "${name}" does not exist`);
}

function missingNotice(name: string): ErrorFields {
  const message = `table "${name}" does not exist, skipping`;
  return { severity: "NOTICE", sqlState: "00000", message };
}

async function drop(
  entries: readonly TstableEntry[],
  statement: DropTstable,
  { services, settings }: Execution,
): Promise<void> {
  const names = entries.map(
    ({ info }) => `${quoteIdentifier(info.schema)}.${quoteIdentifier(info.name)}`,
  );
  const behaviour = statement.isCascade ? " CASCADE" : "";
  const ours = () => {
    // Another session's DROP may have been first, and the name may be another table's by now.
    const gone = entries.find((entry) => services.tables.byOid(entry.info.oid) !== entry);
    if (gone !== undefined) throw missing(gone.info.name);
    return entries.map(({ info }) => ({
      sql: `DROP SCHEMA ${ownSchema(info.oid)} CASCADE`,
      isOurs: true,
    }));
  };
  await services.shadow.define(
    [ours, `DROP TABLE ${names.join(", ")}${behaviour}`],
    settings.shadow,
    async ({ definition }) => {
      const changes = entries.map(
        ({ info }): OwnChange => ({
          kind: "drop-tstable",
          oid: info.oid,
          ...(statement.keepFiles && { keepsFiles: true }),
        }),
      );
      await services.journal.append({ ...definition, changes });
      for (const { info } of entries) {
        services.tables.remove(info.oid);
        services.intake.detach(info.oid);
      }
    },
  );
  for (const entry of entries) {
    await whenUnread(entry, async () => {
      services.engine.forgetFiles(entry.directory);
      await removeFiles(entry, statement.keepFiles, services);
    });
  }
}

/** Statements that began before go on: the files stay until the last of them has ended. */
async function whenUnread({ table }: TstableEntry, act: () => Promise<void>): Promise<void> {
  if (table.leasedVersions().length === 0) return await act();
  const watch = every(UNREAD_POLL_MS, () => {
    if (table.leasedVersions().length > 0) return;
    watch.cancel();
    // removeFiles has caught and logged whatever can go wrong.
    act().catch((cause: unknown) => log("error", "internal error", { cause }));
  });
}

const UNREAD_POLL_MS = 200;

/** Decided already: files that cannot be removed now are removed at the next start. */
async function removeFiles(
  { definition, info }: TstableEntry,
  keepFiles: boolean,
  { folders, tables }: Execution["services"],
): Promise<void> {
  try {
    if (definition.isExternal) await folders.release(definition.directory);
    else if (!keepFiles) await folders.drop(definition.directory);
  } catch (cause) {
    log("warn", "files of a dropped table not removed", { table: info.name, cause });
  }
  tables.unclaim(folders.absolute(definition.directory));
}
