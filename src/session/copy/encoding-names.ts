/** PostgreSQL's names of encodings, and which of them COPY reads and writes. */

import { SqlError } from "../../base/errors.ts";
import type { CopyEncoding } from "../../types/copy/format.ts";

const OURS: ReadonlyMap<string, CopyEncoding> = new Map<string, CopyEncoding>([
  ["utf8", "UTF8"],
  ["unicode", "UTF8"],
  ["latin1", "LATIN1"],
  ["iso88591", "LATIN1"],
  ["sqlascii", "SQL_ASCII"],
]);

/** pg_encname.c, without blanks and signs. */
const OTHERS: ReadonlySet<string> = new Set(
  [
    "abc alt big5 euccn eucjis2004 eucjp euckr euctw gb18030 gbk johab koi8 koi8r koi8u",
    "iso885910 iso885913 iso885914 iso885915 iso885916 iso88592 iso88593 iso88594 iso88595",
    "iso88596 iso88597 iso88598 iso88599 latin10 latin2 latin3 latin4 latin5 latin6 latin7",
    "latin8 latin9 mskanji muleinternal shiftjis shiftjis2004 sjis tcvn tcvn5712 uhc vscii win",
    "win1250 win1251 win1252 win1253 win1254 win1255 win1256 win1257 win1258 win866 win874",
    "win932 win936 win949 win950 windows1250 windows1251 windows1252 windows1253 windows1254",
    "windows1255 windows1256 windows1257 windows1258 windows866 windows874 windows932",
    "windows936 windows949 windows950",
  ].flatMap((line) => line.split(" ")),
);

/** Whether PostgreSQL knows an encoding of that name. */
export function isEncoding(name: string): boolean {
  const plain = plainName(name);
  return OURS.has(plain) || OTHERS.has(plain);
}

function plainName(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, "");
}

/** undefined: no encoding is called so. @throws SqlError 0A000 for one that we do not have */
export function encodingOf(name: string): CopyEncoding | undefined {
  const plain = plainName(name);
  const known = OURS.get(plain);
  if (known !== undefined || !OTHERS.has(plain)) return known;
  throw new SqlError("0A000", `encoding "${name}" is not supported`, {
    hint: "Use UTF8 or LATIN1.",
  });
}
