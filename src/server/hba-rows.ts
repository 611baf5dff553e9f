/** The file of rules as pg_hba_file_rules shows it: as it is now, each line, with what is wrong. */

import { HbaError, type HbaField, type HbaLine, readHbaLines } from "../wire/hba-lines.ts";
import { readHbaRules } from "../wire/hba-parse.ts";

export function hbaRows(file: string): readonly object[] {
  try {
    const rules = new Map(readHbaRules(file).map((rule) => [rule.line, rule]));
    let number = 0;
    return readHbaLines(file).map((line) => {
      number += 1;
      const method = rules.get(line.number)?.clientCertificate;
      const options = method === undefined || method === "off" ? null : [`clientcert=${method}`];
      return { ...shown(line), rule_number: number, options };
    });
  } catch (cause) {
    if (!(cause instanceof HbaError)) throw cause;
    const [, line] = /\(line (\d+) of /.exec(cause.message) ?? [];
    const at = line === undefined ? {} : { line_number: Number(line) };
    return [{ file_name: file, ...at, error: cause.message.replace(/ \((?:line|file).*$/, "") }];
  }
}

/** A mask stands in a field of its own, or behind a slash, which is taken apart. */
function shown({ file, number, fields }: HbaLine): object {
  const [type, database, user, ...rest] = fields.map(texts);
  const isLocal = type?.[0] === "local";
  const place = isLocal ? [] : [...(rest[0] ?? [])];
  const [address = "", bits] = (place[0] ?? "").split("/");
  const hasMask = !isLocal && bits === undefined && MASK.test(rest[1]?.[0] ?? "");
  const mask = hasMask ? rest[1]?.[0] : bits === undefined ? undefined : maskOfBits(address, bits);
  const method = rest[(isLocal ? 0 : 1) + (hasMask ? 1 : 0)]?.[0];
  return {
    file_name: file,
    line_number: number,
    type: type?.[0],
    database,
    user_name: user,
    address: isLocal ? undefined : address,
    netmask: mask,
    auth_method: method,
  };
}

const MASK = /^[\d.]+$|:/;

function texts(field: HbaField): readonly string[] {
  return field.map(({ text }) => text);
}

function maskOfBits(address: string, bits: string): string {
  const isLong = address.includes(":");
  const ones = Array.from({ length: isLong ? 128 : 32 }, (_, at) =>
    at < Number(bits) ? "1" : "0",
  );
  const digits = ones.join("");
  const parts = digits.match(isLong ? /.{16}/g : /.{8}/g) ?? [];
  const words = parts.map((part) => Number.parseInt(part, 2));
  if (!isLong) return words.join(".");
  return words
    .map((word) => word.toString(16))
    .join(":")
    .replace(/(?::0)+$/, "::");
}
