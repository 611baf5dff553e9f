/** uuid: canonical lower-case text in memory. */

import { invalidSyntax } from "./input-errors.ts";

/** Input may carry braces, and hyphens after any four digits. @throws SqlError 22P02 */
export function parseUuid(text: string): string {
  const inner = text.startsWith("{") ? /^\{(.*)\}$/s.exec(text)?.[1] : text;
  const isWellFormed = inner !== undefined && /^(?:[\da-fA-F]{4}-?){7}[\da-fA-F]{4}$/.test(inner);
  if (!isWellFormed) throw invalidSyntax("uuid", text);
  return uuidFromHex(inner.replaceAll("-", "").toLowerCase());
}

export function uuidFromHex(hex: string): string {
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    hex.slice(12, 16),
    hex.slice(16, 20),
    hex.slice(20),
  ].join("-");
}
