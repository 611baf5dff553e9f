/**
 * Messages of the server, encoded; rows come encoded already.
 * https://www.postgresql.org/docs/current/protocol-message-formats.html
 */

import type { ErrorFields } from "../base/errors.ts";
import type { Notification, TransactionStatus } from "../session/results.ts";
import { ByteWriter } from "../types/bytes.ts";
import type { FieldDescription } from "../types/field.ts";

function message(type: string, body?: ByteWriter): Buffer {
  const size = body?.length ?? 0;
  const writer = new ByteWriter(5 + size).text(type).int32(4 + size);
  return body === undefined ? writer.finish() : writer.bytes(body.finish()).finish();
}

export const authenticationOk = message("R", new ByteWriter().int32(0));

export const authenticationCleartext = message("R", new ByteWriter().int32(3));

export function authenticationMd5(salt: Uint8Array): Buffer {
  return message("R", new ByteWriter().int32(5).bytes(salt));
}

export function authenticationSasl(mechanisms: readonly string[]): Buffer {
  const body = new ByteWriter().int32(10);
  for (const mechanism of mechanisms) body.cstring(mechanism);
  return message("R", body.uint8(0));
}

export function authenticationSaslContinue(data: string): Buffer {
  return message("R", new ByteWriter().int32(11).text(data));
}

export function authenticationSaslFinal(data: string): Buffer {
  return message("R", new ByteWriter().int32(12).text(data));
}

/** `version` is the newest the server speaks of what was asked: major in the upper half. */
export function negotiateProtocolVersion(version: number, options: readonly string[]): Buffer {
  const body = new ByteWriter().int32(version).int32(options.length);
  for (const option of options) body.cstring(option);
  return message("v", body);
}

export function parameterStatus(name: string, value: string): Buffer {
  return message("S", new ByteWriter().cstring(name).cstring(value));
}

/** The key has 4 bytes, from protocol 3.2 on up to 256. */
export function backendKeyData(processId: number, key: Uint8Array): Buffer {
  return message("K", new ByteWriter().int32(processId).bytes(key));
}

export function readyForQuery(status: TransactionStatus): Buffer {
  return READY[status];
}

const READY: Readonly<Record<TransactionStatus, Buffer>> = {
  I: message("Z", new ByteWriter().text("I")),
  T: message("Z", new ByteWriter().text("T")),
  E: message("Z", new ByteWriter().text("E")),
};

export const parseComplete = message("1");
export const bindComplete = message("2");
export const closeComplete = message("3");
export const noData = message("n");
export const portalSuspended = message("s");
export const emptyQueryResponse = message("I");

export function parameterDescription(oids: readonly number[]): Buffer {
  const body = new ByteWriter().uint16(oids.length);
  for (const oid of oids) body.uint32(oid);
  return message("t", body);
}

export function rowDescription(fields: readonly FieldDescription[]): Buffer {
  const body = new ByteWriter(64 * (fields.length + 1)).uint16(fields.length);
  for (const field of fields) {
    body.cstring(field.name);
    body.uint32(field.tableOid).int16(field.columnNumber); // 0 and 0 for an expression
    body.uint32(field.typeOid).int16(field.typeSize).int32(field.typmod);
    body.int16(field.format);
  }
  return message("T", body);
}

export function commandComplete(tag: string): Buffer {
  return message("C", new ByteWriter().cstring(tag));
}

export interface CopyFormats {
  /** 0: lines of text, 1: binary. */
  readonly format: 0 | 1;
  readonly columnFormats: readonly (0 | 1)[];
}

export function copyInResponse(formats: CopyFormats): Buffer {
  return message("G", copyFormats(formats));
}

export function copyOutResponse(formats: CopyFormats): Buffer {
  return message("H", copyFormats(formats));
}

function copyFormats({ format, columnFormats }: CopyFormats): ByteWriter {
  const body = new ByteWriter().uint8(format).uint16(columnFormats.length);
  for (const one of columnFormats) body.int16(one);
  return body;
}

/** What stands before a payload of that size. */
export function copyDataHeader(sizeBytes: number): Buffer {
  return new ByteWriter(5)
    .text("d")
    .int32(4 + sizeBytes)
    .finish();
}

export const copyDone = message("c");

export function notificationResponse({ processId, channel, payload }: Notification): Buffer {
  return message("A", new ByteWriter().int32(processId).cstring(channel).cstring(payload));
}

export function errorResponse(fields: ErrorFields): Buffer {
  return message("E", fieldsOf(fields));
}

export function noticeResponse(fields: ErrorFields): Buffer {
  return message("N", fieldsOf(fields));
}

/** In PostgreSQL's order; S and V differ only where messages are translated. */
function fieldsOf(fields: ErrorFields): ByteWriter {
  const body = new ByteWriter(256);
  const coded: readonly (readonly [string, string | number | undefined])[] = [
    ["S", fields.severity],
    ["V", fields.severity],
    ["C", fields.sqlState],
    ["M", fields.message],
    ["D", fields.detail],
    ["H", fields.hint],
    ["W", fields.where],
    ["s", fields.schema],
    ["t", fields.table],
    ["c", fields.column],
    ["d", fields.dataType],
    ["n", fields.constraint],
    ["P", fields.position],
    ["R", fields.routine],
  ];
  for (const [code, value] of coded) {
    if (value !== undefined) body.text(code).cstring(String(value));
  }
  return body.uint8(0);
}
