/**
 * Before each test file: keeps the embedded PostgreSQL's machine code for as long as this process
 * lives. V8 shares it among threads while anybody holds it, so that only the first server of a
 * process waits for it to be compiled.
 */

import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

declare const WebAssembly: { compile(bytes: Uint8Array): Promise<object> };
declare global {
  var pgtideHeldCode: object | undefined;
}

const entry = createRequire(import.meta.url).resolve("@electric-sql/pglite");
globalThis.pgtideHeldCode ??= await WebAssembly.compile(
  await readFile(join(dirname(entry), "pglite.wasm")),
);
