/** Rules in the syntax of pg_hba.conf: which line is for whom, and what is wrong with a file. */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findRule } from "../../src/wire/hba-match.ts";
import { readHbaRules } from "../../src/wire/hba-parse.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "pgtide-hba-"));
  writeFileSync(join(folder, "users"), "ada, grace # both\nlinus\n@more\n");
  writeFileSync(join(folder, "more"), '"all"\n');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function rulesOf(text: string) {
  const file = join(folder, "pg_hba.conf");
  writeFileSync(file, text);
  return readHbaRules(file);
}

describe("matching", () => {
  const client = {
    user: "ada",
    database: "postgres",
    remoteAddress: "192.168.7.9",
    isEncrypted: false,
    isMember: (role: string) => role === "ada" || role === "staff",
  };

  for (const [line, change, isFor] of [
    ["host all all 0.0.0.0/0 trust", {}, true],
    ["host all all ::/0 trust", {}, false],
    ["host all all all trust", { remoteAddress: "fe80::1%eth0" }, true],
    ["host all all ::/0 trust", { remoteAddress: "::1" }, true],
    ["host all all 192.168.7.0/24 trust", { remoteAddress: "::ffff:192.168.7.9" }, true],
    ["host all all 192.168.7.0/29 trust", {}, false],
    ["host all all 192.168.7.8/29 trust", {}, true],
    ["host all all 192.168.0.9 255.255.0.255 trust", {}, true],
    ["host all all fd00::/8 trust", { remoteAddress: "fd12:3456::1" }, true],
    ["host all all fd00:: ffff:: trust", { remoteAddress: "fd12:3456::1" }, false],
    ["host all all samehost trust", {}, false],
    ["host all all samehost trust", { remoteAddress: "127.0.0.1" }, true],
    ["host all all samenet trust", { remoteAddress: "127.3.2.1" }, true],
    ["hostssl all all all trust", {}, false],
    ["hostssl all all all trust", { isEncrypted: true }, true],
    ["hostnossl all all all trust", { isEncrypted: true }, false],
    ["hostnogssenc all all all trust", {}, true],
    ["hostgssenc all all all trust", {}, false],
    ["local all all peer", {}, false],
    ["host sameuser all all trust", {}, false],
    ["host sameuser all all trust", { database: "ada" }, true],
    ["host samerole all all trust", { database: "staff" }, true],
    ["host replication all all trust", { database: "replication" }, false],
    ['host "replication" all all trust', { database: "replication" }, true],
    ['host "all" all all trust', {}, false],
    ["host template1,postgres all all trust", {}, true],
    ["host all grace, ada ,linus all trust", {}, true],
    ["host all +staff all trust", {}, true],
    ['host all "+staff" all trust', {}, false],
    ["host all +crew all trust", {}, false],
    ["host all @users all trust", {}, true],
    ["host all @users all trust", { user: "linus" }, true],
    ["host all @users all trust", { user: "stranger" }, false],
    ['host all "a ""b""" all trust', { user: 'a "b"' }, true],
    ["host all all \\\n  all trust", {}, true],
    ["host all Ada all trust", {}, false],
  ] as const) {
    test(`${JSON.stringify(line)} and ${JSON.stringify(change)}: ${isFor}`, () => {
      const found = findRule(rulesOf(`# first\n\n${line} # end\n`), { ...client, ...change });
      expect(found !== undefined).toBe(isFor);
    });
  }

  test("the first line that fits is the one", () => {
    const rules = rulesOf(
      "host all grace all trust\nhost all ada all reject\nhost all all all md5",
    );
    expect(findRule(rules, client)).toMatchObject({ line: 2, method: "reject" });
  });

  test("options say what certificate is wanted, and which name counts", () => {
    const rules = rulesOf(
      "hostssl all all all cert\n" +
        "hostssl all all all scram-sha-256 clientcert=verify-ca\n" +
        'hostssl all all all trust "clientcert=verify-full" clientname=DN\n',
    );
    expect(rules.map((rule) => [rule.clientCertificate, rule.clientName])).toEqual([
      ["verify-full", "CN"],
      ["verify-ca", "CN"],
      ["verify-full", "DN"],
    ]);
  });
});

describe("mistakes", () => {
  for (const [line, message] of [
    ["hosts all all all trust", 'invalid connection type "hosts"'],
    ["include other.conf", '"include" is not supported'],
    ["host", "end-of-line before database specification"],
    ["host all", "end-of-line before role specification"],
    ["host all all", "end-of-line before IP address specification"],
    ["host all all 10.0.0.1", "end-of-line before netmask specification"],
    ["host all all 10.0.0.1/33 trust", 'invalid CIDR mask in address "10.0.0.1/33"'],
    ["host all all 10.0.0.1 ffff:: trust", "IP address and mask do not match"],
    ["host all all 10.0.0.1 wide trust", 'invalid IP mask "wide"'],
    ["host all all example.org trust", 'host name "example.org" is not supported'],
    ["host all all example.org/8 trust", "specifying both host name and CIDR mask is invalid"],
    ["host all all all", "end-of-line before authentication method"],
    ["host all all all trusted", 'invalid authentication method "trusted"'],
    ["host all all all ldap", 'authentication method "ldap" is not supported'],
    ["host all all all trust,md5", "multiple values specified for authentication method"],
    ["host all all all cert", "cert authentication is only supported on hostssl connections"],
    ["hostssl all all all trust clientcert", "not in name=value format: clientcert"],
    ["hostssl all all all trust map=a", 'unrecognized authentication option name: "map"'],
    ["hostssl all all all trust clientcert=yes", 'invalid value for clientcert: "yes"'],
    ["hostssl all all all cert clientcert=verify-ca", 'clientcert only accepts "verify-full"'],
    ["host all all all trust clientcert=verify-ca", 'can only be configured for "hostssl" rows'],
    ["host all /^a all trust", 'regular expressions ("/^a") are not supported'],
    ['host "all all all trust', "unterminated quoted string"],
    ["host all @nobody all trust", "could not read the rules"],
  ] as const) {
    test(`${line} is refused with its line`, () => {
      const text = `# rules\nhost all all 127.0.0.1/32 trust\n${line}\n`;
      expect(() => rulesOf(text)).toThrow(message);
      if (!line.includes("@")) expect(() => rulesOf(text)).toThrow("line 3 of file");
    });
  }

  test("an empty file lets nobody in, which nobody means", () => {
    expect(() => rulesOf("# nothing\n\n")).toThrow("contains no entries");
    expect(() => readHbaRules(join(folder, "absent"))).toThrow("could not read the rules");
  });
});
