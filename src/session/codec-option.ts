/** COMPRESSION as the engine wants it. */

import { SqlError } from "../base/errors.ts";
import type { WriteRequest } from "../engine/protocol.ts";

const CODECS = {
  zstd: "zstd",
  snappy: "snappy",
  lz4: "lz4_raw",
  none: "uncompressed",
} as const;

/** `option` as it is written: `zstd(9)`, `none`. @throws SqlError 22023 */
export function codecOf(option = "zstd(3)"): Pick<WriteRequest, "compression" | "level"> {
  const [, name, level] = /^(zstd|snappy|lz4|none)(?:\((\d+)\))?$/.exec(option) ?? [];
  if (name === undefined) throw new SqlError("22023", `unknown compression "${option}"`);
  const compression = CODECS[name as keyof typeof CODECS];
  return level === undefined ? { compression } : { compression, level: Number(level) };
}
