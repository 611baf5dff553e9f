/**
 * Who may come in and how they prove it: rules, passwords, certificates, TLS. Without a file of
 * rules everybody must give a password once one is set, and nobody is let in from beyond loopback
 * before that.
 */

import { join } from "node:path";
import { SqlError } from "../base/errors.ts";
import { log } from "../base/telemetry.ts";
import { BOOTSTRAP_ROLE_OID } from "../postgres/role.ts";
import { SUPERUSER } from "../session/compile-context.ts";
import { isMember, roleByName } from "../session/roles/directory.ts";
import { makeVerifier, type Secret, verifierText } from "../session/roles/secret.ts";
import type { Services } from "../session/services.ts";
import { wrongPassword } from "../wire/authentication.ts";
import type {
  AuthenticationMethod,
  AuthenticationRequest,
  Authenticator,
} from "../wire/authenticator.ts";
import { HbaError } from "../wire/hba-lines.ts";
import { findRule } from "../wire/hba-match.ts";
import { type HbaRule, readHbaRules } from "../wire/hba-parse.ts";
import { mockVerifier } from "../wire/scram.ts";
import { Tls } from "../wire/tls.ts";
import { type Config, ConfigError } from "./config.ts";
import { hbaRows } from "./hba-rows.ts";
import { readLoginSecret } from "./login-secret.ts";

export class Security implements Authenticator {
  /** undefined: none is offered. */
  readonly tls: Tls | undefined;
  readonly #config: Config;
  readonly #services: Services;
  readonly #mockSecret: Buffer;
  /** undefined: no file of rules. */
  #rules: readonly HbaRule[] | undefined;

  private constructor(
    config: Config,
    services: Services,
    mockSecret: Buffer,
    tls: Tls | undefined,
    rules: readonly HbaRule[] | undefined,
  ) {
    this.#config = config;
    this.#services = services;
    this.#mockSecret = mockSecret;
    this.tls = tls;
    this.#rules = rules;
  }

  /**
   * `password` (PGTIDE_PASSWORD) becomes the superuser's at the first start that has one.
   * @throws ConfigError when a file cannot be used, or strangers could connect without a password
   */
  static async open(
    config: Config,
    password: string | undefined,
    services: Services,
  ): Promise<Security> {
    const tls = openTls(config);
    const rules = openRules(config);
    warnOfRules(rules, tls);
    await keepPassword(password, services);
    const secret = await readLoginSecret(join(config.data, "login.secret"));
    const security = new Security(config, services, secret, tls, rules);
    const isClosed =
      services.passwords.get(BOOTSTRAP_ROLE_OID) === undefined && !security.#isOpen();
    if (rules === undefined && isClosed) {
      throw new ConfigError(
        `will not listen on ${config.host} without a password: set PGTIDE_PASSWORD`,
      );
    }
    return security;
  }

  reload(): void {
    try {
      this.tls?.reload();
    } catch (cause) {
      log("error", "the certificate was not read again: the old one stays", { cause });
    }
    try {
      this.#rules = openRules(this.#config);
      warnOfRules(this.#rules, this.tls);
    } catch (cause) {
      log("error", "the rules were not read again: the old ones stay", { cause });
    }
    log("info", "reloaded");
  }

  /** Rows of pg_hba_file_rules; without a file there are none. */
  ruleRows(): readonly object[] {
    const { hbaFile } = this.#config;
    return hbaFile === undefined ? [] : hbaRows(hbaFile);
  }

  async methodFor(request: AuthenticationRequest): Promise<AuthenticationMethod> {
    const { user, database, remoteAddress, encryption } = request;
    if (this.#rules === undefined) {
      return this.#isOpen() ? { kind: "trust" } : this.#challenge("scram-sha-256", user);
    }
    const rule = findRule(this.#rules, {
      user,
      database,
      remoteAddress,
      isEncrypted: encryption !== undefined,
      isMember: (group) => this.#isMember(user, group),
    });
    if (rule === undefined || rule.method === "reject") throw refused(rule, request);
    const denial = this.#certificateDenial(rule, request);
    const method = this.#challenge(rule.method, user);
    return denial === undefined ? method : { ...method, denial };
  }

  /** Before the superuser has a password: then who reaches the server is trusted. */
  #isOpen(): boolean {
    const hasPassword = this.#services.passwords.get(BOOTSTRAP_ROLE_OID) !== undefined;
    return isLoopback(this.#config.host) && !hasPassword;
  }

