/** Reads what a client's program printed, line by line, and finds where it is not what was expected. */

import { FEATURES, type Feature } from "./program.ts";

/** The first line of each program: whether its connection is encrypted. */
const CONNECTED = /^connected: encrypted = (true|false)$/;
const LINE = /^(?<feature>\w+): .+? = .*$/;

export interface Printed {
  readonly isEncrypted: boolean;
  /** Without the first. */
  readonly lines: readonly string[];
}

export function readPrinted(stdout: string): Printed {
  const [first = "", ...lines] = stdout.trimEnd().split("\n");
  const encrypted = CONNECTED.exec(first)?.[1];
  if (encrypted === undefined) throw new Error(`not a first line: ${first}`);
  for (const line of lines) featureOf(line);
  return { isEncrypted: encrypted === "true", lines };
}

function featureOf(line: string): Feature {
  const feature = LINE.exec(line)?.groups?.["feature"];
  if (feature === undefined || !(feature in FEATURES)) throw new Error(`no such line: ${line}`);
  return feature as Feature;
}

export function featuresOf(lines: readonly string[]): ReadonlySet<Feature> {
  return new Set(lines.map(featureOf));
}
