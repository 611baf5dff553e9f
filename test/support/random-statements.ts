/**
 * Random SELECTs over the differential tests' tables: expressions of every type, nested, in lists,
 * filters, aggregates, windows, joins and set operations. The same seed gives the same statements.
 */

/** A linear congruential generator: only repeatability matters. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed & 0x7fffffff;
  }

  below(limit: number): number {
    this.#state = (Math.imul(this.#state, 1103515245) + 12345) & 0x7fffffff;
    return (this.#state >> 8) % limit;
  }

  pick<Item>(items: readonly [Item, ...Item[]]): Item {
    return items[this.below(items.length)] ?? items[0];
  }
}

const NAMES = {
  int: "int4",
  big: "int8",
  num: "numeric",
  flt: "float8",
  txt: "text",
  bool: "bool",
  ts: "timestamp",
  tz: "timestamptz",
  date: "date",
  iv: "interval",
} as const;
type Kind = keyof typeof NAMES;
const KINDS = Object.keys(NAMES) as [Kind, ...Kind[]];
const SORTABLE = KINDS.filter((kind) => kind !== "bool") as [Kind, ...Kind[]];

const LEAVES: Readonly<Record<Kind, readonly [string, ...string[]]>> = {
  int: ["r.id", "r.status::int", "r.id % 5", "length(r.note)"],
  big: ["r.count8 / 1000000", "r.id::int8 * 100000"],
  num: ["r.kwh", "r.kwh", "1.50", "r.id::numeric", "round(r.kwh, 1)", "r.big / 1000"],
  flt: ["r.temp", "r.humidity::float8", "r.id * 0.25::float8"],
  txt: ["r.device", "r.note", "'x'", "r.code::text", "r.meta->>'s'"],
  bool: ["r.ok", "true", "r.id > 40"],
  ts: ["r.local", "'2024-01-02 03:04:05'::timestamp"],
  tz: ["r.ts", "'2024-03-10 12:00+00'::timestamptz"],
  date: ["r.day", "'2024-02-29'::date", "r.ts::date"],
  iv: ["r.span", "'1 day 02:00'::interval", "r.ts - '2024-03-10 00:00+00'::timestamptz"],
};

/**
 * Forms by type: `{kind}` is an expression of that kind, `{x}` one of a kind chosen for the whole
 * form,
 * `{any}` of any kind, `{a|b}` one of the texts.
 */
const FORMS: Readonly<Record<Kind, readonly [string, ...string[]]>> = {
  int: [
    "({int} + {1|2|7})",
    "({int} - {int})",
    "({int} * {0|2|3})",
    "({int} / {2|3|-4})",
    "({int} % {2|5})",
    "abs({int})",
    "length({txt})",
    "({date} - {date})",
    "extract(hour from {ts})::int",
    "sign({flt})::int",
    "strpos({txt}, '-')",
  ],
  big: ["({big} + {int})", "({big} / {1|7})", "{int}::int8", "({big} % 7)", "round({num})::int8"],
  num: [
    "({num} + {num})",
    "({num} - {num})",
    "({num} * {2|0.5|1.25|r.id})",
    "({num} / {3|0.7|7|1.000})",
    "round({num}, {0|1|3})",
    "trunc({num}, {0|2})",
    "ceil({num})",
    "floor({num})",
    "abs({num})",
    "(-{num})",
    "{int}::numeric",
    "({num})::numeric(20,2)",
    "extract(epoch from {iv})",
    "extract(second from {tz})",
    "mod({num}, 7)",
  ],
  flt: [
    "({flt} + {flt})",
    "({flt} * 0.5)",
    "({flt} / 3)",
    "{int}::float8",
    "{num}::float8",
    "abs({flt})",
    "round({flt})",
    "floor({flt})",
    "date_part('epoch', {tz})",
  ],
  txt: [
    "upper({txt})",
    "({txt} || {txt})",
    "left({txt}, {-2|0|3})",
    "right({txt}, {-2|3})",
    "substr({txt}, {-1|0|3}, {0|4})",
    "replace({txt}, '-', '+')",
    "{int}::text",
    "{num}::text",
    "{flt}::text",
    "{tz}::text",
    "{iv}::text",
    "lpad({txt}, 8, '*')",
    "concat({any}, '/', {any})",
    "split_part({txt}, '-', {1|2})",
    "to_char({tz}, 'YYYY-MM-DD HH24:MI')",
    "reverse({txt})",
  ],
  bool: [
    "({x} {=|<>|<|<=|>|>=} {x})",
    "({any} IS NULL)",
    "(NOT {bool})",
    "({bool} AND {bool})",
    "({bool} OR {bool})",
    "({x} IS DISTINCT FROM {x})",
    "({x} IN ({x}, {x}))",
    "({x} BETWEEN {x} AND {x})",
    "({x} = ANY (ARRAY[{x}, {x}]))",
    "({txt} LIKE '%{e|1|_|-}%')",
    "({bool} IS NOT TRUE)",
    "({int} < {num})",
    "({date} < {tz})",
    "({ts} >= {date})",
    "({num} > {flt})",
  ],
  ts: [
    "({ts} + {iv})",
    "date_trunc('{hour|day|week|month}', {ts})",
    "{date}::timestamp",
    "({tz} AT TIME ZONE 'Europe/Berlin')",
  ],
  tz: [
    "({tz} + {iv})",
    "({tz} - {iv})",
    "date_trunc('{minute|hour|day|week|month|year}', {tz})",
    "{ts}::timestamptz",
    "({ts} AT TIME ZONE 'UTC')",
  ],
  date: ["({date} + {0|31})", "({date} - r.id)", "{ts}::date", "{tz}::date"],
  iv: [
    "({iv} + {iv})",
    "({iv} * {2|0.5|-1})",
    "({tz} - {tz})",
    "({ts} - {ts})",
    "age({ts}, {ts})",
    "justify_hours({iv})",
    "(-{iv})",
  ],
};
const COMMON = [
  "coalesce({x}, {x})",
  "CASE WHEN {bool} THEN {x} ELSE {x} END",
  "greatest({x}, {x})",
  "nullif({x}, {x})",
] as const;

