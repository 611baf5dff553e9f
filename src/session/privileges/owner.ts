/** A materialized view is filled with the rights of its owner, whoever asks. */

import { SqlError } from "../../base/errors.ts";
import type { Execution } from "../execution.ts";
import type { Statement } from "../statement.ts";
import { analysesOf } from "./analysed.ts";
import { askOne } from "./ask.ts";
import { coverageNeed } from "./authorize.ts";
import { requireRights } from "./check.ts";
import { needsOf } from "./needs.ts";

const FIRST_SUPERUSER = 10;
/** CURRENT_ROLE, CURRENT_USER, USER and CURRENT_SCHEMA. */
const WHO_ASKS = /\{SQLVALUEFUNCTION :op (?:9|10|11|14) |:funcid (?:745|1402|1403) /;

/** `statement` puts rows into `viewOid`. @throws SqlError 42501, 0A000 */
export async function requireOwnerRights(
  statement: Statement,
  viewOid: number,
  execution: Execution,
): Promise<void> {
  const { services } = execution;
  const sql = "SELECT relowner::int8 FROM pg_class WHERE oid = $1::int8::oid";
  const server = { role: "postgres", searchPath: "pg_catalog", settings: {} };
  const owner = Number(await askOne(services.shadow, sql, [String(viewOid)], server));
  for (const analysis of analysesOf(statement) ?? []) {
    if (WHO_ASKS.test(analysis.tree)) {
      throw new SqlError("0A000", "a materialized view that depends on who asks is not supported");
    }
    const { needs, functionOids } = needsOf(analysis);
    const coverage = functionOids.flatMap((oid) => {
      const found = services.tables.ownFunction(oid);
      return found === undefined ? [] : [coverageNeed(found.entry)];
    });
    const questions = [...needs, ...coverage]
      .filter(({ relationOid }) => relationOid !== viewOid)
      .map((one) => ({ ...one, roleOid: one.roleOid === 0 ? owner : one.roleOid }))
      .filter(({ roleOid }) => roleOid !== FIRST_SUPERUSER);
    await requireRights(questions, execution);
  }
}
