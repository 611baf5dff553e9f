/**
 * One line of a wire script as the bytes a client sends: the message's letter, then its fields by
 * blanks; `-` is the empty name, the last field goes to the end of the line.
 */

import {
  close,
  describe,
  execute,
  flush,
  frame,
  int16,
  int32,
  query,
  startup,
  sync,
  terminate,
  text,
} from "../wire/raw-client.ts";

/** `hex...` for bytes, else text with JSON's escapes where it begins with a quote. */
function bytes(written: string): Buffer {
  if (written.startsWith("hex:")) return Buffer.from(written.slice(4), "hex");
  return Buffer.from(plain(written));
}

function plain(written: string): string {
  return written.startsWith('"') ? (JSON.parse(written) as string) : written;
}

const name = (written: string | undefined) =>
  written === undefined || written === "-" ? "" : written;

/** @throws Error for a line that is none */
export function frameOf(line: string): Buffer {
  const [letter = ""] = line.split(" ", 1);
  const rest = line.slice(letter.length + 1);
  const words = rest.split(" ").filter((word) => word !== "");
  switch (letter) {
    case "Q":
      return query(plain(rest));
    case "P":
      return parseFrame(rest);
    case "B":
      return bindFrame(rest);
    case "D":
      return describe(words[0] as "S" | "P", name(words[1]));
    case "C":
      return close(words[0] as "S" | "P", name(words[1]));
    case "E":
      return execute(Number(words[1] ?? 0), name(words[0]));
    case "H":
      return flush;
    case "S":
      return sync;
    case "X":
      return terminate;
    case "d":
      return frame("d", bytes(rest));
    case "c":
      return frame("c");
    case "f":
      return frame("f", text(plain(rest)));
    case "frame":
      return frame(words[0] ?? "", bytes(rest.slice((words[0] ?? "").length + 1)));
    case "raw":
      return bytes(rest);
    case "startup":
      return startupFrame(rest);
    default:
      throw new Error(`no such message: ${line}`);
  }
}

/** `P name [oid,oid] sql` */
function parseFrame(rest: string): Buffer {
  const match = /^(\S+) (?:\[([\d,]*)\] ?)?(.*)$/.exec(rest);
  const oids = (match?.[2] ?? "").split(",").filter((oid) => oid !== "");
  const sql = plain(match?.[3] ?? "");
  const types = oids.map((oid) => int32(Number(oid)));
  return frame("P", text(name(match?.[1])), text(sql), int16(oids.length), ...types);
}

/** `B portal statement [in=0,1] [v=["text",null,"hex:00"]] [out=1]` */
function bindFrame(rest: string): Buffer {
  const [portal, statement] = rest.split(" ");
  const values = JSON.parse(/ v=(\[.*\])/.exec(rest)?.[1] ?? "[]") as (string | null)[];
  const codes = (key: string) =>
    (new RegExp(` ${key}=([-\\d,]+)`).exec(rest)?.[1] ?? "").split(",").filter((one) => one !== "");
  const formats = (key: string) => [
    int16(codes(key).length),
    ...codes(key).map((one) => int16(Number(one))),
  ];
  const parameters = values.flatMap((value) => {
    if (value === null) return [int32(-1)];
    const raw = value.startsWith("hex:") ? bytes(value) : Buffer.from(value);
    return [int32(raw.length), raw];
  });
  return frame(
    "B",
    text(name(portal)),
    text(name(statement)),
    ...formats("in"),
    int16(values.length),
    ...parameters,
    ...formats("out"),
  );
}

/** `startup 3.0 {"user":"postgres"}` */
function startupFrame(rest: string): Buffer {
  const [version = "3.0"] = rest.split(" ", 1);
  const [major, minor] = version.split(".").map(Number);
  const parameters = JSON.parse(rest.slice(version.length + 1)) as Record<string, string>;
  return startup(parameters, (major ?? 3) * 65_536 + (minor ?? 0));
}
