#!/usr/bin/env -S UV_THREADPOOL_SIZE=32 node

/** The command line: reads the options, serves until told to stop. */

import { ServerError } from "./base/errors.ts";
import { log, setLogLevel } from "./base/telemetry.ts";
import { type Config, ConfigError, helpText, readConfig } from "./server/config.ts";
import { type RunningServer, startServer } from "./server/server.ts";

async function main(): Promise<void> {
  const config = readConfig(process.argv.slice(2), process.env);
  if (config === "help") {
    process.stdout.write(helpText());
    return;
  }
  setLogLevel(config.logLevel);
  const password = process.env["PGTIDE_PASSWORD"] ?? process.env["POSTGRES_PASSWORD"];
  // Before anybody can know that we are there.
  const stopped = stopSignal();
  const server = await startServer(config, password === "" ? undefined : password);
  process.on("SIGHUP", () => server.reload());
  announce(server, config);
  const failed = server.failed.then(() => true);
  if ((await Promise.race([stopped, failed])) === true) process.exit(1);
  log("info", "stopping");
  await server.stop();
}

/** The first line is for programs that wait for it, the rest for people. */
function announce(server: RunningServer, config: Config): void {
  const host = server.host.includes(":") ? `[${server.host}]` : server.host;
  process.stdout.write(
    `pgtide listening on ${host}:${server.port}\n` +
      `data folder: ${config.data}\n` +
      `connect:     psql -h ${server.host} -p ${server.port} -U postgres\n`,
  );
}

async function stopSignal(): Promise<void> {
  await new Promise<void>((resolve) => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => resolve());
  });
}

/** One clear line for what the user can mend. */
function explain(cause: unknown): string {
  const port = (cause as { port?: unknown }).port;
  const code = (cause as { code?: unknown }).code;
  if (cause instanceof ConfigError || cause instanceof ServerError) return cause.message;
  if (code === "EADDRINUSE") return `port ${port} is in use: choose another with --port`;
  if (code === "EACCES")
    return `not permitted to listen on port ${port}: choose another with --port`;
  if (code === "EADDRNOTAVAIL") return "this machine has no such address: see --host";
  return cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
}

try {
  await main();
  process.exit(0);
} catch (cause) {
  process.stderr.write(`pgtide: ${explain(cause)}\n`);
  process.exit(1);
}
