/** Questions about roles, answered from what the embedded PostgreSQL last told of them. */

import { SqlError } from "../../base/errors.ts";
import type { ShadowMembership, ShadowRole, ShadowRoles } from "../../postgres/role.ts";

export function roleByName(roles: ShadowRoles, name: string): ShadowRole | undefined {
  return roles.find((role) => role.oid !== 0 && role.name === name);
}

export function roleByOid(roles: ShadowRoles, oid: number): ShadowRole | undefined {
  return roles.find((role) => role.oid === oid);
}

/** @throws SqlError 42704 */
export function requireRole(roles: ShadowRoles, oid: number): ShadowRole {
  const role = roleByOid(roles, oid);
  if (role === undefined) throw new SqlError("42704", `invalid role OID: ${oid}`);
  return role;
}

/** By whatever way, being a superuser aside; what rules ask. */
export function isMember(roles: ShadowRoles, role: ShadowRole, group: ShadowRole): boolean {
  return reaches(roles, role, group, () => true);
}

/** Has the group's privileges without becoming it. */
export function hasPrivilegesOf(roles: ShadowRoles, role: ShadowRole, group: string): boolean {
  if (role.isSuperuser) return true;
  const target = roleByName(roles, group);
  return target !== undefined && reaches(roles, role, target, ({ inherits }) => inherits);
}

/** SET ROLE. */
export function canBecome(roles: ShadowRoles, role: ShadowRole, other: ShadowRole): boolean {
  return role.isSuperuser || reaches(roles, role, other, ({ canSet }) => canSet);
}

function reaches(
  roles: ShadowRoles,
  role: ShadowRole,
  target: ShadowRole,
  isWay: (membership: ShadowMembership) => boolean,
): boolean {
  const seen = new Set([role.oid]);
  for (const oid of seen) {
    if (oid === target.oid) return true;
    for (const membership of roleByOid(roles, oid)?.memberOf ?? []) {
      if (isWay(membership)) seen.add(membership.roleOid);
    }
  }
  return false;
}
