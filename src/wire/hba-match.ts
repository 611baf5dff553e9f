/** Which rule is for a connection: the first that fits, as in PostgreSQL. */

import { networkInterfaces } from "node:os";
import type { HbaToken } from "./hba-lines.ts";
import type { HbaAddress, HbaRule } from "./hba-parse.ts";
import { type AddressBytes, isWithin, parseAddress } from "./ip-address.ts";

export interface HbaClient {
  readonly user: string;
  readonly database: string;
  readonly remoteAddress: string;
  readonly isEncrypted: boolean;
  /** Whether the user is the role or a member of it, by whatever way. */
  readonly isMember: (role: string) => boolean;
}

/** undefined: none. */
export function findRule(rules: readonly HbaRule[], client: HbaClient): HbaRule | undefined {
  const address = parseAddress(client.remoteAddress);
  return rules.find(
    (rule) =>
      (rule.type === "host" || (rule.type === "hostssl") === client.isEncrypted) &&
      isAddress(rule.address, address) &&
      rule.databases.some((token) => isDatabase(token, client)) &&
      rule.users.some((token) => isUser(token, client)),
  );
}

function isAddress(rule: HbaAddress, address: AddressBytes | undefined): boolean {
  if (rule.kind === "all") return true;
  if (address === undefined) return false;
  if (rule.kind === "network") return isWithin(address, rule.address, rule.mask);
  return ownNetworks().some(({ own, mask }) =>
    isWithin(address, own, rule.kind === "samehost" ? mask.map(() => 0xff) : mask),
  );
}

function ownNetworks(): { readonly own: AddressBytes; readonly mask: AddressBytes }[] {
  const all = Object.values(networkInterfaces()).flatMap((one) => one ?? []);
  return all.flatMap(({ address, netmask }) => {
    const own = parseAddress(address);
    const mask = parseAddress(netmask);
    return own?.length === mask?.length && own && mask ? [{ own, mask }] : [];
  });
}

function isDatabase({ text, isQuoted }: HbaToken, client: HbaClient): boolean {
  if (isQuoted) return text === client.database;
  switch (text) {
    case "all":
      return true;
    case "sameuser":
      return client.database === client.user;
    case "samerole":
    case "samegroup":
      return client.isMember(client.database);
    case "replication":
      return false; // who asks for replication is sent away before
    default:
      return text === client.database;
  }
}

function isUser({ text, isQuoted }: HbaToken, client: HbaClient): boolean {
  if (isQuoted) return text === client.user;
  if (text === "all") return true;
  if (text.startsWith("+") && text.length > 1) return client.isMember(text.slice(1));
  return text === client.user;
}
