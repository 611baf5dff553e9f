/** A session's answers, in the order they come, as messages. */

import { unreachable } from "../base/errors.ts";
import type { Reply } from "../session/results.ts";
import * as backend from "./backend.ts";
import { CopyPump } from "./copy-in.ts";
import type { FrameReader } from "./frame-reader.ts";
import type { SocketOutput } from "./rows.ts";

/**
 * Rows are written batch by batch; the next is asked for when the client has taken the last. During
 * COPY FROM STDIN the client's data are read from `frames`.
 */
export async function sendReplies(
  replies: AsyncIterable<Reply>,
  output: SocketOutput,
  frames: FrameReader,
): Promise<void> {
  let pump: CopyPump | undefined;
  try {
    for await (const reply of replies) {
      if (pump !== undefined && reply.kind !== "notice") {
        await pump.stop();
        pump = undefined;
      }
      await send(reply, output);
      if (reply.kind === "copy-in") pump = new CopyPump(frames, reply.receiver);
    }
  } finally {
    await pump?.stop();
  }
}

async function send(reply: Reply, output: SocketOutput): Promise<void> {
  switch (reply.kind) {
    case "rows":
    case "copy-messages":
      output.lend(reply.bytes, reply.giveBack); // few of them go out together with what follows
      break;
    case "copy-in":
      output.add(backend.copyInResponse(reply));
      return await output.flush(); // the client waits for it
    case "copy-data":
      output.add(backend.copyDataHeader(reply.bytes.length), reply.bytes);
      break;
    default:
      output.add(encode(reply));
  }
  if (output.isDue) await output.flush();
}

function encode(
  reply: Exclude<Reply, { kind: "rows" | "copy-in" | "copy-data" | "copy-messages" }>,
): Uint8Array {
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
    case "copy-out":
      return backend.copyOutResponse(reply);
    case "copy-done":
      return backend.copyDone;
    default:
      return unreachable(reply);
  }
}
