/** Where the checkout is, also for tests that were compiled to another folder. */

import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

function climb(folder: string): string {
  return existsSync(join(folder, "package-lock.json")) ? folder : climb(dirname(folder));
}

/** The checkout. */
export const root = climb(dirname(fileURLToPath(import.meta.url)));
