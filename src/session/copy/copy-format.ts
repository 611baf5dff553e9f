/** Checked options as the format that readers and writers work by. */

import type { CopyEncoding, CopyFormat } from "../../types/copy/format.ts";
import type { Settings } from "../settings.ts";
import { chosenColumns } from "./copied-columns.ts";
import { encodingOf } from "./encoding-names.ts";
import { delimiterOf, nullTextOf } from "./option-checks.ts";
import type { CopyOptions } from "./options.ts";

/**
 * @param names of the copied columns @param relation all columns of the table, where there is one
 * @throws SqlError 42703, 42701, 42P10
 */
export function copyFormat(
  options: CopyOptions,
  names: readonly string[],
  relation: { readonly name: string; readonly columns: readonly string[] } | undefined,
): CopyFormat {
  if (options.format === "binary") return { kind: "binary" };
  const { defaultText, header = "none", quote = '"' } = options;
  const base = {
    delimiter: byteOf(delimiterOf(options)),
    nullText: Buffer.from(nullTextOf(options)),
    defaultText: defaultText === undefined ? undefined : Buffer.from(defaultText),
    header,
  };
  if (options.format !== "csv") return { ...base, kind: "text" };
  const chosen = (choice: CopyOptions["forceQuote"], option: string) =>
    chosenColumns(choice, option, names, relation);
  return {
    ...base,
    kind: "csv",
    quote: byteOf(quote),
    escape: byteOf(options.escape ?? quote),
    forceQuote: chosen(options.forceQuote, "FORCE_QUOTE"),
    forceNotNull: chosen(options.forceNotNull, "FORCE_NOT_NULL"),
    forceNull: chosen(options.forceNull, "FORCE_NULL"),
  };
}

/** The client's encoding where none is said. */
export function copyEncoding(options: CopyOptions, settings: Settings): CopyEncoding {
  return options.encoding ?? encodingOf(settings.get("client_encoding") ?? "UTF8") ?? "UTF8";
}

function byteOf(text: string): number {
  return text.charCodeAt(0);
}
