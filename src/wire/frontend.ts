/**
 * What the messages of a client say, once their frames are there.
 * https://www.postgresql.org/docs/current/protocol-message-formats.html
 */

import { SqlError } from "../base/errors.ts";
import { ByteReader } from "../types/bytes.ts";
import type { Frame } from "./frame-reader.ts";

export type FrontendMessage =
  | { readonly kind: "query"; readonly text: string }
  | {
      readonly kind: "parse";
      readonly name: string;
      readonly text: string;
      readonly parameterOids: readonly number[];
    }
  | {
      readonly kind: "bind";
      readonly portal: string;
      readonly statement: string;
      /** As sent: whether they mean anything is the session's to say. */
      readonly parameterFormats: readonly number[];
      readonly parameters: readonly (Uint8Array | null)[];
      readonly resultFormats: readonly number[];
      readonly fault?: { readonly at: number; readonly cause: SqlError };
    }
  | { readonly kind: "describe" | "close"; readonly target: Target; readonly name: string }
  | { readonly kind: "execute"; readonly portal: string; readonly maxRows: number }
  | { readonly kind: "flush" | "sync" | "terminate" | "function-call" | "copy" };

export type Target = "statement" | "portal";

/** Anything that takes bytes in the order they come; SocketInput is one. */
export interface ByteSource {
  take(size: number): Promise<Buffer | undefined>;
}

/** A violation after which the stream of bytes cannot be followed any further. */
export function fatalViolation(message: string, detail?: string): SqlError {
  return new SqlError("08P01", message, { severity: "FATAL", ...(detail && { detail }) });
}

/** A message of a length that none has: PostgreSQL ends the connection without a word. */
export class LostStream extends Error {
  override readonly name = "LostStream";
  /** Sent as they stand: the client does not speak our protocol. */
  readonly lastWords: Buffer;

  constructor(message: string, lastWords = Buffer.alloc(0)) {
    super(message);
    this.lastWords = lastWords;
  }
}

/** @throws SqlError 08P01, 22021, 22023: an ordinary error, the connection goes on */
export function decodeFrame({ type, body, fault }: Frame): FrontendMessage {
  if (fault !== undefined) throw fault;
  const reader = new ByteReader(body);
  const message = decodeBody(type, reader);
  const isFaulty = message.kind === "bind" && message.fault !== undefined;
  if (message.kind !== "copy" && message.kind !== "function-call" && !isFaulty) reader.end();
  return message;
}

function decodeBody(type: string, reader: ByteReader): FrontendMessage {
  switch (type) {
    case "Q":
      return { kind: "query", text: reader.cstring() };
    case "P":
      return decodeParse(reader);
    case "B":
      return decodeBind(reader);
    case "D":
      return { kind: "describe", target: decodeTarget(reader, "DESCRIBE"), name: reader.cstring() };
    case "C":
      return { kind: "close", target: decodeTarget(reader, "CLOSE"), name: reader.cstring() };
    case "E":
      // A negative row limit means none, as in PostgreSQL.
      return {
        kind: "execute",
        portal: reader.cstring(),
        maxRows: Math.max(0, reader.int32()),
      };
    case "H":
      return { kind: "flush" };
    case "S":
      return { kind: "sync" };
    case "X":
      return { kind: "terminate" };
    case "F":
      return { kind: "function-call" };
    case "d":
    case "c":
    case "f":
      return { kind: "copy" };
    default:
      throw fatalViolation(`invalid frontend message type ${type.charCodeAt(0)}`);
  }
}

function decodeParse(reader: ByteReader): FrontendMessage {
  const name = reader.cstring();
  const text = reader.cstring();
  const parameterOids = list(reader, 4, () => reader.uint32());
  return { kind: "parse", name, text, parameterOids };
}

function decodeBind(reader: ByteReader): FrontendMessage {
  const portal = reader.cstring();
  const statement = reader.cstring();
  const parameterFormats = list(reader, 2, () => reader.int16());
  const count = reader.uint16();
  const parameters = new Array<Uint8Array | null>(count).fill(null);
  const head = { kind: "bind", portal, statement, parameterFormats, parameters } as const;
  let at = 0;
  try {
    for (; at < count; at += 1) parameters[at] = parameter(reader);
  } catch (cause) {
    // Told when the parameters before have been read, in PostgreSQL's order.
    if (cause instanceof SqlError) return { ...head, resultFormats: [], fault: { at, cause } };
    throw cause;
  }
  return { ...head, resultFormats: list(reader, 2, () => reader.int16()) };
}

/** The count is checked against the bytes that are there before anything is made of it. */
function list<T>(reader: ByteReader, sizeMin: number, read: () => T): T[] {
  const count = reader.uint16();
  if (count * sizeMin > reader.remaining) {
    throw new SqlError("08P01", "insufficient data left in message");
  }
  const all: T[] = [];
  for (let index = 0; index < count; index += 1) all.push(read());
  return all;
}

function parameter(reader: ByteReader): Uint8Array | null {
  const size = reader.int32();
  return size === -1 ? null : reader.bytes(size);
}

function decodeTarget(reader: ByteReader, verb: string): Target {
  const code = reader.uint8();
  if (code === 0x53) return "statement";
  if (code === 0x50) return "portal";
  throw new SqlError("08P01", `invalid ${verb} message subtype ${code}`);
}
