/** SQL that puts a session's settings in force in the embedded server. */

import type { CatalogFacts, ShadowSettings } from "./analysis.ts";
import { LIVE_FACTS } from "./live-facts.ts";

/** Never sent: they belong to the worker or to the request's transaction. */
const OURS: ReadonlySet<string> = new Set([
  "allow_system_table_mods",
  "client_encoding",
  "role",
  "search_path",
  "session_authorization",
  "transaction_deferrable",
  "transaction_isolation",
  "transaction_read_only",
]);

/**
 * Cannot change what a statement means: the analysis worker is not told and the cache does not ask.
 * A test compares trees under different values of each.
 */
export const IRRELEVANT_TO_ANALYSIS: readonly string[] = [
  "application_name",
  "bytea_output",
  "default_transaction_deferrable",
  "default_transaction_isolation",
  "default_transaction_read_only",
  "extra_float_digits",
  "idle_in_transaction_session_timeout",
  "idle_session_timeout",
  "jit",
  "lock_timeout",
  "statement_timeout",
  "synchronous_commit",
  "transaction_timeout",
  "work_mem",
];

/** The analysis worker needs its own client_min_messages: a tree arrives as a message. */
const NOT_FOR_ANALYSIS = new Set([...OURS, ...IRRELEVANT_TO_ANALYSIS, "client_min_messages"]);

/** Settings by name that analysis must know of, in a fixed order. */
export function analysisSettings(settings: ShadowSettings): readonly (readonly [string, string])[] {
  return relevant(settings, NOT_FOR_ANALYSIS);
}

function sentSettings(settings: ShadowSettings): readonly (readonly [string, string])[] {
  return analysisSettings(settings).filter(([name]) => !isCustomSetting(name));
}

/** For the rest of the session. `before` is in force now; undefined: nobody knows what is. */
export function changeSettings(next: ShadowSettings, before: ShadowSettings | undefined): string {
  const wanted = new Map(sentSettings(next));
  const present = new Map(before === undefined ? [] : sentSettings(before));
  const changed = [...wanted].filter(([name, value]) => present.get(name) !== value);
  const removed = [...present.keys()].filter((name) => !wanted.has(name));
  return [
    "RESET ROLE",
    ...(before === undefined ? ["RESET ALL"] : []),
    ...removed.map((name) => `RESET ${quoteName(name)}`),
    setConfigs([...changed, ["search_path", next.searchPath]], false),
    `SET ROLE ${quoteIdentifier(next.role)}`,
  ].join("; ");
}

/** Until the end of the transaction, which has begun. The role comes last: it takes rights away. */
export function localSettings(settings: ShadowSettings, facts: CatalogFacts = {}): string {
  const all = [
    ...namedSettings(settings),
    ...factSettings(facts),
    ["search_path", settings.searchPath] as const,
  ];
  return `${setConfigs(all, true)}; SET LOCAL ROLE ${quoteIdentifier(settings.role)}`;
}

/** Inside a transaction that has set `names` before; nobody need know to what. */
export function localSettingsAfter(
  settings: ShadowSettings,
  names: Iterable<string>,
  facts: CatalogFacts = {},
): string {
  const wanted = new Set(settingNames(settings));
  const stale = [...names].filter((name) => !wanted.has(name));
  return [
    "RESET ROLE",
    ...stale.map((name) => `SET LOCAL ${quoteName(name)} TO DEFAULT`),
    localSettings(settings, facts),
  ].join("; ");
}

/** Of the settings that `localSettings` sends. */
export function settingNames(settings: ShadowSettings): readonly string[] {
  return namedSettings(settings).map(([name]) => name);
}

function namedSettings(settings: ShadowSettings): readonly (readonly [string, string])[] {
  return relevant(settings, OURS).filter(([name]) => !isCustomSetting(name));
}

export function quoteIdentifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** An escape string: means the same whatever standard_conforming_strings says. */
export function quoteLiteral(value: string): string {
  return `E'${value.replaceAll("\\", "\\\\").replaceAll("'", "''")}'`;
}

function relevant(
  settings: ShadowSettings,
  without: ReadonlySet<string>,
): readonly (readonly [string, string])[] {
  return Object.entries(settings.settings)
    .map(([name, value]) => [name.toLowerCase(), value] as const)
    .filter(([name]) => !without.has(name) && !isReserved(name))
    .sort(([a], [b]) => (a < b ? -1 : 1));
}

/** What only the worker itself may set. */
function isReserved(name: string): boolean {
  return name.startsWith("pgtide.") || name.startsWith("debug_") || name.startsWith("log_");
}

/**
 * A name with a dot that PostgreSQL takes and knows nothing of. Once set there it would be known to
 * everybody for good: queries read such values from the fact `settings` instead.
 */
export function isCustomSetting(name: string): boolean {
  return CUSTOM_NAME.test(name) && !name.toLowerCase().startsWith("plpgsql.");
}

const WORD = "[A-Z_\\u0080-\\u{10ffff}][\\w$\\u0080-\\u{10ffff}]*";
const CUSTOM_NAME = new RegExp(`^${WORD}(?:\\.${WORD})+$`, "iu");

function factSettings(facts: CatalogFacts): readonly (readonly [string, string])[] {
  const json = (value: unknown) => (value === undefined ? "" : JSON.stringify(value));
  return [
    ["pgtide.process_id", String(facts.processId ?? "")],
    ["pgtide.start_time", facts.startTime ?? ""],
    ...LIVE_FACTS.map((name) => [`pgtide.${name}`, json(facts[name])] as const),
  ];
}

function setConfigs(settings: readonly (readonly [string, string])[], isLocal: boolean): string {
  const calls = settings.map(
    ([name, value]) =>
      `pg_catalog.set_config(${quoteLiteral(name)}, ${quoteLiteral(value)}, ${isLocal})`,
  );
  return `SELECT ${calls.join(", ")}`;
}

function quoteName(name: string): string {
  return name.split(".").map(quoteIdentifier).join(".");
}