const AGGREGATES: readonly [string, ...string[]] = [
  "count(*)",
  "count({any})",
  "sum({int})",
  "sum({num})",
  "sum({flt})",
  "avg({int})",
  "avg({num})",
  "min({sortable})",
  "max({sortable})",
  "bool_or({bool})",
  "count(DISTINCT {any})",
  "sum({num}) FILTER (WHERE {bool})",
  "string_agg({txt}, ',' ORDER BY r.id)",
  "array_agg({num} ORDER BY r.id)",
  "stddev({int})",
];

const STATEMENTS: readonly [string, ...string[]] = [
  "SELECT r.id, {any}, {any}, {any} FROM readings r ORDER BY r.id",
  "SELECT r.id FROM readings r WHERE {bool} ORDER BY 1",
  "SELECT {agg}, {agg}, {agg} FROM readings r WHERE {bool}",
  "SELECT {any} AS k, {agg}, {agg} FROM readings r GROUP BY 1 HAVING count(*) > {0|1}",
  "SELECT DISTINCT {any} AS v FROM readings r",
  "SELECT {x} FROM readings r WHERE r.id < 30 {UNION|UNION ALL}" +
    " SELECT {x} FROM readings r WHERE r.id > 60",
  "SELECT r.id, {sum|avg|min|max|count}({num}) OVER (PARTITION BY {any} ORDER BY r.id" +
    " ROWS BETWEEN {0|3} PRECEDING AND CURRENT ROW), lag({any}) OVER (ORDER BY r.id)," +
    " rank() OVER (ORDER BY {any}) FROM readings r ORDER BY r.id",
  "SELECT r.id, j.v FROM readings r JOIN (SELECT r.id AS i, {x} AS v FROM readings r) j" +
    " ON j.i = r.id + 1 WHERE j.v {=|<|>=} {x} ORDER BY r.id",
];

/** One statement; some are wrong in PostgreSQL too (NULLs without a type, days out of range). */
export function randomStatement(random: Random): string {
  return fill(random.pick(STATEMENTS), 1 + random.below(3), random);
}

function fill(form: string, depth: number, random: Random, own?: Kind): string {
  const chosen = own ?? random.pick(KINDS);
  return form.replace(/\{([^{}]+)\}/g, (_, key: string) => {
    if (key in NAMES) return expression(key as Kind, depth, random);
    if (key === "x") return expression(chosen, depth, random);
    if (key === "any") return expression(random.pick(KINDS), depth, random);
    if (key === "sortable") return expression(random.pick(SORTABLE), depth, random);
    if (key === "agg") return fill(random.pick(AGGREGATES), depth, random);
    return random.pick(key.split("|") as [string, ...string[]]);
  });
}

function expression(kind: Kind, depth: number, random: Random): string {
  if (depth <= 0) {
    return random.below(12) === 0 ? `NULL::${NAMES[kind]}` : random.pick(LEAVES[kind]);
  }
  if (random.below(5) === 0) return fill(random.pick([...COMMON]), depth - 1, random, kind);
  return fill(random.pick(FORMS[kind]), depth - 1, random);
}
