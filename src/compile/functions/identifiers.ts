/** UUIDs and what else is made, not computed. */

import type { Chapter } from "../closed-table.ts";
import { same, template } from "./rules.ts";

export const identifiers: Chapter = {
  functions: {
    ...same("gen_random_uuid() uuidv4()", template("uuid()", { volatile: true })),
    "uuidv7()": template("uuidv7()", { volatile: true }),
  },
};
