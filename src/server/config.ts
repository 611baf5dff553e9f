/** One table of options gives the flags, the variables, `--help` and the table in README. */

import { availableParallelism, totalmem } from "node:os";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { LOG_LEVELS, type LogLevel } from "../base/telemetry.ts";

export interface Option {
  readonly name: keyof Config;
  readonly flag: string;
  readonly variable: string;
  /** As README and --help show it. */
  readonly default: string;
  readonly unit: string;
  readonly help: string;
}

export interface Config {
  readonly data: string;
  readonly host: string;
  readonly port: number;
  readonly allowPaths: readonly string[];
  readonly memoryBytes: number;
  /** undefined: what the disk has. */
  readonly temporaryBytesMax?: number | undefined;
  readonly threads: number;
  /** undefined: see heavyStatementsDefault. */
  readonly heavyStatements?: number | undefined;
  readonly maxConnections: number;
  /** undefined: 3, or fewer where fewer are allowed at all. */
  readonly reservedConnections?: number | undefined;
  /** undefined: 60. */
  readonly authenticationSeconds?: number | undefined;
  /** All three: undefined, no TLS, no client certificates. */
  readonly tlsCertificate?: string | undefined;
  readonly tlsKey?: string | undefined;
  readonly tlsAuthorities?: string | undefined;
  /** Rules in the syntax of pg_hba.conf; undefined: none. */
  readonly hbaFile?: string | undefined;
  readonly logLevel: LogLevel;
}

export const OPTIONS: readonly Option[] = [
  {
    name: "data",
    flag: "--data",
    variable: "PGTIDE_DATA",
    default: "./data",
    unit: "folder",
    help: "everything the server keeps; made at first start",
  },
  {
    name: "host",
    flag: "--host",
    variable: "PGTIDE_HOST",
    default: "127.0.0.1",
    unit: "address",
    help: "address to listen on; beyond loopback a password must be set",
  },
  {
    name: "port",
    flag: "--port",
    variable: "PGTIDE_PORT",
    default: "5432",
    unit: "TCP port",
    help: "port to listen on; 0 takes a free one",
  },
  {
    name: "allowPaths",
    flag: "--allow-path",
    variable: "PGTIDE_ALLOW_PATH",
    default: "the working directory",
    unit: "folder",
    help: "what statements may read; repeatable, in the variable separated by :",
  },
  {
    name: "memoryBytes",
    flag: "--memory",
    variable: "PGTIDE_MEMORY",
    default: "half of the machine's",
    unit: "size: 512MB, 4GB",
    help: "memory that queries may take",
  },
  {
    name: "temporaryBytesMax",
    flag: "--temp-file-limit",
    variable: "PGTIDE_TEMP_FILE_LIMIT",
    default: "what the disk has",
    unit: "size: 512MB, 4GB",
    help: "what queries beyond their memory may write below the data folder, together",
  },
  {
    name: "threads",
    flag: "--threads",
    variable: "PGTIDE_THREADS",
    default: "the machine's cores",
    unit: "count",
    help: "threads that run queries",
  },
  {
    name: "heavyStatements",
    flag: "--heavy-statements",
    variable: "PGTIDE_HEAVY_STATEMENTS",
    default: "2 a thread, 4 at least",
    unit: "count",
    help: "queries of many rows that run at once; others wait for their turn",
  },
  {
    name: "maxConnections",
    flag: "--max-connections",
    variable: "PGTIDE_MAX_CONNECTIONS",
    default: "200",
    unit: "count",
    help: "clients at once; one more is refused with 53300",
  },
  {
    name: "reservedConnections",
    flag: "--reserved-connections",
    variable: "PGTIDE_RESERVED_CONNECTIONS",
    default: "3",
    unit: "count",
    help: "how many of these are for superusers",
  },
  {
    name: "authenticationSeconds",
    flag: "--authentication-timeout",
    variable: "PGTIDE_AUTHENTICATION_TIMEOUT",
    default: "60",
    unit: "seconds",
    help: "how long a client may take to log in",
  },
  {
    name: "tlsCertificate",
    flag: "--tls-cert",
    variable: "PGTIDE_TLS_CERT",
    default: "none: no TLS",
    unit: "PEM file",
    help: "certificate, or a chain, for TLS 1.2 and 1.3; read again on SIGHUP",
  },
  {
    name: "tlsKey",
    flag: "--tls-key",
    variable: "PGTIDE_TLS_KEY",
    default: "none",
    unit: "PEM file",
    help: "its private key",
  },
  {
    name: "tlsAuthorities",
    flag: "--tls-ca",
    variable: "PGTIDE_TLS_CA",
    default: "none",
    unit: "PEM file",
    help: "who may vouch for clients' certificates",
  },
  {
    name: "hbaFile",
    flag: "--hba-file",
    variable: "PGTIDE_HBA_FILE",
    default: "none: see below",
    unit: "file",
    help: "who may log in and how, in the syntax of pg_hba.conf; read again on SIGHUP",
  },
  {
    name: "logLevel",
    flag: "--log-level",
    variable: "PGTIDE_LOG_LEVEL",
    default: "info",
    unit: "debug, info, warn, error",
    help: "what is logged on stderr, as JSON lines",
  },
];

/** A mistake on the command line or in a variable: one clear line, exit code 1. */
export class ConfigError extends Error {}

