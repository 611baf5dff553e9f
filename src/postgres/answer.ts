/** Reads what the embedded server sends back to one exchange of messages. */

import type {
  BackendMessage,
  CommandCompleteMessage,
  DatabaseError,
  NoticeMessage,
  ReadyForQueryMessage,
  RowDescriptionMessage,
} from "pg-protocol/dist/messages.js";
import { Parser } from "pg-protocol/dist/parser.js";
import { type ErrorFields, type Severity, SqlError } from "../base/errors.ts";
import type { FieldDescription } from "../types/field.ts";
import { unwrapTree } from "./log-wrap.ts";

export interface Answer {
  /** Printed trees, one for each statement parsed. */
  readonly trees: readonly string[];
  readonly parameterOids: readonly number[];
  /** Of the last RowDescription; undefined when there was none. */
  readonly fields: readonly FieldDescription[] | undefined;
  /** Complete DataRow messages, in order. */
  readonly rows: readonly Uint8Array[];
  readonly tags: readonly string[];
  readonly notices: readonly ErrorFields[];
  /** The first error. */
  readonly error: ErrorFields | undefined;
  readonly isParsed: boolean;
  readonly isBound: boolean;
  /** Of the last ReadyForQuery; undefined: none came, so the server is not well. */
  readonly status: string | undefined;
}

const CODE = { row: 0x44, notice: 0x4e, parsed: 0x31, bound: 0x32, parameters: 0x74 };
const TREE_TITLE = Buffer.from("Mrewritten parse tree:\0D");
const HEADER_BYTES = 5;

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };

export function readAnswer(data: Uint8Array): Answer {
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  const parser = new Parser();
  const rows: Uint8Array[] = [];
  const trees: string[] = [];
  const answer: Writable<Answer> = {
    trees,
    parameterOids: [],
    fields: undefined,
    rows,
    tags: [],
    notices: [],
    error: undefined,
    isParsed: false,
    isBound: false,
    status: undefined,
  };
  for (let at = 0; at < bytes.length; ) {
    const end = at + 1 + bytes.readInt32BE(at + 1);
    const message = bytes.subarray(at, end);
    const tree = bytes[at] === CODE.notice ? treeIn(message) : undefined;
    if (bytes[at] === CODE.row) rows.push(message);
    else if (bytes[at] === CODE.parsed) answer.isParsed = true;
    else if (bytes[at] === CODE.bound) answer.isBound = true;
    else if (bytes[at] === CODE.parameters) answer.parameterOids = oidsIn(message);
    else if (tree !== undefined) trees.push(tree);
    else parser.parse(message, (parsed) => take(answer, parsed));
    at = end;
  }
  return answer;
}

/** The parser takes the number of parameters for a signed one. */
function oidsIn(message: Buffer): number[] {
  const count = message.readUInt16BE(HEADER_BYTES);
  const first = HEADER_BYTES + 2;
  return Array.from({ length: count }, (_, index) => message.readUInt32BE(first + index * 4));
}

/** The tree is read as bytes, past the parser: its wraps are counted in bytes. */
function treeIn(notice: Buffer): string | undefined {
  const title = notice.subarray(0, 80).indexOf(TREE_TITLE);
  if (title === -1) return undefined;
  const start = title + TREE_TITLE.length;
  return unwrapTree(notice.subarray(start, notice.indexOf(0, start)));
}

function take(answer: Writable<Answer>, message: BackendMessage): void {
  switch (message.name) {
    case "rowDescription":
      answer.fields = (message as RowDescriptionMessage).fields.map((field) => ({
        name: field.name,
        tableOid: field.tableID,
        columnNumber: field.columnID,
        typeOid: field.dataTypeID,
        typeSize: field.dataTypeSize,
        typmod: field.dataTypeModifier,
        format: field.format === "binary" ? 1 : 0,
      }));
      return;
    case "noData":
      answer.fields = undefined;
      return;
    case "commandComplete":
      answer.tags = [...answer.tags, (message as CommandCompleteMessage).text];
      return;
    case "notice":
      answer.notices = [...answer.notices, errorFields(message as NoticeMessage)];
      return;
    case "error":
      answer.error ??= errorFields(message as DatabaseError);
      return;
    case "readyForQuery":
      answer.status = (message as ReadyForQueryMessage).status;
      return;
    default:
      return; // nothing to learn from the others
  }
}

/** The first column of each row, null for NULL. For statements of our own, in text format. */
export function firstColumn(answer: Answer): readonly (string | null)[] {
  return answer.rows.map((row) => {
    const bytes = Buffer.from(row.buffer, row.byteOffset, row.byteLength);
    const length = bytes.readInt32BE(HEADER_BYTES + 2);
    const start = HEADER_BYTES + 6;
    return length === -1 ? null : bytes.toString("utf8", start, start + length);
  });
}

export function errorOf(fields: ErrorFields): SqlError {
  const { sqlState, message, ...more } = fields;
  return new SqlError(sqlState, message, more);
}

/** By which postgres.js knows to prepare again: the column's type has changed. */
const ASKED_FOR: ReadonlySet<string> = new Set(["transformAssignedExpr"]);

function errorFields(message: DatabaseError | NoticeMessage): ErrorFields {
  const optional = {
    detail: message.detail,
    hint: message.hint,
    position: message.position === undefined ? undefined : Number(message.position),
    where: message.where,
    schema: message.schema,
    table: message.table,
    column: message.column,
    dataType: message.dataType,
    constraint: message.constraint,
    routine: ASKED_FOR.has(message.routine ?? "") ? message.routine : undefined,
  };
  return {
    severity: (message.severity ?? "ERROR") as Severity,
    sqlState: message.code ?? "XX000",
    message: message.message ?? "the embedded server gave no message",
    ...Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined)),
  };
}
