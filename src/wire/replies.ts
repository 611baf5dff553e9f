/** A session's answers, in the order they come, as messages. */

import { SqlError, unreachable } from "../base/errors.ts";
import type { Reply } from "../session/results.ts";
import * as backend from "./backend.ts";
import type { SocketOutput } from "./rows.ts";

/** Rows are written batch by batch; the next is asked for when the client has taken the last. */
export async function sendReplies(
  replies: AsyncIterable<Reply>,
  output: SocketOutput,
): Promise<void> {
  for await (const reply of replies) {
    if (reply.kind === "rows") {
      output.add(reply.bytes);
      await output.flush();
    } else {
      output.add(encode(reply));
      await output.relieve();
    }
  }
}

function encode(reply: Exclude<Reply, { kind: "rows" }>): Uint8Array {
  switch (reply.kind) {
    case "row-description":
      return backend.rowDescription(reply.fields);
    case "complete":
      return backend.commandComplete(reply.tag);
    case "empty-query":
      return backend.emptyQueryResponse;
    case "suspended":
      return backend.portalSuspended;
    case "notice":
      return backend.noticeResponse(reply.fields);
    case "copy-in":
    case "copy-out":
    case "copy-data":
    case "copy-done":
      throw new SqlError("0A000", "COPY with the client is not supported yet");
    default:
      return unreachable(reply);
  }
}
