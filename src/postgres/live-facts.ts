/**
 * What the embedded server must be told of the running one, by name: JSON that travels along with a
 * catalogue query and that sql/live-facts.sql and sql/shadow.sql read by `pg_tide_fact(name)`. A
 * query gets only what it asks for.
 */

export const LIVE_FACTS = [
  "blockers",
  "connection",
  "copies",
  "cursors",
  "locks",
  "rows",
  "rules",
  "sequences",
  "sessions",
  "settings",
  "sizes",
  "snapshot",
  "statements",
  "transaction",
] as const;
export type LiveFact = (typeof LIVE_FACTS)[number];

/** By the name of a function that sql/*.sql has put in a built-in's place. */
const ASKED_BY: Readonly<Record<string, readonly LiveFact[]>> = {
  current_setting: ["settings"],
  inet_client_addr: ["connection"],
  inet_client_port: ["connection"],
  inet_server_addr: ["connection"],
  inet_server_port: ["connection"],
  pg_blocking_pids: ["blockers"],
  pg_conf_load_time: ["connection"],
  pg_current_snapshot: ["snapshot"],
  pg_current_xact_id: ["transaction"],
  pg_current_xact_id_if_assigned: ["snapshot"],
  pg_hba_file_rules: ["rules"],
  pg_is_other_temp_schema: ["connection"],
  pg_lock_status: ["locks"],
  pg_my_temp_schema: ["connection"],
  pg_sequence_last_value: ["sequences"],
  pg_show_all_settings: ["settings"],
  pg_stat_get_activity: ["sessions"],
  pg_stat_get_db_numbackends: ["connection"],
  pg_stat_get_live_tuples: ["rows"],
  txid_current: ["transaction"],
  txid_current_if_assigned: ["snapshot"],
  txid_current_snapshot: ["snapshot"],
};

/** pg_class.reltuples, or the whole row, by a column's number above that of the system columns. */
const COUNTED_COLUMNS = /\{RTEPERMISSIONINFO :relid 1259 [^{}]*?:selectedCols \(b ([\d ]+)\)/g;
const WHOLE_ROW = 7;
const RELTUPLES = 18;

/** `called`: functions of ours in the tree. */
export function liveFactsNeeded(tree: string, called: readonly string[]): ReadonlySet<LiveFact> {
  const needed = new Set<LiveFact>();
  for (const name of called) {
    if (name.endsWith("_size")) needed.add("sizes");
    for (const fact of ASKED_BY[name] ?? []) needed.add(fact);
    if (name !== "pg_tide_fact") continue;
    for (const fact of LIVE_FACTS) {
      if (tree.includes(`${[...Buffer.from(fact)].join(" ")} ]`)) needed.add(fact);
    }
  }
  for (const [, columns = ""] of tree.matchAll(COUNTED_COLUMNS)) {
    const numbers = columns.trim().split(" ").map(Number);
    if (numbers.includes(RELTUPLES) || numbers.includes(WHOLE_ROW)) needed.add("rows");
  }
  return needed;
}

/** In a transaction that is rolled back: pg_class counts rows as the server does. */
export function countRowsSql(rows: object): string {
  const json = JSON.stringify(rows);
  if (json === "{}") return "";
  return (
    "SET LOCAL allow_system_table_mods = on;" +
    " UPDATE pg_catalog.pg_class c SET reltuples = f.value::float4" +
    ` FROM pg_catalog.json_each_text('${json}') f` +
    " WHERE c.oid = f.key::oid AND c.reltuples <> f.value::float4;" +
    " SET LOCAL allow_system_table_mods = off"
  );
}