  #challenge(method: HbaRule["method"], user: string): AuthenticationMethod {
    if (method === "trust" || method === "cert") return { kind: "trust" };
    const secret = this.#secretOf(user);
    if (method === "password") return { kind: "password", secret };
    if (method === "md5" && secret?.kind === "md5") return secret;
    return secret?.kind === "scram"
      ? { kind: "scram", verifier: secret.verifier, isKnown: true }
      : { kind: "scram", verifier: mockVerifier(user, this.#mockSecret), isKnown: false };
  }

  /** @throws SqlError when there is no certificate to look at */
  #certificateDenial(rule: HbaRule, request: AuthenticationRequest): SqlError | undefined {
    if (rule.clientCertificate === "off") return undefined;
    if (this.tls?.asksForCertificates !== true) {
      throw fatal(
        "F0000",
        "client certificates can only be checked if a root certificate store is available",
      );
    }
    const peer = request.encryption?.peer;
    if (peer === undefined) {
      throw fatal("28000", "connection requires a valid client certificate");
    }
    if (rule.clientCertificate === "verify-ca") return undefined;
    const name = rule.clientName === "CN" ? peer.commonName : peer.distinguishedName;
    return name === request.user ? undefined : failed(rule, request.user);
  }

  #isMember(user: string, group: string): boolean {
    const roles = this.#services.definer.roles();
    const [one, other] = [roleByName(roles, user), roleByName(roles, group)];
    return one !== undefined && other !== undefined && isMember(roles, one, other);
  }

  /** undefined: the user has none, or it is no longer valid. */
  #secretOf(user: string): Secret | undefined {
    const role = roleByName(this.#services.definer.roles(), user);
    if (role === undefined) return undefined;
    const { validUntilMs } = role;
    if (validUntilMs !== null && validUntilMs < Date.now()) return undefined;
    return this.#services.passwords.get(role.oid);
  }
}

function openTls(config: Config): Tls | undefined {
  const { tlsCertificate: certificate, tlsKey: key, tlsAuthorities: authorities } = config;
  if (certificate === undefined || key === undefined) return undefined;
  try {
    return new Tls({ certificate, key, authorities });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ConfigError(`cannot use the certificate: ${reason}`, { cause });
  }
}

/** @throws ConfigError */
function openRules({ hbaFile }: Config): readonly HbaRule[] | undefined {
  if (hbaFile === undefined) return undefined;
  try {
    return readHbaRules(hbaFile);
  } catch (cause) {
    if (!(cause instanceof HbaError)) throw cause;
    throw new ConfigError(cause.message, { cause });
  }
}

function warnOfRules(rules: readonly HbaRule[] | undefined, tls: Tls | undefined): void {
  if (tls !== undefined) return;
  for (const { type, line } of rules ?? []) {
    if (type !== "hostssl") continue;
    log("warn", "a hostssl rule can match nobody: there is no certificate", { line });
  }
}

function refused(rule: HbaRule | undefined, request: AuthenticationRequest): SqlError {
  const { user, database, remoteAddress, encryption } = request;
  const what =
    rule === undefined ? "no pg_hba.conf entry for" : "pg_hba.conf rejects connection for";
  const how = encryption === undefined ? "no encryption" : "SSL encryption";
  const host = remoteAddress.replace(/^::ffff:(?=\d+\.)/, "");
  return fatal("28000", `${what} host "${host}", user "${user}", database "${database}", ${how}`);
}

/** The certificate is another's: said in the words of the rule's method. */
function failed({ method }: HbaRule, user: string): SqlError {
  if (method === "cert") {
    return fatal("28000", `certificate authentication failed for user "${user}"`);
  }
  if (method === "trust") return fatal("28000", `"trust" authentication failed for user "${user}"`);
  return wrongPassword(user);
}

function fatal(sqlState: string, message: string): SqlError {
  return new SqlError(sqlState, message, { severity: "FATAL" });
}

async function keepPassword(password: string | undefined, services: Services): Promise<void> {
  if (password === undefined) return;
  if (services.passwords.get(BOOTSTRAP_ROLE_OID) !== undefined) {
    log("info", "a password is set already; PGTIDE_PASSWORD is not looked at");
    return;
  }
  const secret = verifierText(await makeVerifier(password));
  const settings = { role: SUPERUSER, searchPath: "public", settings: {} };
  await services.definer.define([], settings, async ({ definition }) => {
    await services.journal.append({
      ...definition,
      changes: [{ kind: "put-password", roleOid: BOOTSTRAP_ROLE_OID, secret }],
    });
  });
  services.passwords.put(BOOTSTRAP_ROLE_OID, secret);
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127\./.test(host);
}
