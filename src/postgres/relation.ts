/** A relation as the embedded PostgreSQL defines it: all that keeping its rows needs to know. */

export interface ShadowRelation {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  /** pg_class.relkind: `r` table, `S` sequence, `v` view, `p` partitioned table... */
  readonly relkind: string;
  readonly accessMethod: string | null;
  readonly columns: readonly ShadowColumn[];
  /** In order of OID, that is of creation. */
  readonly constraints: readonly ShadowConstraint[];
  /** In order of OID; those of constraints among them. */
  readonly indexes: readonly ShadowIndex[];
  /** Of a sequence, whose values are not the embedded PostgreSQL's to count. */
  readonly sequence: ShadowSequence | null;
  readonly view: ShadowViewDefinition | null;
  /** Parents, children, rules, triggers of the user, row security: what we cannot honour. */
  readonly oddities: readonly string[];
}

export interface ShadowColumn {
  /** pg_attribute.attnum. */
  readonly number: number;
  readonly name: string;
  readonly typeOid: number;
  readonly typmod: number;
  readonly isNotNull: boolean;
  /** As PostgreSQL prints it, of a default or a generated column. */
  readonly defaultText: string | null;
  /** The same as a node tree, whose Vars are of varno 1. */
  readonly defaultTree: string | null;
  /** Then the default is the expression it is computed by. */
  readonly generated: "stored" | "virtual" | null;
  readonly identity: "always" | "by default" | null;
  /** OID of the sequence of an identity or serial column, dropped with it. */
  readonly sequenceOid: number | null;
  readonly collationOid: number;
}

export type ForeignKeyAction = "no action" | "restrict" | "cascade" | "set null" | "set default";

export interface ShadowConstraint {
  readonly oid: number;
  readonly name: string;
  readonly kind: "check" | "not null" | "primary key" | "unique" | "foreign key" | "exclusion";
  /** Column numbers, in the key's order. */
  readonly columns: readonly number[];
  /** As PostgreSQL prints it: `CHECK ((x > 0))`. */
  readonly text: string;
  /** Of CHECK: the condition's node tree. */
  readonly tree: string | null;
  /** Of a key and of a foreign key's target: the unique index. */
  readonly indexOid: number | null;
  readonly isDeferrable: boolean;
  readonly isInitiallyDeferred: boolean;
  readonly isEnforced: boolean;
  /** Whether rows older than the constraint were checked. */
  readonly isValidated: boolean;
  /** WITHOUT OVERLAPS or PERIOD. */
  readonly isTemporal: boolean;
  readonly foreign: ForeignKey | null;
}

export interface ForeignKey {
  readonly relationOid: number;
  /** Of the other table, one for each column of the constraint. */
  readonly columns: readonly number[];
  readonly onUpdate: ForeignKeyAction;
  readonly onDelete: ForeignKeyAction;
  /** SET NULL (column, ...): only these; null: all. */
  readonly deleteSetColumns: readonly number[] | null;
  readonly match: "simple" | "full";
}

export interface ShadowIndex {
  readonly oid: number;
  readonly name: string;
  readonly isUnique: boolean;
  readonly isPrimary: boolean;
  /** Key columns by number; 0: the next of `expressions`. Columns of INCLUDE are left out. */
  readonly columns: readonly number[];
  /** A list of node trees, `({...} {...})`. */
  readonly expressions: string | null;
  /** Where there are expressions: the key as PostgreSQL prints it, `lower(name), id`. */
  readonly keyText: string | null;
  /** Of a partial index, a node tree. */
  readonly predicate: string | null;
  readonly nullsNotDistinct: boolean;
  /** Unique at the end of each statement, or row by row (true: not deferrable). */
  readonly isImmediate: boolean;
  /** Of a key or of EXCLUDE. */
  readonly constraintOid: number | null;
}

export interface ShadowSequence {
  readonly typeOid: number;
  /** int8 values, as texts. */
  readonly start: string;
  readonly increment: string;
  readonly min: string;
  readonly max: string;
  readonly cache: string;
  readonly cycles: boolean;
  readonly ownedBy: { readonly relationOid: number; readonly column: number } | null;
  /** What the embedded PostgreSQL holds; moved by RESTART alone. */
  readonly position: { readonly lastValue: string; readonly isCalled: boolean };
}

/** Of a view, or a materialized one. */
export interface ShadowViewDefinition {
  /** Its query as PostgreSQL prints it: constants are folded, names come out qualified. */
  readonly text: string;
  /** `security_barrier=true`, `check_option=local`. */
  readonly options: readonly string[];
  /** Whether it can be read. */
  readonly isPopulated: boolean;
  /** OIDs of the relations it reads. */
  readonly uses: readonly number[];
}
