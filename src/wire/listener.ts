/** The listening socket: accepts, counts, stops. */

import { createServer, type Server, type Socket } from "node:net";
import { after, deferred, sleep } from "../base/async.ts";
import { SqlError } from "../base/errors.ts";
import type { SessionHost } from "../session/results.ts";
import type { Authenticator } from "./authenticator.ts";
import { CancelRegistry } from "./cancel-registry.ts";
import { Connection } from "./connection.ts";
import { negotiateEncryption } from "./encryption.ts";
import type { Admission } from "./entrance.ts";
import { DEFAULT_LIMITS, MessageBudget, type WireLimits } from "./limits.ts";
import { LoginThrottle } from "./throttle.ts";
import type { Tls } from "./tls.ts";

export interface ListenOptions {
  readonly hostname: string;
  /** 0 chooses a free one. */
  readonly port: number;
  readonly host: SessionHost;
  readonly authenticator: Authenticator;
  /** undefined: no connection is encrypted. */
  readonly tls?: Tls | undefined;
  readonly connectionsMax: number;
  /** How many of these are for superusers. Default 0. */
  readonly connectionsReserved?: number;
  readonly limits?: Partial<WireLimits>;
}

/**
 * Sockets beyond those that have a place: they may ask to cancel, log in or be told 53300. When
 * there are more, who has been silent for longest goes, so that the next one is heard.
 */
const OUTSIDERS_MAX = 1000;
/** While those that go are still being closed. */
const CLOSING_MAX = 4000;

export class Listener {
  readonly #server: Server;
  readonly #options: ListenOptions;
  readonly #cancels = new CancelRegistry();
  readonly #throttle = new LoginThrottle();
  readonly #budget: MessageBudget;
  readonly #running = new Map<Connection, Promise<void>>();
  /** Of clients that have not said yet whether they want encryption, or are in its handshake. */
  readonly #strangers = new Map<Socket, Promise<void>>();
  /** Who has no place, or none any more; oldest first. */
  readonly #outsiders = new Set<Socket>();
  #admitted = 0;

  private constructor(options: ListenOptions) {
    this.#options = options;
    const { messageBytesMax, allMessagesBytesMax } = { ...DEFAULT_LIMITS, ...options.limits };
    this.#budget = new MessageBudget(Math.max(messageBytesMax, allMessagesBytesMax));
    this.#server = createServer({ noDelay: true, keepAlive: true }, (socket) => {
      const greeted = this.#accept(socket).finally(() => this.#strangers.delete(socket));
      this.#strangers.set(socket, greeted);
    });
    this.#server.maxConnections = options.connectionsMax + OUTSIDERS_MAX + CLOSING_MAX;
  }

  /** @throws the system's error (EADDRINUSE, EACCES, ...) when it cannot listen */
  static async open(options: ListenOptions): Promise<Listener> {
    const listener = new Listener(options);
    const { promise, resolve, reject } = deferred<void>();
    listener.#server.once("error", reject);
    listener.#server.listen({ host: options.hostname, port: options.port }, () => resolve());
    await promise;
    listener.#server.off("error", reject);
    return listener;
  }

  get port(): number {
    const address = this.#server.address();
    if (address === null || typeof address === "string") throw new Error("not listening");
    return address.port;
  }

  /** Clients that are logged in or about to be. */
  get connectionCount(): number {
    return this.#admitted;
  }

  /**
   * Asks the statement of that process to stop; what `pg_cancel_backend` needs. false: no such
   * process.
   */
  cancelBackend(processId: number): boolean {
    return this.#cancels.cancel(processId);
  }

  /**
   * Accepts nobody any more, sends idle clients away (57P01), busy ones when their statement ends;
   * cancels what runs after `graceMs`, and returns when all connections are closed.
   */
  async stop(graceMs: number): Promise<void> {
    const closed = deferred<void>();
    this.#server.close(() => closed.resolve());
    for (const socket of this.#strangers.keys()) socket.destroy();
    await Promise.all(this.#strangers.values());
    for (const connection of this.#running.keys()) connection.stop();
    const all = Promise.all(this.#running.values());
    const patience = new AbortController();
    await Promise.race([all, sleep(graceMs, patience.signal).catch(() => undefined)]);
    for (const connection of this.#running.keys()) connection.cancel();
    await Promise.race([all, sleep(FORCE_MS, patience.signal).catch(() => undefined)]);
    for (const connection of this.#running.keys()) connection.destroy();
    await all;
    patience.abort();
    await closed.promise;
  }

  async #accept(socket: Socket): Promise<void> {
    // Every error also ends the reading loop, which deals with it; unheard it would end the
    // process.
    socket.on("error", () => undefined);
    socket.once("close", () => this.#outsiders.delete(socket));
    this.#noteOutsider(socket);
    const limits = { ...DEFAULT_LIMITS, ...this.#options.limits };
    const end = Date.now() + limits.startupTimeoutMs;
    const timeout = after(limits.startupTimeoutMs, () => socket.destroy());
    const negotiated = await negotiateEncryption(socket, this.#options.tls);
    timeout.cancel();
    if (negotiated === undefined) return;
    const admission = this.#admission(socket);
    const connection = new Connection(negotiated.socket, {
      host: this.#options.host,
      authenticator: this.#options.authenticator,
      cancels: this.#cancels,
      throttle: this.#throttle,
      budget: this.#budget,
      encryption: negotiated.encryption,
      refusal: negotiated.refusal,
      limits: { ...limits, startupTimeoutMs: Math.max(0, end - Date.now()) },
      admission,
    });
    const ended = connection.run().finally(() => {
      admission.leave();
      this.#running.delete(connection);
    });
    this.#running.set(connection, ended);
  }

  #noteOutsider(socket: Socket): void {
    if (socket.destroyed) return;
    this.#outsiders.add(socket);
    if (this.#outsiders.size <= OUTSIDERS_MAX) return;
    const [oldest] = this.#outsiders;
    oldest?.destroy();
    if (oldest !== undefined) this.#outsiders.delete(oldest);
  }

  #admission(socket: Socket): Admission {
    const { connectionsMax, connectionsReserved = 0 } = this.#options;
    let isAdmitted = false;
    return {
      enter: () => {
        if (this.#admitted >= connectionsMax) throw tooMany("sorry, too many clients already");
        this.#admitted += 1;
        isAdmitted = true;
        this.#outsiders.delete(socket);
      },
      confirm: (isSuperuser) => {
        if (isSuperuser || this.#admitted <= connectionsMax - connectionsReserved) return;
        throw tooMany(
          "remaining connection slots are reserved for roles with the SUPERUSER attribute",
        );
      },
      leave: () => {
        if (!isAdmitted) return;
        this.#admitted -= 1;
        isAdmitted = false;
        this.#noteOutsider(socket);
      },
    };
  }
}

function tooMany(message: string): SqlError {
  return new SqlError("53300", message, { severity: "FATAL" });
}

/** After cancelling, before sockets are destroyed. */
const FORCE_MS = 2_000;
