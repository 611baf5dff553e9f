/** Messages of a server as one line each, with everything in them but what must differ. */

import type { Message } from "../wire/raw-client.ts";

/** What differs between servers of one behaviour: where in its source an error was made. */
const HIDDEN_FIELDS = "FLR";
const HIDDEN_STATUS: ReadonlySet<string> = new Set(["server_version", "session_authorization"]);

export function shown({ type, body }: Message): string {
  switch (type) {
    case "Z":
      return `Z ${body.toString()}`;
    case "C":
      return `C ${cstring(body)}`;
    case "T":
      return `T ${rowDescription(body)}`.trimEnd();
    case "D":
      return `D ${cells(body).map(cell).join(" ")}`.trimEnd();
    case "t":
      return `t ${numbers(body).join(" ")}`.trimEnd();
    case "E":
    case "N":
      return `${type} ${fields(body)}`;
    case "S":
      return `S ${status(body)}`;
    case "K":
      return `K ${body.length}`;
    case "A":
      return `A ${body.toString("utf8", 4).slice(0, -1).replace("\0", " ")}`;
    case "G":
    case "H":
      return `${type} ${[...body.subarray(0, 1), ...words(body.subarray(3))].join(" ")}`;
    case "d":
      return `d ${cell(body)}`;
    case "v":
      return `v ${body.toString("hex", 0, 8)} ${body.toString("utf8", 8).replaceAll("\0", " ")}`;
    case "R":
      return `R ${body.readInt32BE(0)}`;
    default:
      return type + (body.length === 0 ? "" : ` ${cell(body)}`);
  }
}

function cstring(body: Buffer): string {
  return body.toString("utf8", 0, body.length - 1);
}

function words(body: Buffer): number[] {
  return Array.from({ length: body.length / 2 }, (_, index) => body.readInt16BE(index * 2));
}

function numbers(body: Buffer): number[] {
  const count = body.readUInt16BE(0);
  return Array.from({ length: count }, (_, index) => body.readUInt32BE(2 + index * 4));
}

/** `name:type:size:typmod:format`, and `:column` where it is one of a table. */
function rowDescription(body: Buffer): string {
  const columns: string[] = [];
  let at = 2;
  for (let left = body.readUInt16BE(0); left > 0; left -= 1) {
    const end = body.indexOf(0, at);
    const name = body.toString("utf8", at, end);
    const table = body.readUInt32BE(end + 1) === 0 ? "" : `:${body.readInt16BE(end + 5)}`;
    const type = body.readUInt32BE(end + 7);
    const size = body.readInt16BE(end + 11);
    const typmod = body.readInt32BE(end + 13);
    columns.push(`${name}:${type}:${size}:${typmod}:${body.readInt16BE(end + 17)}${table}`);
    at = end + 19;
  }
  return columns.join(" ");
}

function cells(body: Buffer): (Buffer | null)[] {
  const all: (Buffer | null)[] = [];
  let at = 2;
  for (let left = body.readInt16BE(0); left > 0; left -= 1) {
    const size = body.readInt32BE(at);
    at += 4;
    all.push(size < 0 ? null : body.subarray(at, at + size));
    at += Math.max(0, size);
  }
  return all;
}

function cell(value: Buffer | null): string {
  if (value === null) return "null";
  const text = value.toString("utf8");
  const isText = Buffer.from(text).equals(value) && !value.some((byte) => byte < 8);
  return isText ? JSON.stringify(text) : `hex:${value.toString("hex")}`;
}

/** In the order they came: `S ERROR V ERROR C 42601 ...`, shortened for the four that are always there. */
function fields(body: Buffer): string {
  const parts = body.toString("utf8").split("\0");
  const kept = parts.filter((part) => part !== "" && !HIDDEN_FIELDS.includes(part[0] ?? ""));
  const [severity, verbatim, code, message, ...others] = kept;
  const head = [severity, verbatim, code, message].map((part) => part?.[0]).join("");
  if (head !== "SVCM" || severity?.slice(1) !== verbatim?.slice(1)) return kept.join(" ");
  const tail = others.map((part) => ` {${part[0]}: ${part.slice(1).replaceAll("\n", "\\n")}}`);
  return `${severity?.slice(1)} ${code?.slice(1)} ${message?.slice(1)}${tail.join("")}`;
}

function status(body: Buffer): string {
  const [name = "", value = ""] = body.toString("utf8").split("\0");
  return HIDDEN_STATUS.has(name) ? `${name}=...` : `${name}=${value}`;
}
