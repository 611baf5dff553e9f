/** LISTEN and NOTIFY, against pgtide and against PostgreSQL. */

import { once } from "node:events";
import pg from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { connect, type Target, targets } from "./targets.ts";

describe.each(targets)("%s", (_name, open) => {
  let target: Target;
  let listener: pg.Client;
  let other: pg.Client;
  let heard: string[] = [];

  beforeAll(async () => {
    target = await open();
  });
  afterAll(() => target.close());
  beforeEach(async () => {
    listener = await connect(target.port);
    other = await connect(target.port);
    heard = [];
    listener.on("notification", ({ channel, payload }) => heard.push(`${channel} ${payload}`));
  });
  afterEach(async () => {
    await listener.end();
    await other.end();
  });

  /** What has come by now: all that was committed before the statement ends. */
  async function news(): Promise<string[]> {
    await listener.query("SELECT 1");
    const taken = heard;
    heard = [];
    return taken;
  }

  async function refusal(client: pg.Client, sql: string): Promise<string> {
    const cause: unknown = await client.query(sql).catch((error: unknown) => error);
    if (!(cause instanceof pg.DatabaseError)) throw new Error(`no error from: ${sql}`);
    return `${cause.code} ${cause.message}`;
  }

  async function channels(): Promise<unknown[]> {
    const { rows } = await listener.query("SELECT * FROM pg_listening_channels() AS channel");
    const again = await listener.query("SELECT pg_listening_channels()");
    expect(again.rows.length).toBe(rows.length);
    return rows.map(({ channel }) => channel);
  }

  test("an idle listener is told at once by whom, where and what", async () => {
    await listener.query("LISTEN news");
    const arrival = once(listener, "notification");
    await other.query("NOTIFY news, 'it''s é'");
    const [message] = (await arrival) as [pg.Notification];
    const { rows } = await other.query("SELECT pg_backend_pid() AS pid");
    expect(message).toMatchObject({ processId: rows[0].pid, channel: "news", payload: "it's é" });
  });

  test("every command has its tag; a payload need not be there", async () => {
    expect((await listener.query("LISTEN news")).command).toBe("LISTEN");
    expect((await other.query("NOTIFY news")).command).toBe("NOTIFY");
    expect(await news()).toEqual(["news "]);
    expect((await listener.query("UNLISTEN news")).command).toBe("UNLISTEN");
    await other.query("NOTIFY news");
    expect(await news()).toEqual([]);
  });

  test("a notification is sent at commit, in the order of commits, and never if rolled back", async () => {
    await listener.query("LISTEN news");
    await other.query("BEGIN");
    await other.query("NOTIFY news, 'first said'");
    const third = await connect(target.port);
    await third.query("NOTIFY news, 'first committed'");
    await third.query("BEGIN; NOTIFY news, 'never'; ROLLBACK");
    await third.end();
    expect(await news()).toEqual(["news first committed"]);
    await other.query("COMMIT");
    expect(await news()).toEqual(["news first said"]);
  });

  test("the same said twice in a transaction is told once, in its first place", async () => {
    await listener.query("LISTEN news");
    await other.query("BEGIN");
    for (const payload of ["a", "b", "a", "c", "b"]) await other.query(`NOTIFY news, '${payload}'`);
    await other.query("COMMIT");
    await other.query("NOTIFY news, 'a'");
    expect(await news()).toEqual(["news a", "news b", "news c", "news a"]);
  });

  test("savepoints take back what was said since", async () => {
    await listener.query("LISTEN news");
    await other.query("BEGIN; NOTIFY news, 'a'; SAVEPOINT s; NOTIFY news, 'b'; NOTIFY news, 'a'");
    await other.query("ROLLBACK TO s; NOTIFY news, 'c'; SAVEPOINT r; NOTIFY news, 'd'; RELEASE r");
    await other.query("SAVEPOINT q; SELECT pg_notify('news', 'b'); COMMIT");
    expect(await news()).toEqual(["news a", "news c", "news d", "news b"]);
  });

  test("a block that failed says nothing", async () => {
    await listener.query("LISTEN news");
    await other.query("BEGIN; NOTIFY news, 'a'");
    expect(await refusal(other, "SELECT 1/0")).toMatch(/^22012/);
    expect(await refusal(other, "NOTIFY news, 'b'")).toMatch(/^25P02/);
    await other.query("COMMIT");
    expect(await refusal(other, "NOTIFY news, 'c'; SELECT 1/0")).toMatch(/^22012/);
    expect(await news()).toEqual([]);
  });

  test("a listener inside a block is told at its end", async () => {
    await listener.query("LISTEN news");
    await listener.query("BEGIN");
    await other.query("NOTIFY news, 'a'");
    expect(await news()).toEqual([]);
    await listener.query("COMMIT");
    expect(heard).toEqual(["news a"]);
  });

  test("LISTEN and UNLISTEN hold from the commit on", async () => {
    await listener.query("BEGIN; LISTEN a; LISTEN b");
    expect(await channels()).toEqual([]);
    await other.query("NOTIFY a, 'too early'");
    await listener.query("COMMIT");
    expect(await channels()).toEqual(["a", "b"]);
    await listener.query("BEGIN; LISTEN c; UNLISTEN a; ROLLBACK");
    expect(await channels()).toEqual(["a", "b"]);
    await listener.query("BEGIN; SAVEPOINT s; LISTEN c; ROLLBACK TO s; UNLISTEN a; COMMIT");
    expect(await channels()).toEqual(["b"]);
    await listener.query("LISTEN b; LISTEN a; UNLISTEN b; LISTEN b");
    expect((await channels()).sort()).toEqual(["a", "b"]);
    await listener.query("UNLISTEN *");
    expect(await channels()).toEqual([]);
  });

  test("one hears oneself, before ReadyForQuery", async () => {
    await listener.query("LISTEN news; NOTIFY news, 'a'");
    expect(heard).toEqual(["news a"]);
    await listener.query("NOTIFY news, 'b'; UNLISTEN news");
    expect(heard).toEqual(["news a"]);
  });

  test("names are folded and quoted as identifiers, but not by pg_notify", async () => {
    await listener.query('LISTEN News; LISTEN "Wéird name"');
    await other.query("NOTIFY NEWS, 'a'");
    await other.query(`SELECT pg_notify('News', 'no'), pg_notify('Wéird name', 'b')`);
    expect(await news()).toEqual(["news a", "Wéird name b"]);
  });

  test("pg_notify takes parameters, NULLs and expressions, once for each row", async () => {
    await listener.query("LISTEN news");
    const result = await other.query("SELECT pg_notify($1, $2)", ["news", "p"]);
    expect(result.rows).toEqual([{ pg_notify: "" }]);
    await other.query("SELECT pg_notify('news', NULL)");
    await other.query("SELECT pg_notify('news', $1::text || '!')", ["x"]);
    await other.query("SELECT pg_notify('news', n::text) FROM generate_series(1, 3) AS n");
    await other.query("SELECT pg_notify('news', symbol) FROM nvda ORDER BY ts LIMIT 2");
    expect(await news()).toEqual([
      ...["news p", "news ", "news x!", "news 1", "news 2", "news 3", "news NVDA"],
    ]);
    expect(await refusal(other, "SELECT pg_notify(NULL, 'x')")).toBe(
      "22023 channel name cannot be empty",
    );
  });

  test("lengths are limited in bytes", async () => {
    const long = "c".repeat(63);
    await listener.query(`LISTEN ${long}`);
    await other.query(`NOTIFY ${long}x, '${"é".repeat(3999)}'`); // cut, with a notice
    expect(await news()).toEqual([`${long} ${"é".repeat(3999)}`]);
    expect(await refusal(other, `NOTIFY a, '${"é".repeat(4000)}'`)).toBe(
      "22023 payload string too long",
    );
    expect(await refusal(other, `SELECT pg_notify('${"c".repeat(64)}', '')`)).toBe(
      "22023 channel name too long",
    );
    expect(await refusal(other, `SELECT pg_notify('', '')`)).toBe(
      "22023 channel name cannot be empty",
    );
  });

  test("the extended protocol carries them all", async () => {
    const run = (client: pg.Client, text: string, values: string[] = []) =>
      client.query({ text, values, name: `q${text.length}` });
    await run(listener, "LISTEN news");
    await run(other, "NOTIFY news, 'a'");
    await run(other, "SELECT pg_notify('news', $1)", ["b"]);
    await run(other, "SELECT pg_notify('news', $1)", ["c"]);
    expect(await news()).toEqual(["news a", "news b", "news c"]);
  });

  test("DISCARD ALL ends listening, a connection that ends does, too", async () => {
    await listener.query("LISTEN news");
    await listener.query("DISCARD ALL");
    expect(await channels()).toEqual([]);
    const third = await connect(target.port);
    await third.query("LISTEN news");
    await third.end();
    await other.query("NOTIFY news");
    expect(await news()).toEqual([]);
  });

  test("a thousand notifications come in order", async () => {
    await listener.query("LISTEN news");
    await other.query("BEGIN");
    for (let n = 0; n < 1000; n += 1) await other.query(`NOTIFY news, '${n}'`);
    await other.query("COMMIT");
    expect(await news()).toEqual(Array.from({ length: 1000 }, (_, n) => `news ${n}`));
  });
});
