/** Who must prove what: what the wire asks of the server, which knows roles and rules. */

import type { SqlError } from "../base/errors.ts";
import type { ScramVerifier, Secret } from "../session/roles/secret.ts";

/**
 * How a connection must prove who it is. `scram` not `isKnown` runs the whole exchange and then
 * fails, so that an unknown user looks like a wrong password.
 */
export type AuthenticationMethod = (
  | { readonly kind: "trust" }
  | { readonly kind: "scram"; readonly verifier: ScramVerifier; readonly isKnown: boolean }
  | { readonly kind: "md5"; readonly hash: string }
  /** In clear text. undefined: nothing is right. */
  | { readonly kind: "password"; readonly secret: Secret | undefined }
) & {
  /** What stands against the client even when its proof is right. */
  readonly denial?: SqlError;
};

/** A client's certificate. */
export interface PeerCertificate {
  readonly commonName: string;
  /** The distinguished name as RFC 2253 writes it. */
  readonly distinguishedName: string;
}

export interface Encryption {
  /** For channel binding; undefined: our certificate's signature names no hash. */
  readonly certificateHash: Buffer | undefined;
  /** One that our authorities vouch for; undefined: none was shown. */
  readonly peer: PeerCertificate | undefined;
}

export interface AuthenticationRequest {
  readonly user: string;
  readonly database: string;
  readonly remoteAddress: string;
  /** undefined: the connection is not encrypted. */
  readonly encryption: Encryption | undefined;
}

export interface Authenticator {
  /** @throws SqlError FATAL 28000 when the client may not even try */
  methodFor(request: AuthenticationRequest): Promise<AuthenticationMethod>;
}

export const trustEverybody: Authenticator = {
  methodFor: () => Promise.resolve({ kind: "trust" }),
};
