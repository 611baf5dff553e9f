/** `SELECT pg_cancel_backend(pid)`: the one volatile function that acts on other sessions. */

import type { QueryNode } from "../compile/tree.ts";
import type { Statement } from "./statement.ts";

const PG_CANCEL_BACKEND = 2171;

/**
 * undefined: the query is another. Only the plain call is served; within more it is refused by
 * name.
 */
export function cancelBackendCall(query: QueryNode): Statement | undefined {
  const targets = query.targetList ?? [];
  const call = targets[0]?.expr;
  const isPlain =
    targets.length === 1 && (query.rtable ?? []).every(({ rtekind }) => rtekind === 8);
  if (!isPlain || call?.tag !== "FUNCEXPR" || call.funcid !== PG_CANCEL_BACKEND) return undefined;
  if (query.jointree?.quals != null) return undefined;
  const arg = (call.args ?? [])[0];
  if (arg?.tag === "PARAM") return { kind: "cancel-backend", pid: { parameter: arg.paramid } };
  if (arg?.tag !== "CONST") return undefined;
  const { constvalue } = arg;
  if (constvalue === null) return { kind: "cancel-backend", pid: null };
  const bytes = constvalue as Uint8Array;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return { kind: "cancel-backend", pid: view.getInt32(0, true) };
}
