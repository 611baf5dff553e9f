/** The rules of a file in the syntax of pg_hba.conf: what each line asks for, or what is wrong. */

import { HbaError, type HbaField, type HbaLine, type HbaToken, readHbaLines } from "./hba-lines.ts";
import { type AddressBytes, maskOf, parseAddress } from "./ip-address.ts";

export type HbaMethod = "trust" | "reject" | "scram-sha-256" | "md5" | "password" | "cert";

export interface HbaRule {
  readonly line: number;
  readonly type: "host" | "hostssl" | "hostnossl";
  readonly databases: readonly HbaToken[];
  readonly users: readonly HbaToken[];
  readonly address: HbaAddress;
  readonly method: HbaMethod;
  readonly clientCertificate: "off" | "verify-ca" | "verify-full";
  readonly clientName: "CN" | "DN";
}

export type HbaAddress =
  | { readonly kind: "all" | "samehost" | "samenet" }
  | { readonly kind: "network"; readonly address: AddressBytes; readonly mask: AddressBytes };

const METHODS: ReadonlySet<string> = new Set([
  "trust",
  "reject",
  "scram-sha-256",
  "md5",
  "password",
  "cert",
]);
const OTHER_METHODS: ReadonlySet<string> = new Set([
  "bsd",
  "gss",
  "ident",
  "ldap",
  "oauth",
  "pam",
  "peer",
  "radius",
  "sspi",
]);
/** Neither Unix sockets nor GSSAPI are spoken here: such a line can match nobody. */
const NEVER: ReadonlySet<string> = new Set(["local", "hostgssenc"]);

/** @throws HbaError */
export function readHbaRules(file: string): readonly HbaRule[] {
  const lines = readHbaLines(file);
  const rules = lines.flatMap((line) => parseLine(line) ?? []);
  if (lines.length === 0) throw new HbaError("the file contains no entries", file);
  return rules;
}

function parseLine(line: HbaLine): HbaRule | undefined {
  const fail = (message: string): never => {
    throw new HbaError(message, line.file, line.number);
  };
  const rest = [...line.fields];
  const type = one(rest, "connection type", fail).text;
  if (NEVER.has(type)) return undefined;
  const known = { host: "host", hostnogssenc: "host", hostssl: "hostssl", hostnossl: "hostnossl" };
  if (!Object.hasOwn(known, type)) {
    if (type.startsWith("include")) fail(`"${type}" is not supported`);
    fail(`invalid connection type "${type}"`);
  }
  const databases = rest.shift() ?? fail("end-of-line before database specification");
  const users = rest.shift() ?? fail("end-of-line before role specification");
  refusePatterns([...databases, ...users], fail);
  const address = parseAddressPart(rest, fail);
  const method = methodOf(one(rest, "authentication method", fail).text, fail);
  const rule = {
    line: line.number,
    type: known[type as keyof typeof known] as HbaRule["type"],
    databases,
    users,
    address,
    method,
  };
  if (method === "cert" && rule.type !== "hostssl") {
    fail("cert authentication is only supported on hostssl connections");
  }
  return { ...rule, ...parseOptions(rest, rule, fail) };
}

type Fail = (message: string) => never;

function one(rest: HbaField[], what: string, fail: Fail): HbaToken {
  const field = rest.shift();
  const [token] = field ?? [];
  if (token === undefined) return fail(`end-of-line before ${what}`);
  if ((field?.length ?? 0) > 1) fail(`multiple values specified for ${what}`);
  return token;
}

function refusePatterns(tokens: readonly HbaToken[], fail: Fail): void {
  const pattern = tokens.find(({ text, isQuoted }) => !isQuoted && text.startsWith("/"));
  if (pattern !== undefined) fail(`regular expressions ("${pattern.text}") are not supported`);
}

function parseAddressPart(rest: HbaField[], fail: Fail): HbaAddress {
  const { text, isQuoted } = one(rest, "IP address specification", fail);
  if (!isQuoted && (text === "all" || text === "samehost" || text === "samenet")) {
    return { kind: text };
  }
  const [base = "", bits, ...more] = text.split("/");
  const address = parseAddress(base);
  if (address === undefined) {
    if (bits !== undefined) fail(`specifying both host name and CIDR mask is invalid: "${text}"`);
    return fail(`host name "${text}" is not supported: give an IP address`);
  }
  if (bits !== undefined) {
    const size = address.length;
    if (!/^\d{1,3}$/.test(bits) || Number(bits) > size * 8 || more.length > 0) {
      fail(`invalid CIDR mask in address "${text}"`);
    }
    return { kind: "network", address, mask: maskOf(Number(bits), size) };
  }
  const mask = one(rest, "netmask specification", fail).text;
  const maskBytes = parseAddress(mask) ?? fail(`invalid IP mask "${mask}"`);
  if (maskBytes.length !== address.length) fail("IP address and mask do not match");
  return { kind: "network", address, mask: maskBytes };
}

function methodOf(text: string, fail: Fail): HbaMethod {
  if (METHODS.has(text)) return text as HbaMethod;
  if (OTHER_METHODS.has(text)) fail(`authentication method "${text}" is not supported`);
  return fail(`invalid authentication method "${text}"`);
}

function parseOptions(
  fields: readonly HbaField[],
  { type, method }: { readonly type: HbaRule["type"]; readonly method: HbaMethod },
  fail: Fail,
): Pick<HbaRule, "clientCertificate" | "clientName"> {
  let clientCertificate: HbaRule["clientCertificate"] = method === "cert" ? "verify-full" : "off";
  let clientName: HbaRule["clientName"] = "CN";
  for (const { text } of fields.flat()) {
    const [, name, value] = /^([^=]*)=(.*)$/s.exec(text) ?? [];
    if (name === undefined) fail(`authentication option not in name=value format: ${text}`);
    if (name !== "clientcert" && name !== "clientname") {
      fail(`unrecognized authentication option name: "${name}"`);
    }
    if (type !== "hostssl") fail(`${name} can only be configured for "hostssl" rows`);
    if (name === "clientcert") {
      if (value !== "verify-ca" && value !== "verify-full") {
        return fail(`invalid value for clientcert: "${value}"`);
      }
      if (value === "verify-ca" && method === "cert") {
        fail('clientcert only accepts "verify-full" when using "cert" authentication');
      }
      clientCertificate = value;
    } else if (value === "CN" || value === "DN") clientName = value;
    else fail(`invalid value for clientname: "${value}"`);
  }
  return { clientCertificate, clientName };
}
