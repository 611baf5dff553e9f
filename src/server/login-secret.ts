/**
 * A secret of the data folder, from which unknown users get their salts: they stay the same over
 * restarts, as those of known ones do.
 */

import { randomBytes } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";

const BYTES = 32;

export async function readLoginSecret(file: string): Promise<Buffer> {
  try {
    const known = await readFile(file);
    if (known.length === BYTES) return known;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "ENOENT") throw cause;
  }
  const made = randomBytes(BYTES);
  await writeFile(file, made, { mode: 0o600 });
  return made;
}
