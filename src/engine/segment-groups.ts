/** Which segments are physically alike, remembered by path: segments never change. */

import { assert } from "../base/errors.ts";
import type { SegmentGroup } from "./bindings.ts";
import type { FileSchema, FileSchemas } from "./file-schemas.ts";

/** About 30 MB of paths; beyond it everything is forgotten and read again as needed. */
const PATHS_MAX = 200_000;

export class SegmentGroups {
  readonly #read: (paths: readonly string[]) => Promise<FileSchemas>;
  readonly #byPath = new Map<string, FileSchema>();
  readonly #byKey = new Map<string, FileSchema>();

  /** @param read asks the files themselves. */
  constructor(read: (paths: readonly string[]) => Promise<FileSchemas>) {
    this.#read = read;
  }

  /** Groups in the order of their first path; the order of paths is kept in each. */
  async of(paths: readonly string[]): Promise<readonly SegmentGroup[]> {
    const unknown = paths.filter((path) => !this.#byPath.has(path));
    if (unknown.length > 0) this.#remember(unknown, await this.#read(unknown));
    const groups = new Map<FileSchema, string[]>();
    for (const path of paths) {
      const schema = this.#byPath.get(path);
      assert(schema !== undefined, () => `no schema is known of ${path}`);
      const members = groups.get(schema);
      if (members === undefined) groups.set(schema, [path]);
      else members.push(path);
    }
    return [...groups].map(([{ columns }, members]) => ({ columns, paths: members }));
  }

  /** Forgets the files below a folder, whose names may come again with other contents. */
  forget(directory: string): void {
    for (const path of this.#byPath.keys()) {
      if (path.startsWith(`${directory}/`)) this.#byPath.delete(path);
    }
  }

  #remember(paths: readonly string[], { schemas, of }: FileSchemas): void {
    if (this.#byPath.size + paths.length > PATHS_MAX) {
      this.#byPath.clear();
      this.#byKey.clear();
    }
    const shared = schemas.map((schema) => {
      const known = this.#byKey.get(schema.key);
      if (known === undefined) this.#byKey.set(schema.key, schema);
      return known ?? schema;
    });
    paths.forEach((path, i) => {
      this.#byPath.set(path, shared[of[i] as number] as FileSchema);
    });
  }
}
