/** client_min_messages: which notices reach the client. */

import type { ErrorFields } from "../base/errors.ts";
import type { Settings } from "./settings.ts";

/** From the least to the most; DEBUG stands for all its five levels. */
const LEVELS = ["debug", "log", "notice", "warning", "error"];

/** INFO is always told. */
export function isTold({ severity }: ErrorFields, settings: Settings): boolean {
  if (severity === "INFO") return true;
  const least = (settings.get("client_min_messages") ?? "notice").replace(/\d$/, "");
  return LEVELS.indexOf(severity.toLowerCase()) >= LEVELS.indexOf(least);
}
