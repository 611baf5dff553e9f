/**
 * Makes dist/shadow-template and dist/catalogue.json: `npm run build` runs it after the compiler.
 *
 * initdb takes seconds and opening a prepared directory half of one: no server runs initdb.
 */

import { createHash } from "node:crypto";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dumpCatalogue } from "./dump-catalogue.ts";
import { packFolder } from "./packed-folder.ts";
import { openPGlite } from "./pglite.ts";
import { catalogueFile, FIRST_USER_OID, NEXT_OID, templateDirectory } from "./template.ts";

const SOURCES = ["shadow", "live-facts", "dumped"].map(
  (name) => new URL(`../../sql/${name}.sql`, import.meta.url),
);

/** Raise it when what this file does changes the result. */
const RECIPE = 2;

await buildTemplate();

async function buildTemplate(): Promise<void> {
  const texts = await Promise.all(SOURCES.map(async (file) => await readFile(file, "utf8")));
  const sql = texts.join("\n");
  const stamp = createHash("sha256")
    .update(JSON.stringify([RECIPE, pgliteVersion(), sql]))
    .digest("hex");
  if (await isBuilt(stamp)) return;

  const building = `${templateDirectory}.${process.pid}`;
  try {
    await rm(building, { recursive: true, force: true });
    await mkdir(building, { recursive: true });
    const data = `${building}/data`;
    const catalogue = await fill(data, sql);
    await writeFile(`${building}/files`, await packFolder(data));
    await rm(data, { recursive: true });
    await writeFile(`${building}.json`, catalogue);
    await writeFile(`${building}/stamp`, stamp);
    await install(building, stamp);
  } finally {
    await rm(building, { recursive: true, force: true });
    await rm(`${building}.json`, { force: true });
  }
}

function pgliteVersion(): string {
  const entry = createRequire(import.meta.url).resolve("@electric-sql/pglite");
  const manifest = createRequire(entry)("../package.json") as { readonly version: string };
  return manifest.version;
}

async function isBuilt(stamp: string): Promise<boolean> {
  try {
    await readFile(catalogueFile);
    return (await readFile(`${templateDirectory}/stamp`, "utf8")) === stamp;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw cause;
  }
}

/** @returns the content of catalogue.json. */
async function fill(dataDirectory: string, sql: string): Promise<string> {
  const db = await openPGlite(dataDirectory, { allow_system_table_mods: "on" });
  await db.exec(sql);
  await db.exec(`DO $$BEGIN WHILE ${NEXT_OID}::int8 < ${FIRST_USER_OID - 1} LOOP END LOOP; END$$`);
  const catalogue = await dumpCatalogue(db);
  // A full checkpoint by a clean end: the copy must not need recovery, which would skip OIDs.
  await db.close();
  // Nobody can connect to the other databases, and they are two thirds of what each worker reads.
  for (const unused of ["base/1", "base/4"]) {
    await rm(`${dataDirectory}/${unused}`, { recursive: true });
  }
  return JSON.stringify(catalogue);
}

/** Two builds may run at once: renaming onto a full directory fails, and the first one stays. */
async function install(building: string, stamp: string): Promise<void> {
  await rename(`${building}.json`, catalogueFile);
  const previous = `${building}.old`;
  await rename(templateDirectory, previous).catch(unlessCode("ENOENT"));
  await rm(previous, { recursive: true, force: true });
  await rename(building, templateDirectory).catch(unlessCode("ENOTEMPTY", "EEXIST"));
  if (!(await isBuilt(stamp))) throw new Error(`${templateDirectory} was built from other sources`);
}

function unlessCode(...codes: readonly string[]): (cause: NodeJS.ErrnoException) => void {
  return (cause) => {
    if (!codes.includes(cause.code ?? "")) throw cause;
  };
}
