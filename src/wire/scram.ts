/**
 * SCRAM-SHA-256 and SCRAM-SHA-256-PLUS, the server's side: RFC 5802 and 7677, with the channel
 * binding tls-server-end-point of RFC 5929.
 */

import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { SqlError } from "../base/errors.ts";
import { hmac, type ScramVerifier, sha256 } from "../session/roles/secret.ts";
import { fatalViolation } from "./frontend.ts";

export const SCRAM_MECHANISM = "SCRAM-SHA-256";
export const SCRAM_PLUS_MECHANISM = "SCRAM-SHA-256-PLUS";

const BINDING_TYPE = "tls-server-end-point";

export interface ScramChannel {
  /** Hash of our certificate; undefined: no TLS, or a certificate without such a hash. */
  readonly certificateHash: Buffer | undefined;
  /** The client chose SCRAM-SHA-256-PLUS. */
  readonly isBound: boolean;
}

const UNBOUND: ScramChannel = { certificateHash: undefined, isBound: false };

/** One exchange: first message in, answer out; final message in, answer out. */
export class ScramExchange {
  readonly #verifier: ScramVerifier;
  readonly #isKnown: boolean;
  readonly #channel: ScramChannel;
  readonly #nonce: string;
  #header = "";
  #clientFirst = "";
  #serverFirst = "";
  #fullNonce = "";

  /** Not `isKnown`: every proof is wrong. */
  constructor(
    verifier: ScramVerifier,
    isKnown = true,
    channel = UNBOUND,
    nonce = randomBytes(18).toString("base64"),
  ) {
    this.#verifier = verifier;
    this.#isKnown = isKnown;
    this.#channel = channel;
    this.#nonce = nonce;
  }

  /** "n,,n=user,r=nonce" → "r=...,s=...,i=...". @throws SqlError FATAL 08P01, 28000, 0A000 */
  first(message: string): string {
    const { header, bare } = this.#readHeader(message);
    if (bare.startsWith("m=")) throw unsupported("client requires an unsupported SCRAM extension");
    const match = /^n=[^,]*,r=([^,]*)(?:,.*)?$/s.exec(bare);
    if (match === null) throw malformed();
    const clientNonce = match[1] ?? "";
    if (!/^[!-+\--~]+$/.test(clientNonce)) {
      throw fatalViolation("non-printable characters in SCRAM nonce");
    }
    this.#header = header;
    this.#clientFirst = bare;
    this.#fullNonce = clientNonce + this.#nonce;
    const { salt, iterations } = this.#verifier;
    this.#serverFirst = `r=${this.#fullNonce},s=${salt.toString("base64")},i=${iterations}`;
    return this.#serverFirst;
  }

  /** The flag of channel binding and the (unused) identity: what stands before the bare message. */
  #readHeader(message: string): { readonly header: string; readonly bare: string } {
    const match = /^(([nyp])(?:=([^,]*))?,([^,]*),)(.*)$/s.exec(message);
    if (match === null) throw malformed();
    const [, header = "", flag, type, identity = "", bare = ""] = match;
    const { isBound, certificateHash } = this.#channel;
    if ((flag === "p") !== (type !== undefined)) throw malformed();
    if (flag === "p" && !isBound) {
      throw malformed(
        "The client selected SCRAM-SHA-256 without channel binding, " +
          "but the SCRAM message includes channel binding data.",
      );
    }
    if (flag !== "p" && isBound) {
      throw malformed(
        "The client selected SCRAM-SHA-256-PLUS, " +
          "but the SCRAM message does not include channel binding data.",
      );
    }
    if (flag === "y" && certificateHash !== undefined) throw downgraded();
    if (flag === "p" && type !== BINDING_TYPE) {
      throw fatalViolation(`unsupported SCRAM channel-binding type "${type}"`);
    }
    if (identity.startsWith("a")) {
      throw unsupported("client uses authorization identity, but it is not supported");
    }
    if (identity !== "") throw malformed();
    return { header, bare };
  }

  /**
   * "c=...,r=...,p=proof" → "v=signature", or undefined when the proof is wrong.
   * @throws SqlError FATAL 08P01, 28000
   */
  final(message: string): string | undefined {
    const match = /^((c=([^,]*),r=([^,]*)).*?),p=([^,]*)$/s.exec(message);
    if (match === null) throw malformed();
    const [, withoutProof = "", , binding = "", nonce = "", proofText = ""] = match;
    this.#checkBinding(binding);
    if (nonce !== this.#fullNonce) {
      throw fatalViolation("invalid SCRAM response", "Nonce does not match.");
    }
    const proof = Buffer.from(proofText, "base64");
    if (proof.length !== 32) throw malformed("Malformed proof in client-final-message.");
    const signed = `${this.#clientFirst},${this.#serverFirst},${withoutProof}`;
    const signature = hmac(this.#verifier.storedKey, signed);
    const clientKey = Buffer.alloc(32);
    for (let at = 0; at < 32; at += 1) {
      clientKey[at] = (proof[at] as number) ^ (signature[at] as number);
    }
    const isRight = timingSafeEqual(sha256(clientKey), this.#verifier.storedKey);
    if (!isRight || !this.#isKnown) return undefined;
    return `v=${hmac(this.#verifier.serverKey, signed).toString("base64")}`;
  }

  #checkBinding(binding: string): void {
    const { isBound, certificateHash } = this.#channel;
    const data = isBound ? (certificateHash ?? Buffer.alloc(0)) : Buffer.alloc(0);
    const expected = Buffer.concat([Buffer.from(this.#header), data]).toString("base64");
    if (binding === expected) return;
    if (isBound) {
      throw new SqlError("28000", "SCRAM channel binding check failed", { severity: "FATAL" });
    }
    throw fatalViolation("unexpected SCRAM channel-binding attribute in client-final-message");
  }
}

/**
 * For a user without a password. The salt is the same each time, also after a restart when `secret`
 * is, so that the user cannot be told from one with a password.
 */
export function mockVerifier(user: string, secret: Uint8Array): ScramVerifier {
  const salt = createHmac("sha256", secret).update(user).digest().subarray(0, 16);
  return { iterations: 4096, salt, storedKey: randomBytes(32), serverKey: randomBytes(32) };
}

function downgraded(): SqlError {
  return new SqlError("28000", "SCRAM channel binding negotiation error", {
    severity: "FATAL",
    detail:
      "The client supports SCRAM channel binding but thinks the server does not.  " +
      "However, this server does support channel binding.",
  });
}

function malformed(detail?: string): SqlError {
  return fatalViolation("malformed SCRAM message", detail);
}

function unsupported(message: string): SqlError {
  return new SqlError("0A000", message, { severity: "FATAL" });
}
