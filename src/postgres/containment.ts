/**
 * Decides from an analysed tree whether a statement may run in the embedded PostgreSQL.
 *
 * Deny by default: one SELECT over catalogues, calling only built-ins that can neither change nor
 * reach anything: immutable and stable ones, less those that run SQL given as text or read whole
 * schemas, plus a few volatile ones by name. The tree is scanned as text: names in it escape their
 * blanks, so no name can look like a field, and a field that only seems to be one is refused.
 */

import { type Catalogue, type FunctionEntry, loadCatalogue } from "../types/catalogue.ts";
import type { CatalogFacts } from "./analysis.ts";
import { liveFactsNeeded } from "./live-facts.ts";

/** OIDs that initdb gave. */
const FIRST_OWN_OID = 16_384;

/** Volatile, and harmless in a read-only transaction that is rolled back. */
const HARMLESS_VOLATILE: ReadonlySet<string> = new Set([
  "array_sample",
  "array_shuffle",
  "clock_timestamp",
  "gen_random_uuid",
  "pg_advisory_unlock_all", // nobody can take such a lock
  "pg_collation_actual_version",
  "pg_database_collation_actual_version",
  "pg_get_wait_events",
  "pg_is_in_recovery",
  "pg_last_wal_receive_lsn",
  "pg_last_wal_replay_lsn",
  "pg_last_xact_replay_timestamp",
  "pg_notification_queue_usage",
  "pg_partition_ancestors",
  "pg_partition_tree",
  "pg_prepared_xact",
  "pg_safe_snapshot_blocking_pids",
  "pg_show_replication_origin_status",
  "pg_stat_get_recovery_prefetch",
  "pg_stat_have_stats",
  "random",
  "random_normal",
  "timeofday",
  "uuidv4",
  "uuidv7",
]);

/** Read tables that are empty here, or run a query given as text. */
const XML_MAPPING = /_to_xml(?:schema|_and_xmlschema)?$/;
/** Stable, and asks what a session of ours knows and the embedded server does not. */
const OF_A_SESSION: ReadonlySet<string> = new Set(["pg_listening_channels"]);
/** Stable, and tell of the embedded server's own files, log and backend. */
const OF_THE_EMBEDDED =
  /^(?:pg_config|pg_relation_filepath|pg_stat_get_(?:wal|slru)|pg_stat_get_backend_\w+)$/;

/** What sql/shadow.sql has replaced, and why: it tells of the embedded server. */
const REPLACED = /^pg_tide_builtin_/;
/** Reads counters of the running transaction only. */
const TRANSACTION_COUNTERS = /^pg_stat_get_xact_/;

const ONE_SELECT = /^\(\{QUERY :commandType 1 /;
const ANY_QUERY = /\{QUERY :commandType (\d+) /g;
const LEAF_RELATION = /:rtekind 0 :relid (\d+) /g;
const FUNCTION_FIELD = /:(?:funcid|opfuncid|aggfnoid|winfnoid) (\d+)/g;
const OPERATOR_FIELD = /:opno (\d+)/g;
const OPERATOR_LIST = /:opnos \(o ([\d ]*)\)/g;
const DOMAIN_CAST = /\{COERCETODOMAIN :arg .*?:resulttype (\d+) /g;

/** undefined: it may run there. Else what stands against it, in words for a client. */
export function catalogRefusal(tree: string): string | undefined {
  if (!ONE_SELECT.test(tree)) return "only SELECT can run over catalogues";
  if (oids(tree, ANY_QUERY).some((command) => command !== 1)) {
    return "a query over catalogues cannot modify data";
  }
  if (/:hasForUpdate true|:hasModifyingCTE true/.test(tree)) {
    return "a query over catalogues cannot lock rows";
  }
  if (oids(tree, LEAF_RELATION).some((oid) => oid >= FIRST_OWN_OID)) {
    return "a query over catalogues cannot read tables";
  }
  if (oids(tree, DOMAIN_CAST).some((oid) => oid >= FIRST_OWN_OID)) {
    return "casts to user-defined domains are not supported in queries over catalogues";
  }
  return functionRefusal(tree, loadCatalogue());
}

/** What `CatalogQueryRequest.facts` must hold for the query to answer rightly. */
export function factsNeeded(tree: string): ReadonlySet<keyof CatalogFacts> {
  const catalogue = loadCatalogue();
  const called = [...new Set(oids(tree, FUNCTION_FIELD))]
    .filter((oid) => oid >= FIRST_OWN_OID)
    .map((oid) => catalogue.functionByOid(oid)?.name ?? "");
  const live = liveFactsNeeded(tree, called);
  return new Set(["processId", "startTime", "sessionUser", ...live] as const);
}

/**
 * Whether planning alone computes it: one row of immutable functions of constants and parameters.
 * PostgreSQL then raises their errors at Bind.
 */
export function isComputedByPlanning(tree: string): boolean {
  if (/\{SUBLINK |:hasTargetSRFs true|:hasAggs true|\{SQLVALUEFUNCTION /.test(tree)) return false;
  if (/:rtekind [^8]/.test(tree)) return false;
  const catalogue = loadCatalogue();
  const called = [
    ...oids(tree, FUNCTION_FIELD),
    ...oids(tree, OPERATOR_FIELD).map((oid) => catalogue.operatorByOid(oid)?.functionOid ?? 0),
  ];
  return called.every((oid) => catalogue.functionByOid(oid)?.volatility === "immutable");
}

/** Whether one call with values for arguments may be asked of the embedded server, by itself. */
export function mayAnswerCall(functionOid: number): boolean {
  const entry = loadCatalogue().functionByOid(functionOid);
  if (entry === undefined || entry.schema !== "pg_catalog" || entry.kind !== "function")
    return false;
  if (entry.returnsSet || entry.variadicOid !== 0 || entry.volatility === "volatile") return false;
  return isHarmless(entry);
}

function functionRefusal(tree: string, catalogue: Catalogue): string | undefined {
  const operators = [
    ...oids(tree, OPERATOR_FIELD),
    ...[...tree.matchAll(OPERATOR_LIST)].flatMap(([, list]) => (list ?? "").split(" ").map(Number)),
  ];
  for (const oid of new Set(operators)) {
    const entry = catalogue.operatorByOid(oid);
    if (entry === undefined) return "user-defined operators are not supported over catalogues";
    const refusal = refusalOf(entry.functionOid, catalogue);
    if (refusal !== undefined) return refusal;
  }
  for (const oid of new Set(oids(tree, FUNCTION_FIELD))) {
    const refusal = refusalOf(oid, catalogue);
    if (refusal !== undefined) return refusal;
  }
  return undefined;
}

function refusalOf(oid: number, catalogue: Catalogue): string | undefined {
  const entry = catalogue.functionByOid(oid);
  if (entry === undefined) return "user-defined functions are not supported in catalogue queries";
  return isHarmless(entry) ? undefined : `function ${catalogue.signature(oid)} is not supported`;
}

function isHarmless(entry: FunctionEntry): boolean {
  if (entry.isEngineOnly || XML_MAPPING.test(entry.name) || REPLACED.test(entry.name)) return false;
  if (OF_A_SESSION.has(entry.name) || OF_THE_EMBEDDED.test(entry.name)) return false;
  if (entry.volatility !== "volatile") return true;
  return HARMLESS_VOLATILE.has(entry.name) || TRANSACTION_COUNTERS.test(entry.name);
}

function oids(tree: string, field: RegExp): number[] {
  return [...tree.matchAll(field)].map((match) => Number(match[1]));
}
