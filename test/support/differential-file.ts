/** Statements of a differential file with what their comments expect of them. */

import { readFileSync } from "node:fs";

export interface Case {
  readonly sql: string;
  /** `-- parameters: a | NULL`. */
  readonly parameters: readonly (string | null)[];
  /** `-- refused: 0A000`: what we say, PostgreSQL answers. */
  readonly refused: string | undefined;
  /** `-- known: why`: the answers differ for this reason. */
  readonly known: string | undefined;
}

/** Statements end with `;` at the end of a line; comments before one belong to it. */
export function readCases(file: string): readonly Case[] {
  const cases: Case[] = [];
  let comments: string[] = [];
  let lines: string[] = [];
  for (const line of readFileSync(file, "utf8").split("\n")) {
    if (lines.length === 0 && line.startsWith("--")) comments.push(line);
    else if (line.trim() !== "") lines.push(line);
    if (!line.endsWith(";")) continue;
    const note = (key: string) =>
      comments
        .map((each) => each.match(`^-- ${key}: (.*)$`)?.[1])
        .find((each) => each !== undefined);
    const parameters = note("parameters")?.split(" | ") ?? [];
    cases.push({
      sql: lines.join("\n").replace(/;$/, ""),
      parameters: parameters.map((each) => (each === "NULL" ? null : each)),
      refused: note("refused"),
      known: note("known"),
    });
    comments = [];
    lines = [];
  }
  return cases;
}
