/** Roles as the embedded PostgreSQL has them, and the query that reads them. Never a password. */

export interface ShadowRole {
  readonly oid: number;
  readonly name: string;
  readonly isSuperuser: boolean;
  readonly canLogin: boolean;
  /** -1: none. */
  readonly connectionLimit: number;
  /** Milliseconds since 1970; null: for ever. */
  readonly validUntilMs: number | null;
  readonly memberOf: readonly ShadowMembership[];
  readonly settings: readonly ShadowRoleSettings[];
}

export interface ShadowMembership {
  readonly roleOid: number;
  /** Has the role's privileges without SET ROLE. */
  readonly inherits: boolean;
  readonly canSet: boolean;
}

/** ALTER ROLE and ALTER DATABASE ... SET. */
export interface ShadowRoleSettings {
  /** 0: in all. */
  readonly databaseOid: number;
  /** `name=value` each. */
  readonly values: readonly string[];
}

/** All roles, and under OID 0 what is set for all of them. */
export type ShadowRoles = readonly ShadowRole[];

export const BOOTSTRAP_ROLE_OID = 10;
/** Of the database `postgres`, the only one. */
export const DATABASE_OID = 5;

const SETTINGS = (role: string) => `coalesce((
  SELECT json_agg(json_build_object('databaseOid', s.setdatabase::int8,
    'values', array_to_json(s.setconfig)) ORDER BY s.setdatabase)
  FROM pg_catalog.pg_db_role_setting s WHERE s.setrole = ${role}), '[]')`;

/** One JSON array of `ShadowRole`, the same text for the same roles. */
export const ALL_ROLES = `(SELECT json_agg(role ORDER BY oid) FROM (
  SELECT r.oid, json_build_object('oid', r.oid::int8, 'name', r.rolname,
    'isSuperuser', r.rolsuper, 'canLogin', r.rolcanlogin, 'connectionLimit', r.rolconnlimit,
    'validUntilMs', CASE WHEN r.rolvaliduntil = 'infinity' THEN NULL
      WHEN r.rolvaliduntil = '-infinity' THEN -1
      ELSE pg_catalog.floor(extract(epoch FROM r.rolvaliduntil) * 1000) END,
    'memberOf', coalesce((
      SELECT json_agg(json_build_object('roleOid', m.roleid::int8, 'inherits', m.inherit_option,
        'canSet', m.set_option) ORDER BY m.oid)
      FROM pg_catalog.pg_auth_members m WHERE m.member = r.oid), '[]'),
    'settings', ${SETTINGS("r.oid")}) AS role
  FROM pg_catalog.pg_authid r
  UNION ALL SELECT 0, json_build_object('oid', 0, 'name', '', 'isSuperuser', false,
    'canLogin', false, 'connectionLimit', -1, 'validUntilMs', NULL, 'memberOf', '[]'::json,
    'settings', ${SETTINGS("0")})) AS one(oid, role))`;
