/**
 * What channel binding hashes of a certificate (RFC 5929, tls-server-end-point): all of it, by the
 * hash of its own signature, which Node does not tell and so is read from its ASN.1.
 */

import { createHash } from "node:crypto";

/** Contents of the OBJECT IDENTIFIER, in hexadecimal. MD5 and SHA-1 are replaced by SHA-256. */
const SIGNATURES: Readonly<Record<string, string>> = {
  "2a864886f70d010104": "sha256", // md5WithRSAEncryption
  "2a864886f70d010105": "sha256", // sha1WithRSAEncryption
  "2a864886f70d01010e": "sha224",
  "2a864886f70d01010b": "sha256",
  "2a864886f70d01010c": "sha384",
  "2a864886f70d01010d": "sha512",
  "2a8648ce3d0401": "sha256", // ecdsa-with-SHA1
  "2a8648ce3d040301": "sha224",
  "2a8648ce3d040302": "sha256",
  "2a8648ce3d040303": "sha384",
  "2a8648ce3d040304": "sha512",
};
const RSA_PSS = "2a864886f70d01010a";
const HASHES: Readonly<Record<string, string>> = {
  "2b0e03021a": "sha256", // SHA-1
  "608648016503040204": "sha224",
  "608648016503040201": "sha256",
  "608648016503040202": "sha384",
  "608648016503040203": "sha512",
};

interface Element {
  readonly tag: number;
  readonly content: Buffer;
  readonly rest: Buffer;
}

const SEQUENCE = 0x30;
const CONTEXT_0 = 0xa0;

/** `der`: the certificate. undefined: its signature has no hash of its own, as Ed25519. */
export function certificateHash(der: Buffer): Buffer | undefined {
  const algorithm = signatureHash(der);
  return algorithm === undefined ? undefined : createHash(algorithm).update(der).digest();
}

function signatureHash(der: Buffer): string | undefined {
  const certificate = element(der);
  const signed = certificate && element(certificate.content);
  const algorithm = signed && element(signed.rest);
  const name = algorithm && element(algorithm.content);
  if (name === undefined) return undefined;
  const oid = name.content.toString("hex");
  return oid === RSA_PSS ? pssHash(name.rest) : SIGNATURES[oid];
}

/** RSASSA-PSS-params: its hash algorithm is the first, tagged 0; left out it is SHA-1. */
function pssHash(parameters: Buffer): string | undefined {
  const outer = element(parameters);
  const first = outer?.tag === SEQUENCE ? element(outer.content) : undefined;
  if (first?.tag !== CONTEXT_0) return "sha256";
  const algorithm = element(first.content);
  const name = algorithm && element(algorithm.content);
  return name && HASHES[name.content.toString("hex")];
}

/** The first element of DER bytes; undefined: there is none. */
function element(bytes: Buffer): Element | undefined {
  const [tag, first] = bytes;
  if (tag === undefined || first === undefined) return undefined;
  const lengthBytes = first < 0x80 ? 0 : first & 0x7f;
  if (lengthBytes > 4 || bytes.length < 2 + lengthBytes) return undefined;
  const length = lengthBytes === 0 ? first : bytes.readUIntBE(2, lengthBytes);
  const start = 2 + lengthBytes;
  const content = bytes.subarray(start, start + length);
  return { tag, content, rest: bytes.subarray(start + length) };
}
