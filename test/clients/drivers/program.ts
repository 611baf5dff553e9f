/**
 * What a program of a driver or tool is: it connects by libpq's environment variables, uses its
 * client the way applications do, and prints a line per thing it saw, `feature: what = value`.
 * The file beside it with `.expected` holds what it prints against PostgreSQL.
 */

/** What a line may begin with, in README's order, and the heading of its column there. */
export const FEATURES = {
  text: "text types",
  binary: "binary types",
  prepared: "prepared",
  batch: "batch",
  streaming: "streaming",
  transactions: "transactions",
  errors: "error fields",
  cancel: "cancel",
  copy: "COPY",
  listen: "LISTEN",
  catalogue: "catalogue",
  built: "built SQL",
} as const;

export type Feature = keyof typeof FEATURES;

export interface ClientProgram {
  /** As README's table names the client. */
  readonly name: string;
  /** The program's source below test/clients; what it prints stands beside it as `.expected`. */
  readonly source: string;
  /** Tells programs of one source apart, in the name of their `.expected`. */
  readonly variant?: string;
  /** undefined: something it needs is not named by the environment, and its tests are skipped. */
  readonly command: readonly string[] | undefined;
  /** Default: 60 s. */
  readonly timeoutMs?: number;
}

/** How a program is told where to connect, besides libpq's own variables. */
export interface ProgramEnvironment {
  /** What makes CREATE TABLE one of a time series: `USING tstable`, against PostgreSQL empty. */
  readonly CLIENT_USING: string;
  /** Of programs that show a time as their machine's clock would. */
  readonly TZ: string;
  readonly PGHOST: string;
  readonly PGPORT: string;
  readonly PGUSER: string;
  readonly PGPASSWORD: string;
  readonly PGDATABASE: string;
  /** `disable` or `verify-full`. */
  readonly PGSSLMODE: string;
  readonly PGSSLROOTCERT: string;
}
