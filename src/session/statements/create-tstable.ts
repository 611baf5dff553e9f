/**
 * CREATE TSTABLE: the definition in the embedded PostgreSQL, an empty table (or an adopted one) in
 * the store, and the journal entry that decides. Until that entry is durable nothing of it exists.
 */

import { rm } from "node:fs/promises";
import { type ErrorFields, SqlError } from "../../base/errors.ts";
import { log } from "../../base/telemetry.ts";
import type { TstableDefinition } from "../../catalog/entry.ts";
import type { CreateTstable } from "../../compile/own-statements.ts";
import { quoteIdentifier } from "../../compile/tokens.ts";
import type { DefinitionChanges } from "../../postgres/analysis.ts";
import type { ShadowRelation } from "../../postgres/relation.ts";
import { type AppendResult, appendFiles } from "../../table/append.ts";
import type { IndexSpec } from "../../table/format.ts";
import type { Table } from "../../table/table.ts";
import { folderName } from "../../table/warehouse.ts";
import { commitOf } from "../append-result.ts";
import { attachmentOf } from "../attachment.ts";
import { bucketText, DEFAULT_BUCKET, indexKind } from "../bucket-option.ts";
import { entityType, logicalField, type TypedColumn, typeText } from "../column-types.ts";
import { notifyCommit } from "../commit-notice.ts";
import { coverageSignatures } from "../coverage-signatures.ts";
import { define } from "../definitions/define.ts";
import { type Effects, isUnknown, NO_EFFECTS } from "../definitions/effects.ts";
import type { Execution, Result } from "../execution.ts";
import { entityOfKey, requireKeepable } from "../row-key.ts";
import { STORE_SCHEMA } from "../store-relations.ts";
import { tstableEntry } from "../tables.ts";
import { chooseTimeColumn } from "../time-column.ts";
import { optionsStatement } from "../tstable-options.ts";
import { openSource, type TableSource } from "../tstable-source.ts";
import { requireWritable } from "../write-rules.ts";

/** Everything the options and columns come to, before anything is made. */
interface Design {
  readonly relation: ShadowRelation;
  readonly columns: readonly TypedColumn[];
  readonly time: TypedColumn;
  readonly entities: readonly TypedColumn[];
  readonly index: IndexSpec;
  readonly bucket: string;
  readonly notices: readonly ErrorFields[];
}

export async function createTstable(
  statement: CreateTstable,
  execution: Execution,
): Promise<Result> {
  requireWritable("CREATE TSTABLE", execution);
  if (statement.table.schema === STORE_SCHEMA) {
    throw new SqlError("42501", `permission denied for schema ${STORE_SCHEMA}`);
  }
  const existing = existingRelation(statement, execution);
  if (existing !== undefined) return existing;
  const source = await openSource(statement, execution);
  try {
    return await defineTable(statement, source, execution);
  } finally {
    if (source.file !== undefined) await rm(source.file, { force: true });
  }
}

async function defineTable(
  statement: CreateTstable,
  source: TableSource,
  execution: Execution,
): Promise<Result> {
  let design: Design | undefined;
  const ours = (changes: DefinitionChanges) => {
    design = designOf(statement, source, changes);
    const options = definitionOf(statement, design, "", source);
    return [
      ...ownStatements(design, source).map((sql) => ({ sql, isOurs: true })),
      optionsStatement(design.relation, options),
    ];
  };
  let filled: AppendResult | undefined;
  const folder = new MadeFolder(source, execution);
  const judge = async ({ relations }: DefinitionChanges) => {
    if (design === undefined) throw new SqlError("42P16", "the statement defines no table");
    const made = await makeTable(design, source, execution);
    folder.made = made.directory;
    if (source.file !== undefined) filled = await fill(made.table, source.file, execution);
    const relation = relations.find(({ oid }) => oid === design?.relation.oid);
    const described = { ...design, relation: relation ?? design.relation };
    const effects = madeEffects(statement, source, described, made, execution);
    const undo = async () => {
      await effects.undo();
      await folder.remove();
    };
    return [{ ...effects, undo }, noticeOf(filled, described.relation.oid, execution)];
  };
  const sources = [source.createText, ours];
  const request = { command: "CREATE TSTABLE", sources, makesTstables: true, judge } as const;
  const step = await define(request, execution).catch(async (cause: unknown) => {
    // When nobody knows whether the entry was written, the table may be there after a restart.
    if (!isUnknown(cause)) await folder.remove();
    throw shifted(cause, source);
  });
  const tag = filled === undefined ? "CREATE TABLE" : `SELECT ${rowsOf(filled)}`;
  return { kind: "done", tag, notices: [...step.notices, ...(design?.notices ?? [])] };
}

