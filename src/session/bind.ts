/** Bind's raw parameters, checked and decoded by the types the analysis found. */

import { SqlError } from "../base/errors.ts";
import { decodeBinary, decodeText } from "../types/codec.ts";
import type { InputSettings } from "../types/datetime-input.ts";
import { decodeUtf8 } from "../types/utf8.ts";
import type { SqlValue } from "../types/value.ts";
import { type BoundParameters, spreadFormats } from "./portals.ts";
import type { BindRequest } from "./results.ts";
import type { Prepared } from "./statement.ts";

/** @throws SqlError 08P01, 22P02, 22P03, 22021... */
export function decodeParameters(
  request: BindRequest,
  prepared: Prepared,
  text: InputSettings,
): BoundParameters {
  const { parameterOids } = prepared;
  if (request.parameters.length !== parameterOids.length) {
    throw new SqlError(
      "08P01",
      `bind message supplies ${request.parameters.length} parameters, but prepared statement` +
        ` "${request.statement}" requires ${parameterOids.length}`,
    );
  }
  const formats = spreadFormats(request.parameterFormats, request.parameters.length, "parameter");
  const values = request.parameters.map((raw, index) =>
    decodeOne(raw, parameterOids[index] ?? 0, formats[index] ?? 0, text),
  );
  return { raw: request.parameters, formats, values };
}

function decodeOne(
  raw: Uint8Array | null,
  oid: number,
  format: 0 | 1,
  settings: InputSettings,
): SqlValue {
  if (raw === null) return null;
  return format === 1 ? decodeBinary(raw, oid) : decodeText(decodeUtf8(raw), oid, settings);
}