/** @throws ConfigError */
export function readConfig(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Config | "help" {
  const flags = parseFlags(args);
  if (flags["help"] !== undefined) return "help";
  const raw = (name: keyof Config): readonly string[] => {
    const option = OPTIONS.find((candidate) => candidate.name === name);
    if (option === undefined) return [];
    const given = flags[option.flag.slice(2)];
    if (given !== undefined) return given;
    const variable = environment[option.variable];
    if (variable === undefined || variable === "") return [];
    return name === "allowPaths" ? variable.split(":") : [variable];
  };
  const one = (name: keyof Config): string | undefined => raw(name).at(-1);
  const allowPaths = raw("allowPaths");
  return {
    data: resolve(one("data") ?? "data"),
    host: one("host") ?? "127.0.0.1",
    port: integer("--port", one("port"), 5432, 0, 65_535),
    allowPaths: (allowPaths.length === 0 ? ["."] : allowPaths).map((path) => resolve(path)),
    memoryBytes: size("--memory", one("memoryBytes")) ?? Math.floor(totalmem() / 2),
    temporaryBytesMax: size("--temp-file-limit", one("temporaryBytesMax")),
    threads: integer("--threads", one("threads"), availableParallelism(), 1, 1024),
    heavyStatements: optionalCount("--heavy-statements", one("heavyStatements")),
    ...connections(one("maxConnections"), one("reservedConnections")),
    authenticationSeconds: integer(
      "--authentication-timeout",
      one("authenticationSeconds"),
      60,
      1,
      600,
    ),
    ...securityFiles(one),
    logLevel: logLevel(one("logLevel") ?? "info"),
  };
}

function connections(
  max: string | undefined,
  reserved: string | undefined,
): Pick<Config, "maxConnections" | "reservedConnections"> {
  const maxConnections = integer("--max-connections", max, 200, 1, 100_000);
  const most = maxConnections - 1;
  const fallback = Math.min(3, most);
  const reservedConnections = integer("--reserved-connections", reserved, fallback, 0, most);
  return { maxConnections, reservedConnections };
}

function securityFiles(
  one: (name: keyof Config) => string | undefined,
): Pick<Config, "tlsCertificate" | "tlsKey" | "tlsAuthorities" | "hbaFile"> {
  const file = (name: keyof Config) => {
    const path = one(name);
    return path === undefined ? undefined : resolve(path);
  };
  const files = {
    tlsCertificate: file("tlsCertificate"),
    tlsKey: file("tlsKey"),
    tlsAuthorities: file("tlsAuthorities"),
    hbaFile: file("hbaFile"),
  };
  if ((files.tlsCertificate === undefined) !== (files.tlsKey === undefined)) {
    throw new ConfigError("--tls-cert and --tls-key must be given together");
  }
  if (files.tlsAuthorities !== undefined && files.tlsCertificate === undefined) {
    throw new ConfigError("--tls-ca needs --tls-cert and --tls-key");
  }
  return files;
}

function parseFlags(args: readonly string[]): Record<string, string[] | undefined> {
  const options = Object.fromEntries(
    OPTIONS.map((option) => [option.flag.slice(2), { type: "string", multiple: true } as const]),
  );
  try {
    const { values } = parseArgs({
      args: [...args],
      options: { ...options, help: { type: "boolean", short: "h" } },
      strict: true,
    });
    const { help, ...rest } = values as Record<string, string[] | undefined> & {
      help?: boolean;
    };
    return help === true ? { ...rest, help: [] } : rest;
  } catch (cause) {
    throw new ConfigError(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

function integer(
  flag: string,
  text: string | undefined,
  fallback: number,
  min: number,
  max: number,
): number {
  if (text === undefined) return fallback;
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < min || value > max) {
    throw new ConfigError(`${flag} must be a number from ${min} to ${max}, not "${text}"`);
  }
  return value;
}

function optionalCount(flag: string, text: string | undefined): number | undefined {
  return text === undefined ? undefined : integer(flag, text, 1, 1, 1024);
}

/** Each takes a thread of Node's pool while it computes, and some must be left for files. */
export function heavyStatementsDefault(threads: number): number {
  const pool = Number(process.env["UV_THREADPOOL_SIZE"] ?? 4);
  return Math.min(Math.max(4, 2 * threads), Math.max(2, Math.floor((pool * 3) / 4)));
}

const SIZE_UNITS: Readonly<Record<string, number>> = {
  "": 1,
  kb: 2 ** 10,
  mb: 2 ** 20,
  gb: 2 ** 30,
  tb: 2 ** 40,
};
const SIZE_BYTES_MIN = 64 * 2 ** 20;

function size(flag: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const match = /^(\d+(?:\.\d+)?)\s*([kmgt]?b?)$/i.exec(text.trim());
  const letters = match?.[2]?.toLowerCase() ?? "?";
  const unit = SIZE_UNITS[letters === "b" ? "" : letters.length === 1 ? `${letters}b` : letters];
  if (match === null || unit === undefined) {
    throw new ConfigError(`${flag} must be a size such as 512MB or 4GB, not "${text}"`);
  }
  const bytes = Math.floor(Number(match[1]) * unit);
  if (bytes < SIZE_BYTES_MIN) throw new ConfigError(`${flag} must be at least 64MB`);
  return bytes;
}

function logLevel(text: string): LogLevel {
  const level = LOG_LEVELS.find((candidate) => candidate === text);
  if (level === undefined) {
    throw new ConfigError(`--log-level must be one of ${LOG_LEVELS.join(", ")}, not "${text}"`);
  }
  return level;
}

export function helpText(): string {
  const rows = OPTIONS.map(
    (option) =>
      `  ${option.flag.padEnd(18)} ${option.help}\n` +
      `  ${"".padEnd(18)} ${option.unit}; ${option.variable}; default: ${option.default}`,
  );
  return [
    "pgtide: a PostgreSQL-wire server for time-series tables in Parquet",
    "",
    "usage: pgtide [options]",
    "",
    ...rows,
    "",
    "PGTIDE_PASSWORD (or POSTGRES_PASSWORD) sets the password of the user postgres.",
    "",
  ].join("\n");
}
