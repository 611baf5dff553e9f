/**
 * Registers our JavaScript functions with DuckDB. They run on the thread that loaded the binding
 * (the engine's worker), one chunk of rows a call, serialised over all of DuckDB's threads.
 */

import {
  type DuckDBConnection,
  type DuckDBDataChunk,
  DuckDBScalarFunction,
  type DuckDBScalarFunctionInfo,
  type DuckDBVector,
} from "@duckdb/node-api";
import { SqlError } from "../../base/errors.ts";
import { formatFunctions } from "./format-functions.ts";
import { inputFunctions } from "./input-functions.ts";
import { intervalFunctions } from "./interval-arithmetic.ts";
import { jsonChanges } from "./json-changes.ts";
import { jsonFunctions } from "./json-functions.ts";
import { mathFunctions } from "./math-functions.ts";
import { numericFunctions } from "./numeric-functions.ts";
import { outputFunctions } from "./output-functions.ts";
import { regexFunctions } from "./regex-functions.ts";
import { pgError, type ScalarFunction } from "./scalar-function.ts";
import { textFunctions } from "./text-functions.ts";

/** Every function we have; a name may stand several times with other parameter types. */
export const scalarFunctions: readonly ScalarFunction[] = [
  ...numericFunctions,
  ...textFunctions,
  ...intervalFunctions,
  ...regexFunctions,
  ...mathFunctions,
  ...inputFunctions,
  ...outputFunctions,
  ...jsonFunctions,
  ...jsonChanges,
  ...formatFunctions,
];

/** Whether the statement that runs on this DuckDB connection was asked to stop. */
export type CancelCheck = (connectionId: number) => boolean;

/** Visible to all connections of the instance afterwards. */
export function registerFunctions(
  connection: DuckDBConnection,
  isCancelled: CancelCheck = () => false,
): void {
  for (const definition of scalarFunctions) {
    connection.registerScalarFunction(
      DuckDBScalarFunction.create({
        name: definition.name,
        parameterTypes: definition.parameters,
        returnType: definition.returns,
        specialHandling: definition.takesNull === true,
        bindFunction: (info) => {
          info.setBindData({ connectionId: info.clientContext.connectionId });
        },
        mainFunction: (info, chunk, output) => {
          if (isCancelled(connectionOf(info))) {
            throw pgError("57014", "canceling statement due to user request");
          }
          try {
            runChunk(definition, chunk, output);
          } catch (error) {
            throw error instanceof SqlError ? pgError(error.fields.sqlState, error.message) : error;
          }
        },
      }),
    );
  }
}

function connectionOf(info: DuckDBScalarFunctionInfo): number {
  return (info.bindData as { readonly connectionId: number }).connectionId;
}

function runChunk(definition: ScalarFunction, chunk: DuckDBDataChunk, output: DuckDBVector): void {
  const count = definition.parameters.length;
  const vectors = Array.from({ length: count }, (_, index) => chunk.getColumnVector(index));
  const args: unknown[] = new Array(count);
  const takesNull = definition.takesNull === true;
  const run = definition.run as (...values: unknown[]) => ReturnType<ScalarFunction["run"]>;
  for (let row = 0; row < chunk.rowCount; row++) {
    let hasNull = false;
    for (let index = 0; index < count; index++) {
      const value = (vectors[index] as DuckDBVector).getItem(row);
      if (value === null) hasNull = true;
      args[index] = value;
    }
    output.setItem(row, hasNull && !takesNull ? null : run(...args));
  }
  output.flush();
}
