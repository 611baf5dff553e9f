/** SCRAM-SHA-256 by the example of RFC 7677, and PostgreSQL's way of writing a verifier. */

import { describe, expect, test } from "vitest";
import { type ErrorFields, SqlError } from "../../src/base/errors.ts";
import { makeVerifier, parseVerifier, verifierText } from "../../src/session/roles/secret.ts";
import { type ScramChannel, ScramExchange } from "../../src/wire/scram.ts";

const SALT = Buffer.from("W22ZaJ0SNY7soEsUEjb6gQ==", "base64");
const SERVER_NONCE = "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
const FIRST = "n,,n=user,r=rOprNGfwEbeRWgbNEkqO";
const FINAL =
  "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0," +
  "p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";

const UNBOUND: ScramChannel = { certificateHash: undefined, isBound: false };

async function exchangeOf(
  password: string,
  options: { readonly isKnown?: boolean; readonly channel?: ScramChannel } = {},
): Promise<ScramExchange> {
  const { isKnown = true, channel = UNBOUND } = options;
  return new ScramExchange(await makeVerifier(password, SALT), isKnown, channel, SERVER_NONCE);
}

test("the exchange of the RFC is reproduced", async () => {
  const exchange = await exchangeOf("pencil");
  expect(exchange.first(FIRST)).toBe(
    "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
  );
  expect(exchange.final(FINAL)).toBe("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
});

test("the right proof of another password is wrong, and so is any proof of an unknown user", async () => {
  const other = await exchangeOf("pencils");
  other.first(FIRST);
  expect(other.final(FINAL)).toBeUndefined();
  const unknown = await exchangeOf("pencil", { isKnown: false });
  unknown.first(FIRST);
  expect(unknown.final(FINAL)).toBeUndefined();
});

test("a client that may bind channels but sees no such offer is let in (flag y)", async () => {
  const exchange = await exchangeOf("pencil");
  exchange.first("y,,n=,r=abc");
  // "eSws" is base64 of "y,,": the proof is wrong, the header is not.
  const proof = Buffer.alloc(32).toString("base64");
  expect(exchange.final(`c=eSws,r=abc${SERVER_NONCE},p=${proof}`)).toBeUndefined();
  expect(() => exchange.final(`c=biws,r=abc${SERVER_NONCE},p=${proof}`)).toThrow("channel-binding");
});

describe("channel binding", () => {
  const certificateHash = Buffer.from("of the certificate");
  const bound = { certificateHash, isBound: true };
  const proof = Buffer.alloc(32).toString("base64");
  const final = (data: string | Buffer) =>
    `c=${Buffer.from(data).toString("base64")},r=abc${SERVER_NONCE},p=${proof}`;

  test("the hash of the certificate is compared, and nothing else is taken for it", async () => {
    const exchange = await exchangeOf("pencil", { channel: bound });
    exchange.first("p=tls-server-end-point,,n=,r=abc");
    const header = Buffer.from("p=tls-server-end-point,,");
    expect(exchange.final(final(Buffer.concat([header, certificateHash])))).toBeUndefined();
    for (const other of [header, Buffer.concat([header, Buffer.from("of another")])]) {
      expect(() => exchange.final(final(other))).toThrow("SCRAM channel binding check failed");
    }
  });

  for (const [first, channel, message, detail] of [
    ["n,,n=,r=abc", bound, "malformed SCRAM message", "does not include channel binding data."],
    ["y,,n=,r=abc", bound, "malformed SCRAM message", "does not include channel binding data."],
    ["p=tls-unique,,n=,r=abc", bound, 'unsupported SCRAM channel-binding type "tls-unique"', ""],
    [
      "p=tls-server-end-point,,n=,r=abc",
      { certificateHash, isBound: false },
      "malformed SCRAM message",
      "without channel binding, but the SCRAM message includes channel binding data.",
    ],
    [
      "y,,n=,r=abc",
      { certificateHash, isBound: false },
      "SCRAM channel binding negotiation error",
      "However, this server does support channel binding.",
    ],
  ] as const) {
    test(`${first} is refused ${channel.isBound ? "with" : "without"} PLUS`, async () => {
      const exchange = await exchangeOf("pencil", { channel });
      let fields: Partial<ErrorFields> = {};
      try {
        exchange.first(first);
      } catch (cause) {
        if (cause instanceof SqlError) ({ fields } = cause);
      }
      expect(fields).toMatchObject({ severity: "FATAL", message });
      expect(fields.detail ?? "").toContain(detail);
    });
  }
});

test("a verifier is written and read as PostgreSQL writes it", async () => {
  // From PostgreSQL: password "pencil", the RFC's salt.
  const written =
    "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$" +
    "WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=";
  const verifier = await makeVerifier("pencil", SALT);
  expect(verifierText(verifier)).toBe(written);
  expect(parseVerifier(written)).toEqual(verifier);
  expect(parseVerifier("md5abc")).toBeUndefined();
  expect(parseVerifier("SCRAM-SHA-256$4096:eA==$eA==:eA==")).toBeUndefined();
});

test("passwords are prepared as clients prepare them", async () => {
  const stored = async (password: string) => (await makeVerifier(password, SALT)).storedKey;
  expect(await stored("a\u00a0b\u00ad")).toEqual(await stored("a b"));
  expect(await stored("e\u0301")).toEqual(await stored("\u00e9"));
  expect(await stored("a")).not.toEqual(await stored("b"));
});
