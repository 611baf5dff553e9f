/** Remembers analyses: a statement sent again under the same catalogue is not analysed again. */

import type { AnalyseRequest, Analysis, ShadowSettings } from "./analysis.ts";
import { mayFoldClock } from "./literals.ts";
import { analysisSettings } from "./settings-sql.ts";

/** A time with zone takes its offset from the day on which it is read. */
const TIMETZ_CONSTANT = ":consttype 1266 ";

interface Entry {
  readonly catalogueNumber: number;
  readonly analysis: Analysis;
}

export class AnalysisCache {
  readonly #bytesMax: number;
  /** In order of use, oldest first. */
  readonly #entries = new Map<string, Entry>();
  /** Sessions keep one object until a setting changes. */
  readonly #settingsKeys = new WeakMap<ShadowSettings, string>();
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get(request: AnalyseRequest, catalogueNumber: number): Analysis | undefined {
    const key = this.#key(request);
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#entries.delete(key);
    if (entry.catalogueNumber !== catalogueNumber) {
      this.#bytes -= sizeOf(key, entry);
      return undefined;
    }
    this.#entries.set(key, entry);
    return entry.analysis;
  }

  put(request: AnalyseRequest, catalogueNumber: number, analysis: Analysis): void {
    if (mayFoldClock(request.text) || analysis.tree.includes(TIMETZ_CONSTANT)) return;
    const key = this.#key(request);
    this.#remove(key);
    const entry: Entry = { catalogueNumber, analysis };
    this.#entries.set(key, entry);
    this.#bytes += sizeOf(key, entry);
    for (const oldest of this.#entries.keys()) {
      if (this.#bytes <= this.#bytesMax) return;
      this.#remove(oldest);
    }
  }

  #remove(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#entries.delete(key);
    this.#bytes -= sizeOf(key, entry);
  }

  #key(request: AnalyseRequest): string {
    return JSON.stringify([
      request.text,
      request.parameterOids,
      this.#settingsKey(request.settings),
    ]);
  }

  #settingsKey(settings: ShadowSettings): string {
    const known = this.#settingsKeys.get(settings);
    if (known !== undefined) return known;
    const key = JSON.stringify([settings.role, settings.searchPath, analysisSettings(settings)]);
    this.#settingsKeys.set(settings, key);
    return key;
  }
}

/** About, in bytes: texts of our own are Latin, one byte a character. */
function sizeOf(key: string, entry: Entry): number {
  return key.length + entry.analysis.tree.length + 500;
}
