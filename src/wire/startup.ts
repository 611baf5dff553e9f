/**
 * The first packet of a connection: a cancel request, or the startup packet with its parameters and
 * its `options`.
 */

import { SqlError } from "../base/errors.ts";
import { ByteReader } from "../types/bytes.ts";
import { type ByteSource, fatalViolation, LostStream } from "./frontend.ts";

const PACKET_MAX = 10_004;
const PACKET_MIN = 8;
const CANCEL_REQUEST = 80877102;

/** Newest protocol we speak; 3.2 differs from 3.0 in longer cancel keys. */
const PROTOCOL_LATEST = 0x0003_0002;
export const PROTOCOL_LONG_KEYS = 0x0003_0002;

export interface Startup {
  readonly kind: "startup";
  /** What will be spoken: the lesser of the client's and ours. */
  readonly protocol: number;
  /** The client must be told: it asked for a newer minor version or for unknown options. */
  readonly needsNegotiation: boolean;
  readonly unknownOptions: readonly string[];
  readonly user: string;
  readonly database: string;
  readonly settings: readonly (readonly [string, string])[];
  /** What is wrong with `options`, which is told once it is known who asks. */
  readonly fault: SqlError | undefined;
}

export type StartupPacket =
  | { readonly kind: "cancel"; readonly processId: number; readonly key: Buffer }
  | Startup;

/** @returns undefined when the client has gone; @throws SqlError FATAL */
export async function readStartupPacket(source: ByteSource): Promise<StartupPacket | undefined> {
  const header = await source.take(4);
  if (header === undefined) return undefined;
  const size = header.readInt32BE(0);
  if (size < PACKET_MIN || size > PACKET_MAX) {
    throw new LostStream("invalid length of startup packet");
  }
  const body = await source.take(size - 4);
  return body === undefined ? undefined : decodeStartupPacket(body);
}

/** `body` is the packet without its length. */
function decodeStartupPacket(body: Buffer): StartupPacket {
  const code = body.readInt32BE(0);
  const rest = body.subarray(4);
  if (code === CANCEL_REQUEST) return decodeCancel(rest);
  if (code >> 16 !== 3) {
    const shown = `${(code >>> 16).toString()}.${code & 0xffff}`;
    const message = `unsupported frontend protocol ${shown}: server supports 3.0 to 3.2`;
    // Before 3.0 an error was a line of text.
    if (code >>> 16 < 3) throw new LostStream(message, Buffer.from(`EFATAL:  ${message}\n\0`));
    throw new SqlError("0A000", message, { severity: "FATAL" });
  }
  return decodeParameters(code, rest);
}

function decodeCancel(rest: Buffer): StartupPacket {
  if (rest.length < 5 || rest.length > 4 + 256) {
    throw new LostStream("invalid length of cancel request packet");
  }
  return { kind: "cancel", processId: rest.readInt32BE(0), key: rest.subarray(4) };
}

function decodeParameters(version: number, rest: Buffer): Startup {
  const pairs = readPairs(rest);
  const unknownOptions: string[] = [];
  let commandLine: readonly (readonly [string, string])[] = [];
  let fault: SqlError | undefined;
  const settings: (readonly [string, string])[] = [];
  let user = "";
  let database = "";
  for (const [name, value] of pairs) {
    const key = name.toLowerCase();
    if (key === "user") user = value;
    else if (key === "database") database = value;
    else if (key === "options") {
      try {
        commandLine = parseOptions(value);
      } catch (cause) {
        if (!(cause instanceof SqlError)) throw cause;
        fault = cause;
      }
    } else if (key === "replication") refuseReplication(value);
    else if (name.startsWith("_pq_.")) unknownOptions.push(name);
    else settings.push([key, value]);
  }
  if (user === "") {
    throw new SqlError("28000", "no PostgreSQL user name specified in startup packet", {
      severity: "FATAL",
    });
  }
  return {
    kind: "startup",
    protocol: Math.min(version, PROTOCOL_LATEST),
    needsNegotiation: version > PROTOCOL_LATEST || unknownOptions.length > 0,
    unknownOptions,
    user,
    database: database === "" ? user : database,
    settings: [...commandLine, ...settings], // a parameter of its own wins, as in PostgreSQL
    fault,
  };
}

function readPairs(rest: Buffer): (readonly [string, string])[] {
  const reader = new ByteReader(rest);
  const pairs: (readonly [string, string])[] = [];
  try {
    for (;;) {
      const name = reader.cstring();
      if (name === "") break;
      pairs.push([name, reader.cstring()]);
    }
  } catch (cause) {
    if (!(cause instanceof SqlError)) throw cause;
    const isText = cause.fields.sqlState === "22021";
    throw new SqlError(cause.fields.sqlState, isText ? cause.message : LAYOUT, {
      severity: "FATAL",
      cause,
    });
  }
  if (reader.remaining !== 0) throw fatalViolation(LAYOUT);
  return pairs;
}

const LAYOUT = "invalid startup packet layout: expected terminator as last byte";

function refuseReplication(value: string): void {
  if (/^(?:f|fa|fal|fals|false|n|no|of|off|0)$/i.test(value)) return;
  if (!/^(?:t|tr|tru|true|y|ye|yes|on|1|database)$/i.test(value)) {
    throw new SqlError("22023", `invalid value for parameter "replication": "${value}"`, {
      severity: "FATAL",
      hint: 'Valid values are: "false", 0, "true", 1, "database".',
    });
  }
  throw new SqlError("0A000", "replication connections are not supported", { severity: "FATAL" });
}

/**
 * `-c name=value`, `-cname=value` and `--name=value`, apart by blanks; a backslash keeps the
 * character after it.
 * @throws SqlError FATAL 42601
 */
export function parseOptions(text: string): readonly (readonly [string, string])[] {
  const words = splitOptions(text);
  const settings: (readonly [string, string])[] = [];
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index] as string;
    if (word === "--" && index + 1 === words.length) break;
    const isShort = word === "-c";
    if (isShort) index += 1;
    const setting = isShort ? words[index] : /^(?:-c|--)(.+)/s.exec(word)?.[1];
    if (setting === undefined) throw badOption(word);
    const equals = setting.indexOf("=");
    if (equals < 1) {
      const flag = word.startsWith("--") ? `--${setting}` : `-c ${setting}`;
      throw new SqlError("42601", `${flag} requires a value`, { severity: "FATAL" });
    }
    const name = setting.slice(0, equals).replaceAll("-", "_").toLowerCase();
    settings.push([name, setting.slice(equals + 1)]);
  }
  return settings;
}

function badOption(word: string): SqlError {
  return new SqlError("42601", `invalid command-line argument for server process: ${word}`, {
    severity: "FATAL",
    hint: 'Try "postgres --help" for more information.',
  });
}

function splitOptions(text: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let isEscaped = false;
  for (const character of text) {
    if (isEscaped) {
      word = (word ?? "") + character;
      isEscaped = false;
    } else if (character === "\\") {
      isEscaped = true;
      word ??= "";
    } else if (/[ \t\n\v\f\r]/.test(character)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else word = (word ?? "") + character;
  }
  if (word !== undefined) words.push(word);
  return words;
}
