/** Passwords: what is kept of them, and who must give one. */

import { createHash, createHmac, pbkdf2, randomBytes } from "node:crypto";
import { promisify } from "node:util";

const derive = promisify(pbkdf2);

/** What SCRAM-SHA-256 needs of a password; the password cannot be had back from it. */
export interface ScramVerifier {
  readonly iterations: number;
  readonly salt: Buffer;
  readonly storedKey: Buffer;
  readonly serverKey: Buffer;
}

/**
 * How a connection must prove who it is. `scram` without a verifier runs the whole exchange and
 * then fails, so that an unknown user looks like a wrong password.
 */
export type AuthenticationMethod =
  | { readonly kind: "trust" }
  | { readonly kind: "scram"; readonly verifier: ScramVerifier | undefined };

export interface AuthenticationRequest {
  readonly user: string;
  readonly database: string;
  readonly remoteAddress: string;
}

export interface Authenticator {
  methodFor(request: AuthenticationRequest): Promise<AuthenticationMethod>;
}

export const trustEverybody: Authenticator = {
  methodFor: () => Promise.resolve({ kind: "trust" }),
};

const ITERATIONS = 4096;

export async function makeVerifier(
  password: string,
  salt: Buffer = randomBytes(16),
  iterations = ITERATIONS,
): Promise<ScramVerifier> {
  const salted = await derive(prepare(password), salt, iterations, 32, "sha256");
  const storedKey = sha256(hmac(salted, "Client Key"));
  return { iterations, salt, storedKey, serverKey: hmac(salted, "Server Key") };
}

/** PostgreSQL's form in `pg_authid.rolpassword`. */
export function verifierText(verifier: ScramVerifier): string {
  const { iterations, salt, storedKey, serverKey } = verifier;
  const keys = `${storedKey.toString("base64")}:${serverKey.toString("base64")}`;
  return `SCRAM-SHA-256$${iterations}:${salt.toString("base64")}$${keys}`;
}

/** undefined: not a SCRAM verifier. */
export function parseVerifier(text: string): ScramVerifier | undefined {
  const match = /^SCRAM-SHA-256\$(\d{1,9}):([^$]+)\$([^:]+):(.+)$/.exec(text);
  if (match === null) return undefined;
  const [salt, storedKey, serverKey] = match.slice(2).map((part) => Buffer.from(part, "base64"));
  if (salt === undefined || storedKey?.length !== 32 || serverKey?.length !== 32) return undefined;
  return { iterations: Number(match[1]), salt, storedKey, serverKey };
}

export function hmac(key: Uint8Array, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}

export function sha256(bytes: Uint8Array): Buffer {
  return createHash("sha256").update(bytes).digest();
}

/** SASLprep as far as clients do it: other blanks, characters mapped to nothing, NFKC. */
function prepare(password: string): string {
  return password
    .replace(/[\u00a0\u1680\u2000-\u200b\u202f\u205f\u3000]/gu, " ")
    .replace(
      /\u00ad|\u034f|\u1806|[\u180b-\u180d]|\u200c|\u200d|\u2060|[\ufe00-\ufe0f]|\ufeff/gu,
      "",
    )
    .normalize("NFKC");
}
