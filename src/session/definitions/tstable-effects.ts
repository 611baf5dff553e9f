/** What renaming and dropping time-series tables brings with it: their entries and their files. */

import { every } from "../../base/async.ts";
import { log } from "../../base/telemetry.ts";
import type { OwnChange } from "../../catalog/entry.ts";
import type { DefinitionChanges } from "../../postgres/analysis.ts";
import type { ShadowRelation } from "../../postgres/relation.ts";
import type { DefinitionSource } from "../../postgres/view.ts";
import { ownSchema } from "../own-functions.ts";
import type { Services } from "../services.ts";
import { type TstableEntry, tstableEntry } from "../tables.ts";
import { type Effects, NO_EFFECTS } from "./effects.ts";
import type { RelationChange } from "./relation-changes.ts";

/** Drops the functions of dropped tables with them. `known`: all relations before. */
export function dropsOwnFunctions(known: ReadonlyMap<number, ShadowRelation>): DefinitionSource {
  return ({ droppedRelationOids }: DefinitionChanges) =>
    droppedRelationOids
      .filter((oid) => known.get(oid)?.accessMethod === "tstable")
      .map((oid) => ({ sql: `DROP SCHEMA ${ownSchema(oid)} CASCADE`, isOurs: true }));
}

/** undefined: the change is of no time-series table that is there. */
export function tstableEffects(
  { oid, after }: RelationChange,
  services: Services,
  keepFiles: boolean,
): Effects | undefined {
  const entry = services.tables.byOid(oid);
  if (entry === undefined) return undefined;
  if (after === undefined) return dropped(entry, services, keepFiles);
  const { definition, table, directory } = entry;
  return {
    ...NO_EFFECTS,
    install: (tables) => tables.install(tstableEntry(after, definition, table, directory)),
  };
}

function dropped(entry: TstableEntry, services: Services, keepFiles: boolean): Effects {
  const { oid } = entry.info;
  const change: OwnChange = { kind: "drop-tstable", oid, ...(keepFiles && { keepsFiles: true }) };
  return {
    ...NO_EFFECTS,
    changes: [change],
    install: (tables) => tables.remove(oid),
    finish: async () => {
      services.intake.detach(oid);
      await whenUnread(entry, async () => {
        services.engine.forgetFiles(entry.directory);
        await removeFiles(entry, keepFiles, services);
      });
    },
  };
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
  { folders, tables }: Services,
): Promise<void> {
  try {
    if (definition.isExternal) await folders.release(definition.directory);
    else if (!keepFiles) await folders.drop(definition.directory);
  } catch (cause) {
    log("warn", "files of a dropped table not removed", { table: info.name, cause });
  }
  tables.unclaim(folders.absolute(definition.directory));
}
