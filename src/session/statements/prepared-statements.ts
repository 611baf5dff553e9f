/** PREPARE, EXECUTE and DEALLOCATE: the statements of Parse messages, by SQL. */

import { SqlError } from "../../base/errors.ts";
import { readTextRows } from "../data-rows.ts";
import { executeValues, noSuchType } from "../execute-values.ts";
import type { Execution, Result } from "../execution.ts";
import { shifted } from "../prepared.ts";
import type { Statement } from "../statement.ts";
import type { TextPart } from "../utility-cursors.ts";
import type { Run } from "./cursors.ts";

type Prepare = Extract<Statement, { readonly kind: "prepare" }>;
type ExecutePrepared = Extract<Statement, { readonly kind: "execute-prepared" }>;

/** @throws SqlError 42P05, 42704 and what analysis says */
export async function prepareByName(
  { name, types, query }: Prepare,
  execution: Execution,
): Promise<Result> {
  if (name === "") {
    throw new SqlError("42P14", "invalid statement name: must not be empty");
  }
  const declaredOids: number[] = [];
  for (const type of types) declaredOids.push(await typeOid(type, execution));
  const prepared = await execution.statements
    .prepare(query, declaredOids)
    .catch((cause: unknown) => {
      throw cause instanceof SqlError ? shifted(cause, query) : cause;
    });
  const { portals } = execution;
  portals.addStatement(name, {
    prepared: { ...prepared, charactersBefore: 0 },
    source: execution.source,
    isFromSql: true,
    preparedAtMs: Date.now(),
    executions: { count: 0 },
  });
  return { kind: "done", tag: "PREPARE", notices: prepared.notices };
}

async function typeOid(type: TextPart, execution: Execution): Promise<number> {
  const { services, settings, signal } = execution;
  const request = {
    text: "SELECT $1::regtype::oid",
    parameterOids: [25],
    settings: settings.shadow,
    parameters: [Buffer.from(type.text.trim())],
    parameterFormats: [],
    resultFormats: [],
  };
  try {
    const { bytes } = await services.shadow.catalogQuery(request, signal);
    return Number(readTextRows(bytes)[0]?.[0] ?? 0);
  } catch (cause) {
    throw noSuchType(cause, type);
  }
}

/** `EXECUTE a` can be prepared as `a`; PostgreSQL ends it where its stack does. */
const EXECUTE_DEPTH_MAX = 500;
const STACK_HINT =
  'Increase the configuration parameter "max_stack_depth" (currently 2048kB), ' +
  "after ensuring the platform's stack depth limit is adequate.";

/** @throws SqlError 26000, 42601, 42804, 54001 and what the statement itself says */
export async function executeByName(
  { name, values }: ExecutePrepared,
  execution: Execution,
  run: Run,
): Promise<Result> {
  const executeDepth = (execution.executeDepth ?? 0) + 1;
  if (executeDepth > EXECUTE_DEPTH_MAX) {
    throw new SqlError("54001", "stack depth limit exceeded", { hint: STACK_HINT });
  }
  const { prepared, executions } = await execution.statements.current(name);
  const { parameterOids } = prepared;
  if (values.length !== parameterOids.length) {
    throw new SqlError("42601", `wrong number of parameters for prepared statement "${name}"`, {
      detail: `Expected ${parameterOids.length} parameters but got ${values.length}.`,
    });
  }
  const parameters = await executeValues(values, parameterOids, execution);
  executions.count += 1;
  return await run(prepared.statement, { ...execution, parameters, prepared, executeDepth });
}

/** undefined: DEALLOCATE ALL. @throws SqlError 26000 */
export function deallocate(name: string | undefined, { portals }: Execution): Result {
  if (name === undefined) {
    portals.removeAllStatements();
    return { kind: "done", tag: "DEALLOCATE ALL" };
  }
  if (!portals.removeStatement(name)) {
    throw new SqlError("26000", `prepared statement "${name}" does not exist`);
  }
  return { kind: "done", tag: "DEALLOCATE" };
}
