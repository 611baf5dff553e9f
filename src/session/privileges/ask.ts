/** Questions to the embedded PostgreSQL whose answer is one row of text. */

import type { ShadowSettings } from "../../postgres/analysis.ts";
import type { ShadowView } from "../../postgres/view.ts";
import { Oid } from "../../types/oids.ts";
import { readTextRows } from "../data-rows.ts";

export type TextRow = readonly (string | null)[];

/** `parameters` are texts. */
export async function askRows(
  shadow: ShadowView,
  text: string,
  parameters: readonly string[],
  settings: ShadowSettings,
): Promise<readonly TextRow[]> {
  const answer = await shadow.catalogQuery({
    text,
    parameterOids: parameters.map(() => Oid.text),
    parameters: parameters.map((one) => Buffer.from(one)),
    parameterFormats: [],
    resultFormats: [],
    settings,
  });
  return readTextRows(answer.bytes);
}

/** The first column of the first row. */
export async function askOne(
  shadow: ShadowView,
  text: string,
  parameters: readonly string[],
  settings: ShadowSettings,
): Promise<string | null | undefined> {
  return (await askRows(shadow, text, parameters, settings))[0]?.[0];
}
