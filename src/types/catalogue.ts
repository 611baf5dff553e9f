/**
 * PostgreSQL's own signatures, as dumped from the embedded server when the project is built
 * (postgres/build-template.ts writes dist/catalogue.json): what OIDs in an analysed tree stand for.
 */

import { readFileSync } from "node:fs";
import { workerUrl } from "../base/worker-url.ts";

export interface FunctionEntry {
  readonly oid: number;
  /** `pg_catalog`, or the schema of a function that sql/shadow.sql declares. */
  readonly schema: string;
  readonly name: string;
  /** OIDs of the input arguments, variadic one as its array type. */
  readonly argumentOids: readonly number[];
  /** One for each input argument, "" when unnamed; empty when none has a name. */
  readonly argumentNames: readonly string[];
  /** SQL text of the defaults of the last arguments, one each. */
  readonly defaults: readonly string[];
  readonly resultOid: number;
  readonly kind: "function" | "procedure" | "aggregate" | "window";
  readonly volatility: "immutable" | "stable" | "volatile";
  readonly isStrict: boolean;
  readonly returnsSet: boolean;
  readonly isLeakproof: boolean;
  /** Element type of a variadic last argument, 0 when not variadic. */
  readonly variadicOid: number;
  /** normal (`n`), ordered-set (`o`) or hypothetical-set (`h`); undefined for a non-aggregate. */
  readonly aggregateKind: "n" | "o" | "h" | undefined;
  /** How many leading arguments of an ordered-set aggregate are direct ones. */
  readonly directArguments: number;
  /**
   * Declared by sql/shadow.sql for the engine to compute: the embedded PostgreSQL cannot run it.
   */
  readonly isEngineOnly: boolean;
}

export interface OperatorEntry {
  readonly oid: number;
  readonly name: string;
  /** 0 for a prefix operator. */
  readonly leftOid: number;
  readonly rightOid: number;
  readonly resultOid: number;
  readonly functionOid: number;
  /** 0 when there is none. */
  readonly commutatorOid: number;
  readonly negatorOid: number;
}

export interface TypeEntry {
  readonly oid: number;
  readonly schema: string;
  /** Internal name: `int4`, `timestamptz`, `_text`. */
  readonly name: string;
  /** pg_type.typlen; negative for variable length. */
  readonly length: number;
  /** typtype: b base, c composite, d domain, e enum, p pseudo, r range, m multirange. */
  readonly kind: string;
  readonly category: string;
  /** 0 when not an array (also set for name, point...: see `isArray`). */
  readonly elementOid: number;
  readonly arrayOid: number;
  readonly isArray: boolean;
}

export interface CastEntry {
  readonly sourceOid: number;
  readonly targetOid: number;
  /** 0 when the cast needs no function. */
  readonly functionOid: number;
  /** e explicit, a assignment, i implicit. */
  readonly context: string;
  /** f function, b binary-coercible, i by the types' text. */
  readonly method: string;
}

/** The content of dist/catalogue.json. */
export interface CatalogueFile {
  /** As in server_version: `18.6`. */
  readonly serverVersion: string;
  readonly functions: readonly FunctionEntry[];
  readonly operators: readonly OperatorEntry[];
  readonly types: readonly TypeEntry[];
  readonly casts: readonly CastEntry[];
}

export interface Catalogue {
  readonly serverVersion: string;
  readonly functions: readonly FunctionEntry[];
  readonly operators: readonly OperatorEntry[];
  readonly types: readonly TypeEntry[];
  readonly casts: readonly CastEntry[];
  functionByOid(oid: number): FunctionEntry | undefined;
  operatorByOid(oid: number): OperatorEntry | undefined;
  typeByOid(oid: number): TypeEntry | undefined;
  /** A type of pg_catalog by internal name. */
  typeByName(name: string): TypeEntry | undefined;
  cast(sourceOid: number, targetOid: number): CastEntry | undefined;
  /**
   * `round(float8)`, `substr(text,int4,int4)`, `pi()`; undefined for an OID made after the build.
   */
  signature(functionOid: number): string | undefined;
  /** `+(int4,int4)`; a prefix operator has an empty left side: `-(,float8)`. */
  operatorSignature(operatorOid: number): string | undefined;
  /** `round(float8)` → its entry; only functions and aggregates of pg_catalog. */
  functionBySignature(signature: string): FunctionEntry | undefined;
}

let loaded: Catalogue | undefined;

/** Reads dist/catalogue.json once. @throws when `npm run build` has not been run. */
export function loadCatalogue(): Catalogue {
  loaded ??= catalogueOf(
    JSON.parse(readFileSync(workerUrl("catalogue.json", import.meta.url), "utf8")) as CatalogueFile,
  );
  return loaded;
}

function catalogueOf(file: CatalogueFile): Catalogue {
  const functions = byOid(file.functions);
  const operators = byOid(file.operators);
  const types = byOid(file.types);
  const casts = new Map(file.casts.map((cast) => [castKey(cast.sourceOid, cast.targetOid), cast]));
  const builtIn = file.types.filter((type) => type.schema === "pg_catalog");
  const typesByName = new Map(builtIn.map((type) => [type.name, type]));
  const typeName = (oid: number) => (oid === 0 ? "" : (types.get(oid)?.name ?? String(oid)));
  const signatureOf = (entry: FunctionEntry) =>
    `${entry.name}(${entry.argumentOids.map(typeName).join(",")})`;
  const bySignature = new Map(
    file.functions
      .filter((entry) => entry.schema === "pg_catalog")
      .map((entry) => [signatureOf(entry), entry]),
  );
  return {
    ...file,
    functionByOid: (oid) => functions.get(oid),
    operatorByOid: (oid) => operators.get(oid),
    typeByOid: (oid) => types.get(oid),
    typeByName: (name) => typesByName.get(name),
    cast: (source, target) => casts.get(castKey(source, target)),
    signature: (oid) => {
      const entry = functions.get(oid);
      return entry === undefined ? undefined : signatureOf(entry);
    },
    operatorSignature: (oid) => {
      const entry = operators.get(oid);
      if (entry === undefined) return undefined;
      return `${entry.name}(${typeName(entry.leftOid)},${typeName(entry.rightOid)})`;
    },
    functionBySignature: (signature) => bySignature.get(signature),
  };
}

function byOid<Entry extends { readonly oid: number }>(
  entries: readonly Entry[],
): ReadonlyMap<number, Entry> {
  return new Map(entries.map((entry) => [entry.oid, entry]));
}

function castKey(sourceOid: number, targetOid: number): string {
  return `${sourceOid}:${targetOid}`;
}
