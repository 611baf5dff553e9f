/** A session's answers, in the order they come, as messages. */

import type { Awaitable } from "../base/async.ts";
import { breathe, isTurnLong } from "../base/async.ts";
import { unreachable } from "../base/errors.ts";
import type { Replies, Reply } from "../session/results.ts";
import * as backend from "./backend.ts";
import { CopyPump } from "./copy-in.ts";
import type { FrameReader } from "./frame-reader.ts";
import type { SocketOutput } from "./rows.ts";

/**
 * Rows are written batch by batch; the next is asked for when the client has taken the last. During
 * COPY FROM STDIN, which is never a list, the client's data are read from `frames`.
 */
export function sendReplies(
  replies: Replies,
  output: SocketOutput,
  frames: FrameReader,
): Awaitable<void> {
  if (!isList(replies)) return sendStream(replies, output, frames);
  for (const reply of replies) add(reply, output);
  return output.isDue ? output.flush() : undefined;
}

function isList(replies: Replies): replies is readonly Reply[] {
  return Array.isArray(replies);
}

async function sendStream(
  replies: AsyncIterable<Reply>,
  output: SocketOutput,
  frames: FrameReader,
): Promise<void> {
  let pump: CopyPump | undefined;
  try {
    for await (const reply of replies) {
      if (isTurnLong()) await breathe();
      if (pump !== undefined && reply.kind !== "notice") {
        await pump.stop();
        pump = undefined;
      }
      add(reply, output);
      // The client waits for what begins a COPY.
      if (output.isDue || reply.kind === "copy-in") await output.flush();
      if (reply.kind === "copy-in") pump = new CopyPump(frames, reply.receiver);
    }
  } finally {
    await pump?.stop();
  }
}

function add(reply: Reply, output: SocketOutput): void {
  switch (reply.kind) {
    case "rows":
    case "copy-messages":
      output.lend(reply.bytes, reply.giveBack); // few of them go out together with what follows
      break;
    case "copy-in":
      output.add(backend.copyInResponse(reply));
      break;
    case "copy-data":
      output.add(backend.copyDataHeader(reply.bytes.length), reply.bytes);
      break;
    default:
      output.add(encode(reply));
  }
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
