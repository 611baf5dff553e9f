/** Builds what we send to the embedded server. */

import { serialize } from "pg-protocol";
import type { AnalyseRequest, CatalogQueryRequest } from "./analysis.ts";

type ParseRequest = Pick<AnalyseRequest, "text" | "parameterOids">;

export function simpleQuery(text: string): Buffer {
  return serialize.query(text);
}

/** Parse and Describe of the unnamed statement: analysis without execution. */
export function describeStatement(request: ParseRequest): Buffer {
  return Buffer.concat([parse(request), serialize.describe({ type: "S" }), serialize.sync()]);
}

export function runStatement(request: CatalogQueryRequest): Buffer {
  return Buffer.concat([parse(request), bind(request), serialize.execute(), serialize.sync()]);
}

function parse(request: ParseRequest): Buffer {
  return serialize.parse({ text: request.text, types: [...request.parameterOids] });
}

/** By hand: pg-protocol's Bind has one format for all results, and takes text as strings only. */
function bind(request: CatalogQueryRequest): Buffer {
  const { parameters, parameterFormats, resultFormats } = request;
  const parts = [
    Buffer.from([0, 0]), // unnamed portal of the unnamed statement
    int16s([parameterFormats.length, ...parameterFormats, parameters.length]),
    ...parameters.flatMap((value) =>
      value === null ? [int32(-1)] : [int32(value.length), Buffer.from(value)],
    ),
    int16s([resultFormats.length, ...resultFormats]),
  ];
  const body = Buffer.concat(parts);
  return Buffer.concat([Buffer.from("B"), int32(body.length + 4), body]);
}

function int16s(values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 2);
  for (const [index, value] of values.entries()) bytes.writeUInt16BE(value, index * 2);
  return bytes;
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}
