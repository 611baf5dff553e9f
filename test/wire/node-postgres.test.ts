/**
 * The real node-postgres against the wire: logins, both protocols, errors, cancel by disconnect.
 */

import pg from "pg";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Fixture, listen, until, withPassword } from "./support.ts";

let fixture: Fixture;
beforeEach(async () => {
  fixture = await listen({ authenticator: await withPassword("postgres", "p\u00e4ss w\u00a0rd") });
});
afterEach(() => fixture.listener.stop(0));

function client(password: string, user = "postgres"): pg.Client {
  return new pg.Client({ host: "127.0.0.1", port: fixture.port, user, password, database: "d" });
}

describe("node-postgres", () => {
  test("logs in with the right password, runs both protocols and is told notices", async () => {
    const connection = client("p\u00e4ss w\u00a0rd");
    await connection.connect();
    const notices: string[] = [];
    connection.on("notice", (notice) => notices.push(notice.message ?? ""));
    expect((await connection.query("rows 3")).rows).toEqual([{ n: 0 }, { n: 1 }, { n: 2 }]);
    expect((await connection.query("other")).command).toBe("OTHER");
    expect(notices).toEqual(["other"]);
    const named = { name: "s", text: "rows 2", values: [] };
    expect((await connection.query(named)).rowCount).toBe(2);
    expect((await connection.query(named)).rowCount).toBe(2);
    const inBinary: pg.QueryConfig & { readonly binary: boolean } = {
      text: "rows 2",
      values: [],
      binary: true, // left out of the types
    };
    const binary = await connection.query(inBinary);
    expect(binary.rows).toEqual([{ n: 0 }, { n: 1 }]);
    await connection.end();
    await until(() => fixture.host.last.isClosed);
  });

  test("an error is an error with its code, and the next query works", async () => {
    const connection = client("p\u00e4ss w\u00a0rd");
    await connection.connect();
    await expect(connection.query("fail")).rejects.toMatchObject({ code: "22012", position: "8" });
    await expect(connection.query("fail parse", [1])).rejects.toMatchObject({ code: "42601" });
    expect((await connection.query("rows 1")).rowCount).toBe(1);
    await connection.end();
  });

  test("a wrong password and an unknown user are the same error", async () => {
    for (const connection of [client("wrong"), client("p\u00e4ss w\u00a0rd", "stranger")]) {
      await expect(connection.connect()).rejects.toMatchObject({ code: "28P01" });
    }
    expect(fixture.host.sessions).toEqual([]);
  });
});
