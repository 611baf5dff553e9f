/**
 * Where a new table's columns come from: written out, a Parquet file's footer, or a table on disk.
 */

import { randomUUID } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { SqlError } from "../base/errors.ts";
import type { NodeObject } from "../compile/node-text.ts";
import type { CreateTstable, QualifiedName } from "../compile/own-statements.ts";
import { splitStatements } from "../compile/split.ts";
import { quoteIdentifier } from "../compile/tokens.ts";
import { readQuery } from "../compile/tree.ts";
import type { TimeUnit } from "../table/format.ts";
import { describeParquet } from "../table/parquet-schema.ts";
import type { Table } from "../table/table.ts";
import { typeText, typeTextOf } from "./column-types.ts";
import type { Execution } from "./execution.ts";
import { columnList, timeUnits } from "./parquet-columns.ts";
import { shifted } from "./prepared.ts";
import { authorize } from "./privileges/authorize.ts";
import { fieldList, writeQueryFile } from "./query-file.ts";
import { refuseConstraints } from "./table-constraints.ts";
import { chooseTimeColumn } from "./time-column.ts";
import { notBuilt } from "./utility.ts";

export interface TableSource {
  /** For PostgreSQL. */
  readonly createText: string;
  /** What to add to a position in `createText` for one in the user's statement. */
  readonly positionShift: number | undefined;
  /** By column name, of timestamps that are not in microseconds. */
  readonly timeUnits?: ReadonlyMap<string, TimeUnit>;
  /** Rows for the new table, in its types; the caller removes the file. */
  readonly file?: string;
  /** An existing table of the shared format, and its folder. */
  readonly adopted?: { readonly table: Table; readonly directory: string };
}

export async function openSource(
  statement: CreateTstable,
  execution: Execution,
): Promise<TableSource> {
  const { services } = execution;
  const { source } = statement;
  switch (source.kind) {
    case "columns":
      return await fromColumns(statement.table, source, execution);
    case "parquet": {
      const [file] = await services.files.files([source.pattern]);
      if (file === undefined) throw new SqlError("58P01", `no file matches "${source.pattern}"`);
      const columns = await describeParquet(file);
      const units = timeUnits(columns);
      return { ...generated(statement.table, columnList(columns)), timeUnits: units };
    }
    case "directory": {
      const directory = await services.files.directory(source.path);
      services.tables.claim(directory);
      try {
        return await adopt(statement, directory, execution);
      } catch (cause) {
        services.tables.unclaim(directory);
        throw cause;
      }
    }
    case "query":
      return await fromQuery(statement, source, execution);
  }
}

async function adopt(
  { table: name }: CreateTstable,
  directory: string,
  { services }: Execution,
): Promise<TableSource> {
  const table = await services.folders.adopt(directory);
  services.engine.forgetFiles(directory);
  try {
    return { ...generated(name, adoptedColumns(table)), adopted: { table, directory } };
  } catch (cause) {
    await services.folders.release(directory);
    throw cause;
  }
}

async function fromColumns(
  table: QualifiedName,
  source: { readonly text: string; readonly start: number },
  { services, settings }: Execution,
): Promise<TableSource> {
  const head = `CREATE TABLE ${nameText(table)} `;
  const createText = `${head}${source.text} USING tstable`;
  const positionShift = source.start - head.length;
  const request = { text: createText, parameterOids: [], settings: settings.shadow };
  const analysis = await services.shadow.analyse(request);
  const create = readQuery(analysis.tree).utilityStmt as NodeObject;
  refuseConstraints(create);
  return { createText, positionShift };
}

/**
 * The query runs before anything is defined: nothing waits for it, and a failure leaves nothing.
 */
async function fromQuery(
  { table, options }: CreateTstable,
  source: { readonly text: string; readonly start: number },
  execution: Execution,
): Promise<TableSource> {
  const { services, settings, signal } = execution;
  const [query] = splitStatements(source.text);
  if (query === undefined) throw new SqlError("42601", "syntax error at end of input");
  const { statement, fields, parameterOids } = await services.preparer
    .prepare(query, [], settings, signal)
    .catch((cause: unknown) => {
      if (!(cause instanceof SqlError)) throw cause;
      throw shifted(cause, { charactersBefore: source.start + query.charactersBefore });
    });
  // The parameters of Bind are not carried into the query.
  if (parameterOids.length > 0) throw new SqlError("42P02", "there is no parameter $1");
  await authorize(statement, execution);
  if (statement.kind !== "select" || fields === undefined) {
    throw notBuilt("CREATE TSTABLE ... AS over this query", "Select from time-series tables.");
  }
  const columns = fields.map((field) => ({
    ...field,
    typeText: typeText(field.typeOid, field.typmod),
  }));
  const { column } = chooseTimeColumn(columns, options.timeColumn);
  const folder = services.folders.absolute(STAGING_FOLDER);
  await mkdir(folder, { recursive: true });
  const file = join(folder, `${randomUUID()}.parquet`);
  const orderBy = [...(options.entityColumns ?? []), column.name];
  const { compression } = options;
  await writeQueryFile(statement.plan, fields, { path: file, orderBy, compression }, execution);
  return { ...generated(table, fieldList(fields)), file };
}

/** Below the folder of tables, where it is no table's: emptied at every start. */
const STAGING_FOLDER = ".staging";

function generated(table: QualifiedName, list: string): TableSource {
  const createText = `CREATE TABLE ${nameText(table)} ${list} USING tstable`;
  return { createText, positionShift: undefined };
}

function nameText({ schema, name }: QualifiedName): string {
  const plain = quoteIdentifier(name);
  return schema === undefined ? plain : `${quoteIdentifier(schema)}.${plain}`;
}

function adoptedColumns(table: Table): string {
  const { schema } = table.snapshot.meta;
  if (schema === undefined) {
    throw new SqlError("55000", "the table has no columns yet", {
      hint: "Append a first file with the library that created it, then adopt it.",
    });
  }
  const columns = schema.map((field) => `${quoteIdentifier(field.name)} ${typeTextOf(field)}`);
  return `(${columns.join(", ")})`;
}
