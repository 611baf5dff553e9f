/** A look for single rows in memory, by key, that gives the engine nothing to do. */

import type { HotRange } from "./hot-storage.ts";
import type { PruneQuery } from "./pruning.ts";
import type { RowIndex, RowPlace } from "./row-index.ts";
import { type GenerationPart, mayMatch, type TableContent } from "./table-world.ts";

/** Keys are those of `keyTextsOf`. */
export class HotLook {
  readonly found = new Map<string, RowPlace>();
  /** Not found yet. */
  readonly missing: Set<string>;
  /** Rows that only the engine has, oldest first: keys that are missing may be there. */
  readonly rest: HotRange[] = [];

  constructor(keys: Iterable<string>) {
    this.missing = new Set(keys);
  }

  /** @returns false: memory alone cannot tell; nothing that was found counts then */
  own(index: RowIndex | undefined): boolean {
    if (index === undefined) return false;
    for (const key of this.missing) this.#take(key, index.at(key));
    return true;
  }

  /** `query` is met by every row with one of the keys. @returns as `own` */
  shared({ parts, watermark, keys }: TableContent, query: PruneQuery): boolean {
    for (const part of parts.toReversed()) {
      if (this.missing.size === 0) return true;
      if (part.count === 0 || !mayMatch(part.generation, query)) continue;
      const index = part.generation.unfilled(keys);
      if (index === undefined || !this.#ofPart(part, index, watermark)) return false;
    }
    return true;
  }

  #ofPart({ generation, count }: GenerationPart, index: RowIndex, after: number): boolean {
    const last = generation.lastSequence(count);
    for (const key of this.missing) {
      const place = index.at(key);
      if (place === undefined || place.sequence <= after) continue;
      // The newest row of the key is newer than this world, or a younger one may be in the engine.
      if (place.sequence > last || this.rest.length > 0) return false;
      this.#take(key, place);
    }
    const through = Math.min(last, generation.filledThrough);
    const { relation, isReplacing } = generation;
    if (through > after) {
      this.rest.unshift({ relation, after, through, ...(isReplacing && { isReplacing }) });
    }
    return true;
  }

  #take(key: string, place: RowPlace | undefined): void {
    if (place === undefined) return;
    this.found.set(key, place);
    this.missing.delete(key);
  }
}
