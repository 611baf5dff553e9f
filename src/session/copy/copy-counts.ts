/** What one COPY has done so far, for pg_stat_progress_copy. */

import type { CopyProgress } from "../activity.ts";
import type { Execution } from "../execution.ts";
import type { ChunkSource } from "./copy-queue.ts";
import type { Piece } from "./new-file.ts";

type Fixed = Pick<CopyProgress, "relid" | "command" | "type">;

export class CopyCounts {
  bytes = 0;
  bytesTotal = 0;
  excluded = 0;
  /** Rows that are done with. */
  rows = 0;
  /** Rows, those included that are not done with, and bad rows that a reader knows of. */
  reader: () => { readonly rows: number; readonly skipped: number } = () => NONE;
  readonly #end: () => void;

  /** Shown from now on. */
  constructor(fixed: Fixed, { services, processId }: Execution) {
    this.#end = services.sessions.copies(processId, () => {
      const { rows, skipped } = this.reader();
      return {
        ...fixed,
        bytes_processed: this.bytes,
        bytes_total: this.bytesTotal,
        tuples_processed: Math.max(this.rows, rows),
        tuples_excluded: this.excluded,
        tuples_skipped: skipped,
      };
    });
  }

  /** The same source, its bytes counted as they are taken. */
  counted(source: ChunkSource): ChunkSource {
    return {
      next: async () => {
        const chunk = await source.next();
        this.bytes += chunk?.length ?? 0;
        return chunk;
      },
      close: async () => await source.close(),
    };
  }

  /** The same pieces, counted once they were taken. */
  async *reported<P extends Piece & { readonly payload: number }>(
    pieces: AsyncGenerator<P>,
  ): AsyncGenerator<P> {
    for await (const piece of pieces) {
      yield piece;
      this.bytes += piece.payload;
      this.rows += piece.rows;
    }
  }

  /** Shown no longer. */
  end(): void {
    this.#end();
  }
}

const NONE = { rows: 0, skipped: 0 };
