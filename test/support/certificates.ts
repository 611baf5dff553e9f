/** Certificates made when a test needs them, by openssl; without it such tests are skipped. */

import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

function canRun(): boolean {
  try {
    execFileSync("openssl", ["version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

export const hasOpenssl = canRun();

export interface CertificateFiles {
  readonly certificate: string;
  readonly key: string;
}

export interface CertificateFolder {
  /** Self-signed, so that it is its own authority. For localhost and 127.0.0.1. */
  make(name: string, subject: string, options?: readonly string[]): CertificateFiles;
  readonly path: string;
  dispose(): void;
}

const EC = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"];
const HOSTS = "subjectAltName=DNS:localhost,IP:127.0.0.1";

export function certificateFolder(): CertificateFolder {
  const path = mkdtempSync(join(tmpdir(), "pgtide-certificates-"));
  return {
    path,
    make: (name, subject, options = EC) => {
      const certificate = join(path, `${name}.crt`);
      const key = join(path, `${name}.key`);
      const files = ["-keyout", key, "-out", certificate];
      const fixed = ["req", "-x509", "-nodes", "-days", "2", "-subj", subject, "-addext", HOSTS];
      execFileSync("openssl", [...fixed, ...options, ...files], { stdio: "ignore" });
      return { certificate, key };
    },
    dispose: () => rmSync(path, { recursive: true, force: true }),
  };
}