function madeEffects(
  statement: CreateTstable,
  source: TableSource,
  design: Design,
  { table, directory }: { readonly table: Table; readonly directory: string },
  { services }: Execution,
): Effects {
  const definition = definitionOf(statement, design, directory, source);
  requireKeepable(design.relation, definition);
  const path = services.folders.absolute(directory);
  const entry = tstableEntry(design.relation, definition, table, path);
  const { oid } = entry.info;
  services.intake.attach(oid, attachmentOf(entry, services.engine));
  return {
    ...NO_EFFECTS,
    changes: [{ kind: "put-tstable", table: definition }],
    install: (tables) => tables.install(entry),
    undo: () => {
      services.intake.detach(oid);
      return Promise.resolve();
    },
  };
}

/** Those who listen hear of the rows of CREATE TSTABLE ... AS. */
function noticeOf(
  filled: AppendResult | undefined,
  oid: number,
  { processId, services }: Execution,
): Effects {
  const commit = filled && commitOf(filled, "CREATE", processId);
  const finish = () => {
    const entry = services.tables.byOid(oid);
    if (entry && commit) notifyCommit(services.notifications, entry, commit);
    return Promise.resolve();
  };
  return { ...NO_EFFECTS, finish };
}

/** What was made or taken for a table that may not come to be. */
class MadeFolder {
  readonly #source: TableSource;
  readonly #execution: Execution;
  #isRemoved = false;
  made: string | undefined;

  constructor(source: TableSource, execution: Execution) {
    this.#source = source;
    this.#execution = execution;
  }

