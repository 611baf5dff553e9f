/** OIDs and sizes of PostgreSQL's built-in types, as `pg_type` of version 18 has them. */

export const Oid = {
  bool: 16,
  bytea: 17,
  char: 18,
  name: 19,
  int8: 20,
  int2: 21,
  int2vector: 22,
  int4: 23,
  regproc: 24,
  text: 25,
  oid: 26,
  tid: 27,
  xid: 28,
  cid: 29,
  oidvector: 30,
  json: 114,
  xml: 142,
  point: 600,
  cidr: 650,
  float4: 700,
  float8: 701,
  unknown: 705,
  money: 790,
  macaddr: 829,
  inet: 869,
  bpchar: 1042,
  varchar: 1043,
  date: 1082,
  time: 1083,
  timestamp: 1114,
  timestamptz: 1184,
  interval: 1186,
  timetz: 1266,
  bit: 1560,
  varbit: 1562,
  numeric: 1700,
  refcursor: 1790,
  regprocedure: 2202,
  regoper: 2203,
  regoperator: 2204,
  regclass: 2205,
  regtype: 2206,
  record: 2249,
  cstring: 2275,
  any: 2276,
  anyarray: 2277,
  void: 2278,
  uuid: 2950,
  jsonb: 3802,
  regconfig: 3734,
  regdictionary: 3769,
  jsonpath: 4072,
  regnamespace: 4089,
  regrole: 4096,
  regcollation: 4191,
} as const;

/** Array type OID → element type OID (`pg_type.typelem` of true arrays). */
const ELEMENT_OF_ARRAY: ReadonlyMap<number, number> = new Map([
  [1000, Oid.bool],
  [1001, Oid.bytea],
  [1002, Oid.char],
  [1003, Oid.name],
  [1016, Oid.int8],
  [1005, Oid.int2],
  [1006, Oid.int2vector],
  [1007, Oid.int4],
  [1008, Oid.regproc],
  [1009, Oid.text],
  [1028, Oid.oid],
  [1010, Oid.tid],
  [1011, Oid.xid],
  [1012, Oid.cid],
  [1013, Oid.oidvector],
  [199, Oid.json],
  [143, Oid.xml],
  [1017, Oid.point],
  [651, Oid.cidr],
  [1021, Oid.float4],
  [1022, Oid.float8],
  [791, Oid.money],
  [1040, Oid.macaddr],
  [1041, Oid.inet],
  [1014, Oid.bpchar],
  [1015, Oid.varchar],
  [1182, Oid.date],
  [1183, Oid.time],
  [1115, Oid.timestamp],
  [1185, Oid.timestamptz],
  [1187, Oid.interval],
  [1270, Oid.timetz],
  [1561, Oid.bit],
  [1563, Oid.varbit],
  [1231, Oid.numeric],
  [2201, Oid.refcursor],
  [2207, Oid.regprocedure],
  [2208, Oid.regoper],
  [2209, Oid.regoperator],
  [2210, Oid.regclass],
  [2211, Oid.regtype],
  [2287, Oid.record],
  [1263, Oid.cstring],
  [2951, Oid.uuid],
  [3807, Oid.jsonb],
  [3735, Oid.regconfig],
  [3770, Oid.regdictionary],
  [4073, Oid.jsonpath],
  [4090, Oid.regnamespace],
  [4097, Oid.regrole],
  [4192, Oid.regcollation],
]);

const ARRAY_OF_ELEMENT: ReadonlyMap<number, number> = new Map(
  [...ELEMENT_OF_ARRAY].map(([array, element]) => [element, array]),
);

/**
 * `pg_type.typlen` of the types of fixed length; every other type is -1 (cstring and unknown: -2).
 */
const SIZES: ReadonlyMap<number, number> = new Map([
  [Oid.bool, 1],
  [Oid.char, 1],
  [Oid.name, 64],
  [Oid.int8, 8],
  [Oid.int2, 2],
  [Oid.int4, 4],
  [Oid.regproc, 4],
  [Oid.oid, 4],
  [Oid.tid, 6],
  [Oid.xid, 4],
  [Oid.cid, 4],
  [Oid.point, 16],
  [Oid.float4, 4],
  [Oid.float8, 8],
  [Oid.unknown, -2],
  [Oid.money, 8],
  [Oid.macaddr, 6],
  [Oid.date, 4],
  [Oid.time, 8],
  [Oid.timestamp, 8],
  [Oid.timestamptz, 8],
  [Oid.interval, 16],
  [Oid.timetz, 12],
  [Oid.regprocedure, 4],
  [Oid.regoper, 4],
  [Oid.regoperator, 4],
  [Oid.regclass, 4],
  [Oid.regtype, 4],
  [Oid.cstring, -2],
  [Oid.void, 4],
  [Oid.uuid, 16],
  [Oid.regconfig, 4],
  [Oid.regdictionary, 4],
  [Oid.regnamespace, 4],
  [Oid.regrole, 4],
  [Oid.regcollation, 4],
]);

/** Element type of a built-in array type; undefined when `oid` is no array. */
export function elementOidOf(oid: number): number | undefined {
  return ELEMENT_OF_ARRAY.get(oid);
}

/** Array type of a built-in element type; undefined when there is none. */
export function arrayOidOf(oid: number): number | undefined {
  return ARRAY_OF_ELEMENT.get(oid);
}

/** What RowDescription says as the type's size; types we do not know are of variable length. */
export function typeSizeOf(oid: number): number {
  return SIZES.get(oid) ?? -1;
}

/** The name PostgreSQL uses in its messages ("invalid input syntax for type integer"). */
export function typeNameOf(oid: number): string {
  const element = ELEMENT_OF_ARRAY.get(oid);
  if (element !== undefined) return `${typeNameOf(element)}[]`;
  return LONG_NAMES.get(oid) ?? SHORT_NAMES.get(oid) ?? `type with OID ${oid}`;
}

const LONG_NAMES: ReadonlyMap<number, string> = new Map<number, string>([
  [Oid.bool, "boolean"],
  [Oid.char, '"char"'],
  [Oid.int8, "bigint"],
  [Oid.int2, "smallint"],
  [Oid.int4, "integer"],
  [Oid.float4, "real"],
  [Oid.float8, "double precision"],
  [Oid.bpchar, "character"],
  [Oid.varchar, "character varying"],
  [Oid.time, "time without time zone"],
  [Oid.timestamp, "timestamp without time zone"],
  [Oid.timestamptz, "timestamp with time zone"],
  [Oid.timetz, "time with time zone"],
  [Oid.varbit, "bit varying"],
]);

const SHORT_NAMES: ReadonlyMap<number, string> = new Map<number, string>(
  Object.entries(Oid).map(([name, oid]) => [oid, name]),
);
