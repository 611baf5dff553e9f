/** From starting the process to its first answer, and what it takes to do nothing. */

import { readFileSync } from "node:fs";
import { sleep } from "../../src/base/async.ts";
import { TestServer } from "../support/server.ts";
import type { Part } from "./context.ts";
import { type Measurement, median } from "./measure.ts";
import { RawClient } from "./raw-client.ts";

export const startup: Part = {
  name: "startup",
  what: "start to first answer, idle memory",
  async run(context) {
    const first: number[] = [];
    const again: number[] = [];
    const idle: number[] = [];
    for (let round = 0; round < context.rounds; round++) {
      let startedMs = performance.now();
      const server = await TestServer.start({ args: ["--log-level", "error"] });
      try {
        await firstAnswer(server);
        first.push(performance.now() - startedMs);
        await sleep(2000);
        idle.push(residentMegabytes(server.pid));
        await server.stop();
        startedMs = performance.now();
        await server.start();
        await firstAnswer(server);
        again.push(performance.now() - startedMs);
      } finally {
        await server.dispose();
      }
    }
    const alone = (name: string, unit: "ms" | "MB", values: readonly number[]): Measurement => ({
      name,
      unit,
      ours: median(values),
      against: "",
      theirs: undefined,
    });
    return [
      alone("start to first answer, new folder", "ms", first),
      alone("start to first answer, known folder", "ms", again),
      alone("idle memory", "MB", idle),
    ];
  },
};

async function firstAnswer(server: TestServer): Promise<void> {
  const client = await RawClient.connect(server.port);
  await client.query("SELECT count(*) FROM generate_series(1, 10)");
  client.close();
}

export function residentMegabytes(pid: number): number {
  const line = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
  return Number(line?.[1]) / 1024;
}
