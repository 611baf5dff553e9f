/**
 * COPY as conversations of bytes: the same ones with our wire over a scripted session and, where it
 * is installed, with PostgreSQL.
 */

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Cluster, postgresBin, startPostgres } from "../support/programs.ts";
import {
  bind,
  describe as describing,
  errorFields,
  execute,
  flush,
  frame,
  letters,
  type Message,
  parse,
  query,
  RawClient,
  sync,
  terminate,
  text,
} from "./raw-client.ts";
import { type Fixture, listen } from "./support.ts";

const data = (content: string) => frame("d", Buffer.from(content));
const done = frame("c");
const failed = (message: string) => frame("f", text(message));
const IN = "copy t from stdin";
const OUT = "copy (select generate_series(1, 2)) to stdout";

/** As `letters`, with the formats of a COPY, its data, and what an error says. */
function shown(messages: readonly Message[]): string {
  return messages
    .map((message) => {
      const { type, body } = message;
      if (type === "G" || type === "H") return `${type}(${body.toString("hex")})`;
      if (type === "d") return `d(${JSON.stringify(body.toString())})`;
      if (type !== "E") return letters([message]);
      const { S, C, M } = errorFields(body);
      return `${S} ${C} ${M}`;
    })
    .join(" ");
}

const BAD = 'ERROR 22P02 invalid input syntax for type integer: "x"';
const FAILED = "ERROR 57014 COPY from stdin failed: enough";
const LOST = "FATAL 08P01 terminating connection because protocol synchronization was lost";

type Conversation = readonly [claim: string, sent: readonly Buffer[], expected: readonly string[]];

/** Each expectation is what comes up to a ReadyForQuery, or to the end of the connection. */
const CONVERSATIONS: readonly Conversation[] = [
  [
    "data are taken up to CopyDone, wherever its messages are cut",
    [query(IN), data("1\n2"), data("\n"), data(""), data("3\n"), done],
    ["G(00000100 00) C(COPY 3) Z(I)"],
  ],
  ["no data at all are no rows", [query(IN), done], ["G(00000100 00) C(COPY 0) Z(I)"]],
  [
    "binary is announced as such",
    [query("copy t from stdin binary"), failed("enough")],
    [`G(01000100 01) ${FAILED} Z(I)`],
  ],
  [
    "CopyFail undoes the COPY and names the client's reason",
    [query(IN), data("1\n"), failed("enough"), query("select 1")],
    [`G(00000100 00) ${FAILED} Z(I)`, "T D C(SELECT 1) Z(I)"],
  ],
  [
    "Flush and Sync are passed over while data are read",
    [query(IN), data("1\n"), sync, data("2\n"), flush, done],
    ["G(00000100 00) C(COPY 2) Z(I)"],
  ],
  [
    "after a bad row the rest of the data is dropped and the connection goes on",
    [query(IN), data("1\nx\n"), data("2\n"), data("3\n"), done, query("select 1")],
    [`G(00000100 00) ${BAD} Z(I)`, "T D C(SELECT 1) Z(I)"],
  ],
  [
    "leftovers of a COPY outside of any are dropped",
    [data("1\n"), done, failed("x"), query(IN), done, failed("late"), query("select 1")],
    ["G(00000100 00) C(COPY 0) Z(I)", "T D C(SELECT 1) Z(I)"],
  ],
  [
    "in a block a failed COPY fails the block",
    [query("begin"), query(IN), failed("enough"), query("rollback")],
    ["C(BEGIN) Z(T)", `G(00000100 00) ${FAILED} Z(E)`, "C(ROLLBACK) Z(I)"],
  ],
  [
    "a COPY stands among other statements of a Query",
    [query(`select 1; ${IN}; select 1`), data("1\n"), done],
    ["T D C(SELECT 1) G(00000100 00) C(COPY 1) T D C(SELECT 1) Z(I)"],
  ],
  [
    "several COPYs of a Query take their data in turn, sent ahead or not",
    [query(`${IN}; ${OUT}; ${IN}`), data("1\n"), done, data("2\n"), data("3\n"), done],
    [
      'G(00000100 00) C(COPY 1) H(00000100 00) d("1\\n") d("2\\n") c C(COPY 2) ' +
        "G(00000100 00) C(COPY 2) Z(I)",
    ],
  ],
  [
    "the first failure ends a Query with several COPYs, and all of its data are dropped",
    [query(`${IN}; ${IN}`), data("x\n"), done, data("2\n"), done, query("select 1")],
    [`G(00000100 00) ${BAD} Z(I)`, "T D C(SELECT 1) Z(I)"],
  ],
  [
    "the extended protocol ignores the Sync that came with Execute",
    [parse(IN), describing("S"), bind(), describing("P"), execute(), sync, data("1\n"), done, sync],
    ["1 t n 2 n G(00000100 00) C(COPY 1) Z(I)"],
  ],
  [
    "CopyFail in the extended protocol skips to the next Sync",
    [parse(IN), bind(), execute(), data("1\n"), failed("enough"), parse("select 1"), sync],
    [`1 2 G(00000100 00) ${FAILED} Z(I)`],
  ],
  [
    "a bad row in the extended protocol skips the data up to Sync",
    [parse(IN), bind(), execute(), data("x\n"), data("2\n"), done, sync, query("select 1")],
    [`1 2 G(00000100 00) ${BAD} Z(I)`, "T D C(SELECT 1) Z(I)"],
  ],
  [
    "a COPY stands in a pipeline",
    [
      ...[parse(OUT), bind(), execute(), parse(IN), bind(), execute(), data("4\n"), done],
      ...[parse("select 1"), bind(), execute(), sync],
    ],
    [
      '1 2 H(00000100 00) d("1\\n") d("2\\n") c C(COPY 2) 1 2 G(00000100 00) C(COPY 1) ' +
        "1 2 D C(SELECT 1) Z(I)",
    ],
  ],
  [
    "the answer to a COPY waits for Flush",
    [parse(IN), bind(), execute(), data("4\n"), done, flush, sync],
    ["1 2 G(00000100 00) C(COPY 1) Z(I)"],
  ],
  [
    "COPY TO sends each row for itself",
    [query(OUT)],
    ['H(00000100 00) d("1\\n") d("2\\n") c C(COPY 2) Z(I)'],
  ],
  [
    "a Query in the middle of the data ends the connection",
    [query(IN), data("1\n"), query("select 1"), done],
    [`G(00000100 00) ERROR 08P01 unexpected message type 0x51 during COPY from stdin ${LOST}`],
  ],
  [
    "so does Terminate, and nothing of the COPY remains",
    [query(IN), data("1\n"), terminate],
    [`G(00000100 00) ERROR 08P01 unexpected message type 0x58 during COPY from stdin ${LOST}`],
  ],
  [
    "so does a type that does not exist",
    [parse(IN), bind(), execute(), frame("!")],
    [`1 2 G(00000100 00) ERROR 08P01 unexpected message type 0x21 during COPY from stdin ${LOST}`],
  ],
];

