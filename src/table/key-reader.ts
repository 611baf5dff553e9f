/** How the keys of a table's rows are read: a port, implemented over the engine. */

import type { Coverage } from "./coverage.ts";
import type { Entity } from "./entities.ts";
import type { KeyRows } from "./key-rows.ts";

/** Raw index values, both inclusive. */
export interface KeyRange {
  readonly entity: Entity;
  readonly min: bigint;
  readonly max: bigint;
}

/** The visible table; each call looks at what is visible when it is made, or later. */
export interface KeyReader {
  /** Differs whenever rows may have come or gone in another way than through `committed`. */
  stamp(): unknown;
  /** Every bucket that a row lies in; maybe more. */
  coverage(): Promise<Coverage>;
  /** At least every row in one of the ranges. */
  read(ranges: readonly KeyRange[]): Promise<KeyRows>;
  /** Of a key's entity, the one that coverage knows; without this it is the same. */
  identityOf?(entity: Entity): Entity;
}
