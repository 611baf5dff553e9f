/** A file on the server, chunk by chunk. */

import { open } from "node:fs/promises";
import type { ChunkSource } from "./copy-queue.ts";

const CHUNK_BYTES = 256 * 1024;

export async function openFile(path: string, signal: AbortSignal): Promise<ChunkSource> {
  const file = await open(path, "r");
  return {
    next: async () => {
      signal.throwIfAborted();
      const { bytesRead, buffer } = await file.read(Buffer.allocUnsafeSlow(CHUNK_BYTES));
      return bytesRead === 0 ? undefined : buffer.subarray(0, bytesRead);
    },
    close: async () => await file.close(),
  };
}
