/** Executes the statements of one definition in the worker that has it open. */

import type { ErrorFields } from "../base/errors.ts";
import type { DefinitionStatement, DefinitionStep, ShadowSettings } from "./analysis.ts";
import type { Call } from "./shadow-worker.ts";
import type { DefinitionQuestion, DefinitionSource } from "./view.ts";

/** `settings`: where they may differ from those the definition was begun under. */
export async function executeSources(
  sources: readonly DefinitionSource[],
  call: Call,
  settings?: ShadowSettings,
): Promise<DefinitionStep> {
  const notices: ErrorFields[] = [];
  let tag = "";
  for (const source of sources) {
    if (typeof source === "object" && "ask" in source) {
      const request = source.ask(await call("changes", null));
      if (request !== undefined) source.take(await call("analyse", request));
      continue;
    }
    for (const statement of await statementsOf(source, call)) {
      const answer = await call("execute", settings ? { settings, ...statement } : statement);
      if (statement.isOurs) continue;
      notices.push(...answer.notices);
      tag = answer.tag;
    }
  }
  return { ...(await call("changes", null)), notices, tag };
}

async function statementsOf(
  source: Exclude<DefinitionSource, DefinitionQuestion>,
  call: Call,
): Promise<readonly DefinitionStatement[]> {
  if (typeof source === "string") return [{ sql: source, isOurs: false }];
  if (typeof source === "function") return source(await call("changes", null));
  return [source];
}
