/** Passwords: what is kept of them, in the forms of `pg_authid.rolpassword`, and their checks. */

import { createHash, createHmac, pbkdf2, randomBytes, timingSafeEqual } from "node:crypto";
import { promisify } from "node:util";

const derive = promisify(pbkdf2);

/** What SCRAM-SHA-256 needs of a password; the password cannot be had back from it. */
export interface ScramVerifier {
  readonly iterations: number;
  readonly salt: Buffer;
  readonly storedKey: Buffer;
  readonly serverKey: Buffer;
}

/** What a role's password is checked against. `hash`: 32 hexadecimal digits. */
export type Secret =
  | { readonly kind: "scram"; readonly verifier: ScramVerifier }
  | { readonly kind: "md5"; readonly hash: string };

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

/** undefined: neither a SCRAM verifier nor an MD5 hash, so a password itself. */
export function parseSecret(text: string): Secret | undefined {
  const verifier = parseVerifier(text);
  if (verifier !== undefined) return { kind: "scram", verifier };
  const match = /^md5([0-9a-f]{32})$/.exec(text);
  return match === null ? undefined : { kind: "md5", hash: match[1] ?? "" };
}

export function md5Hash(password: string, user: string): string {
  return md5(`${password}${user}`);
}

/** What a client answers to an MD5 challenge. */
export function isMd5Response(response: string, hash: string, salt: Uint8Array): boolean {
  const digest = createHash("md5").update(hash).update(salt).digest("hex");
  return isEqual(response, `md5${digest}`);
}

/** Takes as long for a role without a password. */
export async function isPassword(
  password: string,
  user: string,
  secret: Secret | undefined,
): Promise<boolean> {
  if (secret?.kind === "md5") return isEqual(md5Hash(password, user), secret.hash);
  const known = secret?.verifier;
  const verifier = await makeVerifier(password, known?.salt, known?.iterations);
  if (known === undefined) return false;
  return timingSafeEqual(verifier.storedKey, known.storedKey);
}

export function hmac(key: Uint8Array, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}

export function sha256(bytes: Uint8Array): Buffer {
  return createHash("sha256").update(bytes).digest();
}

function md5(text: string): string {
  return createHash("md5").update(text).digest("hex");
}

function isEqual(a: string, b: string): boolean {
  const [one, other] = [Buffer.from(a), Buffer.from(b)];
  return one.length === other.length && timingSafeEqual(one, other);
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
