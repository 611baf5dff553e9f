/** PostgreSQL's settings that say something of this server, as its configuration makes them. */

import type { ServerSetting } from "../session/server-facts.ts";
import type { Config } from "./config.ts";

const PAGE_BYTES = 8192;
const LOG_LEVELS = { debug: "debug1", info: "info", warn: "warning", error: "error" } as const;

/** By lower-case name; what is not here is as the embedded server starts with it. */
export function serverSettings(config: Config, port: number): ReadonlyMap<string, ServerSetting> {
  const { maxConnections, reservedConnections, authenticationSeconds = 60 } = config;
  const tls = config.tlsCertificate === undefined ? "off" : "on";
  const pages = Math.floor(config.memoryBytes / PAGE_BYTES);
  const settings: Record<string, ServerSetting> = {
    authentication_timeout: {
      shown: withUnit(authenticationSeconds, [[60, "min"]], "s"),
      setting: String(authenticationSeconds),
      fallback: "60",
    },
    autovacuum: plain("off"),
    config_file: plain("", "", "override"),
    data_checksums: plain("off"),
    data_directory: plain(config.data, "", "override"),
    fsync: plain("on"),
    hba_file: plain(config.hbaFile ?? "", "", "override"),
    ident_file: plain("", "", "override"),
    listen_addresses: plain(config.host, "127.0.0.1"),
    log_min_messages: plain(LOG_LEVELS[config.logLevel], LOG_LEVELS.info),
    max_connections: plain(String(maxConnections), "200"),
    port: plain(String(port), "5432"),
    shared_buffers: {
      shown: withUnit(pages * (PAGE_BYTES / 1024), UNITS_OF_KB, "kB"),
      setting: String(pages),
    },
    ssl: plain(tls, "off"),
    ssl_ca_file: plain(config.tlsAuthorities ?? "", ""),
    ssl_cert_file: plain(config.tlsCertificate ?? "", ""),
    ssl_key_file: plain(config.tlsKey ?? "", ""),
    superuser_reserved_connections: plain(
      String(reservedConnections ?? Math.min(3, maxConnections - 1)),
      "3",
    ),
    track_counts: plain("off"),
    unix_socket_directories: plain(""),
  };
  return new Map(Object.entries(settings));
}

const UNITS_OF_KB = [
  [2 ** 20, "GB"],
  [2 ** 10, "MB"],
] as const;

function plain(value: string, fallback = value, source?: string): ServerSetting {
  return { shown: value, setting: value, fallback, ...(source !== undefined && { source }) };
}

/** In the largest unit that leaves nothing over, as SHOW does. */
function withUnit(
  value: number,
  units: readonly (readonly [number, string])[],
  smallest: string,
): string {
  const unit = units.find(([size]) => value > 0 && value % size === 0);
  return unit === undefined ? `${value}${smallest}` : `${value / unit[0]}${unit[1]}`;
}
