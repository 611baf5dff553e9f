/** What roles' passwords are checked against, by role OID. The embedded PostgreSQL knows none. */

import type { Definitions } from "../../catalog/definitions.ts";
import { parseSecret, type Secret } from "./secret.ts";

export class Passwords {
  readonly #secrets: Map<number, string>;

  constructor(definitions: Definitions) {
    this.#secrets = new Map(definitions.secrets());
  }

  /** null: no password any more. */
  put(roleOid: number, secret: string | null): void {
    if (secret === null) this.#secrets.delete(roleOid);
    else this.#secrets.set(roleOid, secret);
  }

  get(roleOid: number): Secret | undefined {
    const text = this.#secrets.get(roleOid);
    return text === undefined ? undefined : parseSecret(text);
  }
}
