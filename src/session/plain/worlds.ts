/**
 * Which commit changed each ordinary table last, and copies of tables as they were before: what a
 * REPEATABLE READ transaction reads instead of rows committed since its first statement.
 */

interface Copy {
  /** The commit that the table's content was copied before. */
  readonly before: number;
  readonly table: string;
}

/** One transaction's view: everything up to commit `number`. */
export interface PlainWorld {
  readonly number: number;
}

export class Worlds {
  #commits = 0;
  readonly #changed = new Map<number, number>();
  readonly #copies = new Map<number, Copy[]>();
  readonly #pinned = new Set<PlainWorld>();

  pin(): PlainWorld {
    const world: PlainWorld = { number: this.#commits };
    this.#pinned.add(world);
    return world;
  }

  /** Copies that nobody can read any more; the caller drops the tables. */
  unpin(world: PlainWorld): string[] {
    this.#pinned.delete(world);
    const oldest = Math.min(...[...this.#pinned].map(({ number }) => number));
    const unused: string[] = [];
    for (const [oid, copies] of this.#copies) {
      const kept = copies.filter(({ before }) => before > oldest);
      unused.push(...copies.filter((copy) => !kept.includes(copy)).map(({ table }) => table));
      if (kept.length === 0) this.#copies.delete(oid);
      else this.#copies.set(oid, kept);
    }
    return unused;
  }

  hasChanged(oid: number, world: PlainWorld): boolean {
    return (this.#changed.get(oid) ?? 0) > world.number;
  }

  /** Where the table is as of the world; undefined: it has not changed since. */
  copyFor(oid: number, world: PlainWorld): string | undefined {
    if (!this.hasChanged(oid, world)) return undefined;
    const copies = (this.#copies.get(oid) ?? []).filter(({ before }) => before > world.number);
    return copies.sort((a, b) => a.before - b.before)[0]?.table;
  }

  /** Whether a commit that changes the table must copy it first. */
  needsCopy(oid: number): boolean {
    return [...this.#pinned].some((world) => !this.hasChanged(oid, world));
  }

  /** Before the commit is made. */
  keepCopy(oid: number, table: string): void {
    const copies = this.#copies.get(oid) ?? [];
    this.#copies.set(oid, [...copies, { before: this.#commits + 1, table }]);
  }

  /** A commit was made. */
  commit(oids: Iterable<number>): void {
    this.#commits += 1;
    for (const oid of oids) this.#changed.set(oid, this.#commits);
  }
}
