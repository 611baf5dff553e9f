/** RETURNING: a SELECT over the rows that a statement has staged. */

import type { Plan } from "../../compile/plan.ts";
import type { Execution } from "../execution.ts";
import { PlanValues } from "../plan-values.ts";
import type { RowSource } from "../row-source.ts";
import { bindPlan } from "../scan-binding.ts";
import { cursorRequest, release } from "../statements/select.ts";

/** Whoever takes the rows closes them. */
export async function returningRows(
  plan: Plan,
  table: string,
  execution: Execution,
): Promise<RowSource> {
  const values = await PlanValues.of(plan, execution);
  const held = { sql: `(SELECT * FROM ${table})`, rowsRelations: [] };
  const bound = await bindPlan(plan, values, execution, held);
  try {
    const request = cursorRequest(plan, values, bound, execution);
    const cursor = await execution.services.engine.openCursor(request);
    return {
      next: () => cursor.next(),
      cancel: () => cursor.cancel(),
      close: async () => {
        await cursor.close();
        release(bound);
      },
    };
  } catch (cause) {
    release(bound);
    throw cause;
  }
}
