/**
 * More than the server can do at once, from a server as users run it: whoever asks for little is
 * answered, and memory stays bounded. `.ci/run long` runs it; PGTIDE_TEST_OVERLOAD is how many ask
 * heavy queries.
 */

import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { TestServer } from "../support/server.ts";
import {
  bind,
  execute,
  int32,
  letters,
  type Message,
  parse,
  query,
  RawClient,
  startup,
  sync,
} from "./raw-client.ts";
import { until } from "./support.ts";

const CLIENTS = Number(process.env["PGTIDE_TEST_OVERLOAD"] ?? 0);
const STATEMENTS = CLIENTS * 2000;
const ROWS = CLIENTS * 100_000;
const MB_MAX = 200;
const HANG_MS = 1_200_000;

const HEAVY = [
  "select k, sum(v), count(distinct t) from heavy group by k order by 2 desc limit 5",
  "select a.k, count(*) from heavy a join heavy b on a.t = b.t group by 1 order by 2 limit 5",
  "select t, v from heavy order by v, t limit 5 offset 100000",
  "select max(s) from (select sum(v) over (partition by k order by id) s from heavy) q",
];

describe.skipIf(CLIENTS === 0)("overload", () => {
  let server: TestServer;
  let other: RawClient;
  beforeAll(async () => {
    const args = ["--memory", "1GB", "--max-connections", String(CLIENTS + 50)];
    server = await TestServer.start({ args });
    other = await RawClient.ready(server.port);
    await asked(
      `create table heavy as select g as id, g % 1000 as k, sin(g) as v, 'name ' || g as t
       from generate_series(1, 1000000) g`,
    );
  }, HANG_MS);
  afterAll(() => server.dispose());

  const asked = async (sql: string): Promise<Message[]> => {
    other.send(query(sql));
    return await other.until("Z");
  };
  const megabytes = () => {
    const status = readFileSync(`/proc/${server.pid}/status`, "utf8");
    return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024;
  };

  test(
    `${CLIENTS} heavy queries at once: SELECT 1 and cancels are answered`,
    async () => {
      const keys: Buffer[] = [];
      const clients: RawClient[] = [];
      for (let i = 0; i < CLIENTS; i += 1) {
        const client = await RawClient.open(server.port);
        client.send(startup());
        keys.push((await client.until("Z")).find(({ type }) => type === "K")?.body as Buffer);
        clients.push(client);
      }
      let done = 0;
      const answers = clients.map(async (client, i) => {
        client.send(query(HEAVY[i % HEAVY.length] as string));
        const told = letters(await client.until("Z"));
        done += 1;
        return told;
      });
      for (let i = 1; i <= Math.min(20, CLIENTS / 2); i += 1) {
        expect(letters(await asked("select 1"))).toBe("T D C(SELECT 1) Z(I)");
        const cancel = await RawClient.open(server.port);
        cancel.send(int32(16), int32(80_877_102), keys.at(-i) as Buffer);
        expect(await answers.at(-i)).toMatch(/E\(57014\) Z\(I\)$/);
      }
      expect(done).toBeLessThan(CLIENTS);
      expect(megabytes()).toBeLessThan(1024 + 1024);
      const first = await Promise.race(answers.slice(0, 4));
      expect(first).toMatch(/^T( D)+ C\(SELECT \d+\) Z\(I\)$/);
      for (const client of clients) client.end();
      await until(() => done === CLIENTS || clients.every(({ socket }) => socket.destroyed));
      expect(letters(await asked(HEAVY[0] as string))).toBe("T D D D D D C(SELECT 5) Z(I)");
    },
    HANG_MS,
  );

  const wide = Array.from({ length: ROWS / 1_000_000 }, () => "select * from heavy");
  const all = wide.join(" union all ");
  const pages = (message: Buffer, count: number) =>
    Buffer.concat(Array.from({ length: count }, () => message));
  const readers: readonly (readonly [string, () => readonly Buffer[]])[] = [
    ["a simple query", () => [query(all)]],
    ["binary rows", () => [parse(all), bind({ resultFormats: [1] }), execute(), sync]],
    [
      "a portal",
      () => [parse(all), bind({ resultFormats: [1] }), pages(execute(1000), 50_000), sync],
    ],
    [
      "a cursor",
      () => [query(`begin; declare c cursor for ${all}`), pages(query("fetch 1000 c"), 3000)],
    ],
    ["COPY", () => [query(`copy (${all}) to stdout`)]],
  ];
  for (const [name, messages] of readers) {
    test(
      `a slow reader of ${ROWS} rows by ${name} costs at most ${MB_MAX} MB`,
      async () => {
        const idle = megabytes();
        const client = await RawClient.ready(server.port);
        client.socket.pause();
        client.send(...messages());
        let most = idle;
        for (let turn = 0; turn < 100; turn += 1) {
          expect(letters(await asked("select pg_sleep(0.05)"))).toBe("T D C(SELECT 1) Z(I)");
          if (turn > 40) client.socket.read();
          most = Math.max(most, megabytes());
        }
        client.end();
        expect(most - idle).toBeLessThan(MB_MAX);
      },
      HANG_MS,
    );
  }

  const prepared = Buffer.concat([bind({ statement: "s" }), execute(), sync]);
  const senders: readonly (readonly [string, Buffer])[] = [
    ["simple", query("select 1")],
    ["extended", Buffer.concat([parse("select 1"), bind(), execute(), sync])],
    ["prepared", prepared],
  ];
  for (const [name, message] of senders) {
    for (const isRead of [false, true]) {
      const ending = isRead ? "reads at last" : "never reads";
      test(
        `${STATEMENTS} ${name} statements of a client that ${ending}`,
        async () => {
          const idle = megabytes();
          const client = await RawClient.ready(server.port);
          client.send(parse("select 1", "s"), sync);
          await client.until("Z");
          client.socket.removeAllListeners("data").pause();
          let most = idle;
          const block = pages(message, 1000);
          for (let sent = 0; sent < STATEMENTS; sent += 1000) client.send(block);
          for (let turn = 0; turn < 20; turn += 1) {
            expect(letters(await asked("select pg_sleep(0.05)"))).toBe("T D C(SELECT 1) Z(I)");
            most = Math.max(most, megabytes());
          }
          expect(most - idle).toBeLessThan(MB_MAX);
          if (isRead) {
            let ready = 0;
            let tail = Buffer.alloc(0);
            client.socket.on("data", (chunk) => {
              const bytes = Buffer.concat([tail, chunk]);
              let at = 0;
              for (; at + 5 <= bytes.length; at += 1 + bytes.readInt32BE(at + 1)) {
                if (at + 1 + bytes.readInt32BE(at + 1) > bytes.length) break;
                if (bytes[at] === 0x5a) ready += 1;
              }
              tail = bytes.subarray(at);
            });
            client.socket.resume();
            await until(() => ready === STATEMENTS);
          }
          client.end();
        },
        HANG_MS,
      );
    }
  }
});
