/**
 * Conversations with a server, as files: what the client sends, and every message it must get.
 *
 *     == name of the script
 *     @b                      from here on over another connection, opened at first use
 *     Q select 1              a message, see wire-frames.ts
 *     = Z                     sends all since the last `=`, reads up to a message of that type
 *     < Z I                   what came, see wire-shown.ts
 *     pg< ..., us< ...        what PostgreSQL 15 sends and what we do, where 18 differs or README says so
 *
 * `= ZZ` reads up to the second; `= .` to the end of the connection, `=` sends and reads nothing.
 * `cancel a` sends a CancelRequest for that connection. A script that sends `startup` itself does
 * so on every connection.
 */

import { after } from "../../src/base/async.ts";
import { frame, int32, RawClient, startup } from "../wire/raw-client.ts";
import { frameOf } from "./wire-frames.ts";
import { shown } from "./wire-shown.ts";

export interface WireScript {
  readonly name: string;
  /** Without what came. */
  readonly lines: readonly string[];
  /** With it. */
  readonly written: readonly string[];
}

export type Side = "pg" | "us";

const CAME = /^(pg|us)?<(?: |$)/;
/** Long enough for a loaded machine; only a wrong server makes anybody wait for it. */
const SILENCE_MS = 30_000;

export function readScripts(file: string): WireScript[] {
  const parts = file.split(/^== /m).slice(1);
  return parts.map((part) => {
    const [name = "", ...rest] = part.trimEnd().split("\n");
    const written = rest.filter((line) => line.trim() !== "");
    const lines = written.filter((line) => !CAME.test(line) && !line.startsWith("#"));
    return { name, written, lines };
  });
}

/** The script with what must come from PostgreSQL, or from us. */
export function expected({ written }: WireScript, side: Side): string[] {
  return written
    .filter((line) => !line.startsWith("#") && (CAME.exec(line)?.[1] ?? side) === side)
    .map((line) => line.replace(/^(?:pg|us)</, "<"));
}

interface Line {
  readonly client: RawClient;
  /** Of BackendKeyData. */
  readonly key: Buffer | undefined;
}

/** The script's lines with what came from the server at `port` between them. */
export async function play({ lines }: WireScript, port: number): Promise<string[]> {
  const isOwnStartup = lines.some((line) => line.startsWith("startup ") || line.startsWith("raw "));
  const open = new Map<string, Line>();
  const current = async (name: string): Promise<Line> => {
    const known = open.get(name);
    if (known !== undefined) return known;
    const made = await connect(port, isOwnStartup);
    open.set(name, made);
    return made;
  };
  const played: string[] = [];
  let name = "a";
  let unsent: Buffer[] = [];
  try {
    for (const line of lines) {
      played.push(line);
      if (line.startsWith("@")) name = line.slice(1);
      else if (line.startsWith("cancel ")) await cancel(port, open.get(line.slice(7))?.key);
      else if (/^=/.test(line)) {
        const { client } = await current(name);
        if (unsent.length > 0) client.send(...unsent);
        unsent = [];
        played.push(...(await answers(client, line.slice(1).trim())));
      } else unsent.push(frameOf(line));
    }
    for (const { client } of open.values()) {
      client.send(frame("X"));
      const rest = await answers(client, ".");
      played.push(...rest.filter((line) => line !== "< closed"));
    }
  } finally {
    for (const { client } of open.values()) client.end();
  }
  return played;
}

async function connect(port: number, isOwnStartup: boolean): Promise<Line> {
  const client = await RawClient.open(port);
  if (isOwnStartup) return { client, key: undefined };
  client.send(startup({ user: "postgres", database: "postgres" }));
  const greeting = await client.until("Z");
  return { client, key: greeting.find(({ type }) => type === "K")?.body };
}

async function cancel(port: number, key: Buffer | undefined): Promise<void> {
  const client = await RawClient.open(port);
  const body = Buffer.concat([int32(80_877_102), key ?? Buffer.alloc(8)]);
  client.send(int32(body.length + 4), body);
  await client.rest();
}

/** `until`: letters of messages to wait for, in that order; `.` for the connection's end. */
async function answers(client: RawClient, until: string): Promise<string[]> {
  const came: string[] = [];
  const silence = after(SILENCE_MS, () => {
    came.push("< (nothing more)");
    client.end();
  });
  try {
    for (let at = 0; at < until.length; ) {
      const message = await client.next();
      if (message === undefined) {
        if (!came.includes("< (nothing more)")) came.push("< closed");
        break;
      }
      came.push(`< ${shown(message)}`);
      if (message.type === "K") sortStatus(came);
      if (message.type === until[at]) at += 1;
    }
  } finally {
    silence.cancel();
  }
  return came;
}

/** Newer than PostgreSQL 15. */
const NEWER = /^< S (?:search_path|scram_iterations)=/;

/** What the server reports at start, whose order nobody promises. */
function sortStatus(came: string[]): void {
  const key = came.pop();
  const isStatus = (line: string) => line.startsWith("< S ");
  const first = came.findIndex(isStatus);
  if (first < 0 || key === undefined) return;
  const status = came.splice(first).filter((line) => !NEWER.test(line));
  came.push(...status.sort(), key);
}
