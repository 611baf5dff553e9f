/** PostgreSQL's WebAssembly, compiled once in a process: threads share what V8 makes of it. */

import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { setFlagsFromString } from "node:v8";

/** A WebAssembly.Module; every thread can be sent one. */
export type MachineCode = object;

declare const WebAssembly: { compile(bytes: Uint8Array): Promise<MachineCode> };

/**
 * How much of a function runs before V8 compiles it again, optimised. PostgreSQL has functions of
 * 100 KB that take half a second of that and are due at once by V8's own measure, which was a third
 * of what a start cost; by this one they are after some hundred statements.
 */
setFlagsFromString("--wasm-tiering-budget=100000000");

let code: Promise<MachineCode> | undefined;

export async function machineCode(): Promise<MachineCode> {
  code ??= compile();
  return await code;
}

async function compile(): Promise<MachineCode> {
  const entry = createRequire(import.meta.url).resolve("@electric-sql/pglite");
  return await WebAssembly.compile(await readFile(join(dirname(entry), "pglite.wasm")));
}
