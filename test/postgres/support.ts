/** Words that the tests of the embedded PostgreSQL share. */

import { SqlError } from "../../src/base/errors.ts";
import type {
  CatalogFacts,
  CatalogQueryRequest,
  CatalogQueryResult,
  ShadowSettings,
} from "../../src/postgres/analysis.ts";
import type { ShadowView } from "../../src/postgres/view.ts";

export function settings(given: Partial<ShadowSettings> = {}): ShadowSettings {
  return { role: "postgres", searchPath: '"$user", public', settings: {}, ...given };
}

export async function query(
  shadow: ShadowView,
  given: Partial<CatalogQueryRequest> & { readonly text: string },
  signal?: AbortSignal,
): Promise<CatalogQueryResult> {
  const request: CatalogQueryRequest = {
    parameterOids: [],
    parameters: [],
    parameterFormats: [],
    resultFormats: [],
    settings: settings(),
    ...given,
  };
  return await shadow.catalogQuery(request, signal);
}

export async function textRows(
  shadow: ShadowView,
  text: string,
  facts: CatalogFacts = {},
): Promise<(string | null)[][]> {
  const { bytes } = await query(shadow, { text, facts });
  return dataRows(bytes).map((row) => row.map((cell) => cell?.toString() ?? null));
}

export function oneRow(bytes: Uint8Array): (Buffer | null)[] {
  return dataRows(bytes)[0] ?? [];
}

/** The error a promise is expected to fail with. */
export async function failure(promise: Promise<unknown>): Promise<SqlError> {
  const error = await promise.then(
    () => undefined,
    (cause: unknown) => cause,
  );
  if (!(error instanceof SqlError)) throw new Error("expected a SqlError", { cause: error });
  return error;
}

/** Cells of complete DataRow messages. */
function dataRows(bytes: Uint8Array): (Buffer | null)[][] {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const rows: (Buffer | null)[][] = [];
  for (let at = 0; at < buffer.length; ) {
    const end = at + 1 + buffer.readInt32BE(at + 1);
    const cells: (Buffer | null)[] = [];
    for (let cell = at + 7; cell < end; ) {
      const length = buffer.readInt32BE(cell);
      cell += 4;
      cells.push(length === -1 ? null : buffer.subarray(cell, cell + length));
      cell += Math.max(length, 0);
    }
    rows.push(cells);
    at = end;
  }
  return rows;
}