async function converse(
  port: number,
  sent: readonly Buffer[],
  turns: number,
  isSlow = false,
): Promise<string[]> {
  const client = await RawClient.ready(port);
  if (isSlow) {
    client.socket.setNoDelay(true);
    for (const byte of Buffer.concat(sent)) {
      client.send(Buffer.of(byte));
      await new Promise((resolve) => setImmediate(resolve));
    }
  } else client.send(...sent);
  const heard: string[] = [];
  for (let turn = 0; turn < turns; turn += 1) heard.push(shown(await client.until("Z")));
  client.end();
  return heard;
}

const normal = (expected: readonly string[]) =>
  expected.map((line) => line.replaceAll(/\((\d{8}) (\d{2})\)/g, "($1$2)"));

describe("our wire", () => {
  let fixture: Fixture;
  beforeEach(async () => {
    fixture = await listen();
  });
  afterEach(() => fixture.listener.stop(0));

  test.each(CONVERSATIONS)("%s", async (_claim, sent, expected) => {
    expect(await converse(fixture.port, sent, expected.length)).toEqual(normal(expected));
    const slowly = await converse(fixture.port, sent, expected.length, true);
    expect(slowly).toEqual(normal(expected)); // byte by byte
  });
});

describe.skipIf(postgresBin === undefined)("PostgreSQL", () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await startPostgres();
    const client = await RawClient.ready(cluster.port);
    client.send(query("create table t (a int)"));
    await client.until("Z");
    client.end();
  });
  afterAll(() => cluster.stop());

  test.each(CONVERSATIONS)("%s", async (_claim, sent, expected) => {
    expect(await converse(cluster.port, sent, expected.length)).toEqual(normal(expected));
  });
});
