/** SCRAM-SHA-256 by the example of RFC 7677, and PostgreSQL's way of writing a verifier. */

import { expect, test } from "vitest";
import { makeVerifier, parseVerifier, verifierText } from "../../src/wire/password.ts";
import { ScramExchange } from "../../src/wire/scram.ts";

const SALT = Buffer.from("W22ZaJ0SNY7soEsUEjb6gQ==", "base64");
const SERVER_NONCE = "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
const FIRST = "n,,n=user,r=rOprNGfwEbeRWgbNEkqO";
const FINAL =
  "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0," +
  "p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";

test("the exchange of the RFC is reproduced", async () => {
  const exchange = new ScramExchange("user", await makeVerifier("pencil", SALT), SERVER_NONCE);
  expect(exchange.first(FIRST)).toBe(
    "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
  );
  expect(exchange.final(FINAL)).toBe("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
});

test("the right proof of another password is wrong, and so is any proof of an unknown user", async () => {
  const other = new ScramExchange("user", await makeVerifier("pencils", SALT), SERVER_NONCE);
  other.first(FIRST);
  expect(other.final(FINAL)).toBeUndefined();
  const unknown = new ScramExchange("user", undefined, SERVER_NONCE);
  unknown.first(FIRST);
  expect(unknown.final(FINAL)).toBeUndefined();
});

test("a client that may bind channels but sees no such offer is let in (flag y)", async () => {
  const exchange = new ScramExchange("user", await makeVerifier("pencil", SALT), SERVER_NONCE);
  exchange.first("y,,n=,r=abc");
  // "eSws" is base64 of "y,,": the proof is wrong, the header is not.
  const proof = Buffer.alloc(32).toString("base64");
  expect(exchange.final(`c=eSws,r=abc${SERVER_NONCE},p=${proof}`)).toBeUndefined();
  expect(() => exchange.final(`c=biws,r=abc${SERVER_NONCE},p=${proof}`)).toThrow("channel-binding");
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