  async remove(): Promise<void> {
    if (this.#isRemoved) return;
    this.#isRemoved = true;
    const { folders, tables } = this.#execution.services;
    const { adopted } = this.#source;
    try {
      if (adopted !== undefined) {
        await folders.release(adopted.directory);
        tables.unclaim(adopted.directory);
      } else if (this.made !== undefined) {
        await folders.drop(this.made);
      }
    } catch (cause) {
      log("warn", "the folder of a table that was not created is left", { cause });
    }
  }
}

/** Positions of PostgreSQL's errors in the column list, as the user wrote it. */
function shifted(cause: unknown, { positionShift }: TableSource): unknown {
  if (!(cause instanceof SqlError) || cause.fields.position === undefined) return cause;
  const { sqlState, message, position, ...fields } = cause.fields;
  const moved = positionShift === undefined ? {} : { position: position + positionShift };
  return new SqlError(sqlState, message, { ...fields, ...moved, cause });
}

/** IF NOT EXISTS compares nothing, as in PostgreSQL. Without it PostgreSQL itself complains. */
function existingRelation(
  { ifNotExists, table }: CreateTstable,
  { services, settings }: Execution,
): Result | undefined {
  if (!ifNotExists) return undefined;
  const schema = table.schema ?? services.tables.currentSchema(settings);
  if (services.tables.findRelation({ schema, name: table.name }, settings) === undefined) {
    return undefined;
  }
  const message = `relation "${table.name}" already exists, skipping`;
  const notice: ErrorFields = { severity: "NOTICE", sqlState: "42P07", message };
  return { kind: "done", tag: "CREATE TABLE", notices: [notice] };
}

function designOf(
  statement: CreateTstable,
  source: TableSource,
  changes: DefinitionChanges,
): Design {
  const relation = changes.relations.find(({ relkind }) => relkind === "r");
  if (relation === undefined) throw new SqlError("42P16", "the statement defines no table");
  const columns = relation.columns.map((column) => ({
    ...column,
    typeText: typeText(column.typeOid, column.typmod),
  }));
  const { options } = statement;
  const adopted = source.adopted?.table.snapshot.meta.index;
  const chosen = chooseTimeColumn(columns, options.timeColumn ?? adopted?.column);
  const time = chosen.column;
  const byKey = adopted === undefined ? entityOfKey(relation, time.name) : undefined;
  const names = options.entityColumns ?? adopted?.entityColumns ?? byKey ?? [];
  const entities = names.map((name) => entityColumn(name, columns, time));
  if (new Set(entities).size !== entities.length) {
    throw new SqlError("42P16", "an entity column is named twice");
  }
  const bucket =
    adopted === undefined
      ? indexKind(options.bucket, options.timeZone, time.typeOid)
      : { kind: adopted.kind, notices: [] };
  return {
    relation,
    columns,
    time,
    entities,
    index: {
      column: time.name,
      entityColumns: entities.map(({ name }) => name),
      kind: bucket.kind,
    },
    bucket: options.bucket?.toString() ?? (adopted ? bucketText(adopted.kind) : DEFAULT_BUCKET),
    notices: [...chosen.notices, ...bucket.notices, ...entityNotices(byKey, options.entityColumns)],
  };
}

/** Somebody may have meant something else by the key's columns. */
function entityNotices(
  byKey: readonly string[] | undefined,
  stated: readonly string[] | undefined,
): readonly ErrorFields[] {
  if (stated !== undefined || byKey === undefined || byKey.length === 0) return [];
  const list = byKey.map((name) => `"${name}"`).join(", ");
  const message = `using key column${byKey.length === 1 ? "" : "s"} ${list} as entity`;
  return [{ severity: "NOTICE", sqlState: "00000", message }];
}

function entityColumn(
  name: string,
  columns: readonly TypedColumn[],
  time: TypedColumn,
): TypedColumn {
  const column = columns.find((candidate) => candidate.name === name);
  if (column === undefined) throw new SqlError("42703", `entity column "${name}" does not exist`);
  if (column === time) {
    throw new SqlError("42P16", `column "${name}" cannot be both time and entity column`);
  }
  entityType(column);
  return column;
}

/**
 * Keys are never NULL, but for the time of adopted rows; each table has coverage functions with its
 * own types.
 */
function ownStatements({ relation, time, entities }: Design, source: TableSource): string[] {
  const name = `${quoteIdentifier(relation.schema)}.${quoteIdentifier(relation.name)}`;
  const adopted = source.adopted?.table.snapshot.meta.schema?.find(
    (field) => field.name === time.name,
  );
  const neverNull = adopted?.nullable === true ? entities : [time, ...entities];
  const keys = neverNull.map(
    (column) => `ALTER COLUMN ${quoteIdentifier(column.name)} SET NOT NULL`,
  );
  const isInteger = /^(smallint|integer|bigint|int[248])$/.test(time.typeText);
  return [
    ...(keys.length > 0 ? [`ALTER TABLE ${name} ${keys.join(", ")}`] : []),
    ...coverageSignatures(relation.oid, {
      time: time.typeText,
      distance: isInteger ? "bigint" : "interval",
      entities: entities.map((column) => ({ name: column.name, type: column.typeText })),
    }),
  ];
}

async function makeTable(
  design: Design,
  source: TableSource,
  { services }: Execution,
): Promise<{ readonly table: Table; readonly directory: string }> {
  if (source.adopted !== undefined) return source.adopted;
  const { relation, columns, time, index } = design;
  const directory = folderName(relation.oid, relation.name);
  const schema = columns.map((column) =>
    logicalField(column, column === time, source.timeUnits?.get(column.name)),
  );
  return { table: await services.folders.create(directory, { index, schema }), directory };
}

/** The rows of CREATE TSTABLE ... AS. */
async function fill(table: Table, file: string, execution: Execution): Promise<AppendResult> {
  const request = { files: [file], overlap: "allow", operation: "CREATE" } as const;
  return await appendFiles(table, execution.services.engine, request, execution.signal);
}

function rowsOf({ files }: AppendResult): number {
  return files.reduce((sum, { rows }) => sum + rows, 0);
}

function definitionOf(
  { options }: CreateTstable,
  { relation, time, entities, bucket }: Design,
  directory: string,
  source: TableSource,
): TstableDefinition {
  const number = (column: TypedColumn) =>
    relation.columns.find(({ name }) => name === column.name)?.number ?? 0;
  return {
    oid: relation.oid,
    directory,
    isExternal: source.adopted !== undefined,
    timeColumn: number(time),
    entityColumns: entities.map(number),
    bucket,
    overlap: options.overlap ?? "reject",
    grain: options.grain ?? "auto",
    options: {},
    ...(options.timeZone === undefined ? {} : { timeZone: options.timeZone }),
    ...(options.compression === undefined ? {} : { compression: options.compression }),
  };
}
