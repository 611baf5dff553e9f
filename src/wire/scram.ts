/** SCRAM-SHA-256, the server's side: RFC 5802 and 7677, without channel binding. */

import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { SqlError } from "../base/errors.ts";
import { fatalViolation } from "./frontend.ts";
import { hmac, type ScramVerifier, sha256 } from "./password.ts";

export const SCRAM_MECHANISM = "SCRAM-SHA-256";

/**
 * Makes the salt of an unknown user the same each time, so that it cannot be told from a known
 * one.
 */
const mockSecret = randomBytes(32);

/** One exchange: first message in, answer out; final message in, answer out. */
export class ScramExchange {
  readonly #verifier: ScramVerifier;
  readonly #isKnown: boolean;
  readonly #nonce: string;
  #header = "";
  #clientFirst = "";
  #serverFirst = "";
  #fullNonce = "";

  /** `verifier` undefined: every proof is wrong. */
  constructor(
    user: string,
    verifier: ScramVerifier | undefined,
    nonce = randomBytes(18).toString("base64"),
  ) {
    this.#isKnown = verifier !== undefined;
    this.#verifier = verifier ?? mockVerifier(user);
    this.#nonce = nonce;
  }

  /** "n,,n=user,r=nonce" → "r=...,s=...,i=...". @throws SqlError FATAL 08P01, 0A000 */
  first(message: string): string {
    const match = /^(([nyp])(=[^,]*)?,([^,]*),)((?:m=[^,]*,)?n=[^,]*,r=([!-+\--~]+).*)$/s.exec(
      message,
    );
    if (match === null) throw malformed();
    const [, header = "", flag, , authorization = "", bare = "", clientNonce = ""] = match;
    if (flag === "p") {
      throw fatalViolation(
        "client selected SCRAM-SHA-256 without channel binding, but its message includes it",
      );
    }
    if (authorization !== "") throw unsupported("client uses authorization identity");
    if (bare.startsWith("m=")) throw unsupported("client requires a SCRAM extension");
    this.#header = header;
    this.#clientFirst = bare;
    this.#fullNonce = clientNonce + this.#nonce;
    const { salt, iterations } = this.#verifier;
    this.#serverFirst = `r=${this.#fullNonce},s=${salt.toString("base64")},i=${iterations}`;
    return this.#serverFirst;
  }

  /**
   * "c=...,r=...,p=proof" → "v=signature", or undefined when the proof is wrong.
   * @throws SqlError FATAL 08P01
   */
  final(message: string): string | undefined {
    const match = /^((c=([^,]*),r=([^,]*)).*?),p=([^,]*)$/s.exec(message);
    if (match === null) throw malformed();
    const [, withoutProof = "", , binding = "", nonce = "", proofText = ""] = match;
    if (binding !== Buffer.from(this.#header).toString("base64")) {
      throw fatalViolation("unexpected SCRAM channel-binding attribute in client-final-message");
    }
    if (nonce !== this.#fullNonce) {
      throw fatalViolation("invalid SCRAM response: nonce does not match");
    }
    const proof = Buffer.from(proofText, "base64");
    if (proof.length !== 32) throw malformed();
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
}

function mockVerifier(user: string): ScramVerifier {
  const salt = createHmac("sha256", mockSecret).update(user).digest().subarray(0, 16);
  return { iterations: 4096, salt, storedKey: randomBytes(32), serverKey: randomBytes(32) };
}

function malformed(): SqlError {
  return fatalViolation("malformed SCRAM message");
}

function unsupported(what: string): SqlError {
  return new SqlError("0A000", `${what}, but it is not supported`, { severity: "FATAL" });
}
