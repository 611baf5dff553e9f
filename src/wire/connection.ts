/**
 * One client's connection: startup, then the simple and the extended protocol over a session.
 *
 * Messages are handled one at a time, in order. After an error of the extended protocol everything
 * up to Sync is skipped. What the session cannot know (a client gone, a server stopping) is here.
 */

import type { Socket } from "node:net";
import { type Awaitable, after, breathe, isTurnLong, whenDone } from "../base/async.ts";
import { type ErrorFields, SqlError, unreachable } from "../base/errors.ts";
import { log } from "../base/telemetry.ts";
import type { SessionHost, SessionPort } from "../session/results.ts";
import * as backend from "./backend.ts";
import { connectionFacts } from "./connection-facts.ts";
import { type EntranceOptions, enter } from "./entrance.ts";
import { type Frame, FrameReader } from "./frame-reader.ts";
import { decodeFrame, type FrontendMessage, LostStream, type Target } from "./frontend.ts";
import type { MessageBudget, WireLimits } from "./limits.ts";
import { sendReplies } from "./replies.ts";
import { SocketOutput } from "./rows.ts";
import { SocketInput } from "./socket-input.ts";
import { PROTOCOL_LONG_KEYS, type Startup } from "./startup.ts";

export interface ConnectionOptions extends EntranceOptions {
  readonly host: SessionHost;
  readonly limits: WireLimits;
  /** Shared by all connections. */
  readonly budget: MessageBudget;
}

/** How long a client may take to read the last words before its socket is destroyed. */
const FAREWELL_MS = 2_000;

/**
 * ready: between messages of the simple protocol. extended: since the last Sync.
 * skip: an error was sent, everything up to Sync is dropped.
 */
type State = "startup" | "ready" | "extended" | "skip-to-sync" | "closed";

export class Connection {
  readonly #socket: Socket;
  readonly #options: ConnectionOptions;
  readonly #input: SocketInput;
  readonly #frames: FrameReader;
  readonly #output: SocketOutput;
  #state: State = "startup";
  #session: SessionPort | undefined;
  #processId: number | undefined;
  /** A message is being handled; otherwise the connection waits for one. */
  #isBusy = true;
  /** Why the client is to be sent away; patiently: not in the middle of what it has sent. */
  #ending: { readonly reason: SqlError; readonly isPatient: boolean } | undefined;

  constructor(socket: Socket, options: ConnectionOptions) {
    this.#socket = socket;
    this.#options = options;
    this.#input = new SocketInput(socket, options.limits.readAheadBytesMax);
    const { limits, budget } = options;
    this.#frames = new FrameReader(this.#input, limits.messageBytesMax, budget);
    this.#output = new SocketOutput(socket, this.#input.closed);
    socket.on("drain", () => this.#notify());
  }

  /** Serves the client until it leaves or is sent away. Never rejects. */
  async run(): Promise<void> {
    const reading = this.#input.read();
    const cancelled = () => this.#session?.cancel();
    this.#input.closed.addEventListener("abort", cancelled, { once: true });
    try {
      if (await this.#start()) await this.#serve();
      this.#output.end();
    } catch (cause) {
      this.#farewell(cause);
    } finally {
      this.#state = "closed";
      this.#input.closed.removeEventListener("abort", cancelled);
      await this.#release();
    }
    this.#input.stop();
    const impatience = after(FAREWELL_MS, () => this.#socket.destroy());
    await reading;
    impatience.cancel();
    this.#socket.destroy();
  }

  /** Sends the client away, an idle one at once, a busy one when its statement has ended. */
  stop(): void {
    if (this.#processId === undefined) this.#socket.destroy(); // not yet logged in
    const message = "terminating connection due to administrator command";
    this.#dismiss(new SqlError("57P01", message, { severity: "FATAL" }), true);
  }

  #dismiss(reason: SqlError, isPatient: boolean): void {
    this.#ending = { reason, isPatient };
    if (this.#isBusy) return;
    this.#output.end(backend.errorResponse(reason.fields));
    this.#input.stop();
  }

  /** Ends the running statement with 57014; nothing when idle. */
  cancel(): void {
    if (this.#isBusy) this.#session?.cancel();
  }

  /** Ends the connection without another word. */
  destroy(): void {
    this.#session?.cancel();
    this.#socket.destroy();
  }

  /** Up to the first ReadyForQuery. false: there is nobody to serve. */
  async #start(): Promise<boolean> {
    const { startupTimeoutMs } = this.#options.limits;
    const timeout = after(startupTimeoutMs, () => this.#socket.destroy());
    let startup: Startup | undefined;
    try {
      startup = await enter(this.#socket, this.#input, this.#output, this.#options);
    } finally {
      timeout.cancel();
    }
    if (startup === undefined) return false;
    await this.#openSession(startup);
    return true;
  }

  async #openSession(startup: Startup): Promise<void> {
    if (startup.fault !== undefined) throw startup.fault;
    const keyBytes = startup.protocol >= PROTOCOL_LONG_KEYS ? 32 : 4;
    const { processId, key } = this.#options.cancels.register(keyBytes, () => this.cancel());
    this.#processId = processId;
    const session = await this.#options.host.openSession({
      user: startup.user,
      database: startup.database,
      settings: startup.settings,
      processId,
      ...connectionFacts(this.#socket),
      admit: (isSuperuser) => this.#options.admission.confirm(isSuperuser),
    });
    this.#session = session;
    session.onNotification(() => this.#notify());
    session.onTermination((reason) => this.#dismiss(reason, false));
    for (const [name, value] of session.reportedSettings()) {
      this.#output.add(backend.parameterStatus(name, value));
    }
    this.#output.add(backend.backendKeyData(processId, key));
    await this.#ready(session);
  }

  async #serve(): Promise<void> {
    const session = this.#session as SessionPort;
    for (;;) {
      if (isTurnLong()) await breathe();
      const isBetween = this.#state === "ready" || this.#input.bufferedBytes === 0;
      if (this.#ending !== undefined && (isBetween || !this.#ending.isPatient)) {
        throw this.#ending.reason;
      }
      this.#isBusy = false;
      this.#notify(); // of what came while the last answers were written
      const frame = this.#frames.nextNow() ?? (await this.#nextFrame(session));
      this.#isBusy = true;
      // A client that has gone wants nothing of what it still sent.
      if (frame === undefined || this.#input.closed.aborted) return;
      if (frame.type === "X") return;
      if (this.#state === "skip-to-sync" && frame.type !== "S") continue;
      try {
        const handled = this.#handle(session, decodeFrame(frame));
        if (handled !== undefined) await handled;
      } catch (cause) {
        await this.#failed(session, cause, "QF".includes(frame.type));
      }
      if (this.#output.isDue) await this.#output.flush();
    }
  }

  async #nextFrame(session: SessionPort): Promise<Frame | undefined> {
    const limit = this.#state === "ready" ? session.idleLimit() : undefined;
    const timer = limit && after(limit.ms, () => this.#dismiss(limit.reason, false));
    try {
      return await this.#frames.next();
    } finally {
      timer?.cancel();
    }
  }

  /** What needs no waiting is done on return: clients send several messages at once. */
  #handle(session: SessionPort, message: FrontendMessage): Awaitable<void> {
    switch (message.kind) {
      case "query":
        return this.#query(session, message.text);
      case "function-call":
        throw new SqlError("0A000", "the function call protocol is not supported", {
          hint: "Use SELECT with parameters.",
        });
      case "sync":
        this.#state = "ready"; // an error of the commit itself is not followed by another Sync
        return this.#sync(session);
      case "flush":
        return this.#output.flush();
      case "copy": // outside of a COPY they are leftovers of one that failed
      case "terminate":
        return;
      default:
        this.#state = "extended";
        return this.#extended(session, message);
    }
  }

  async #query(session: SessionPort, text: string): Promise<void> {
    await sendReplies(session.query(text), this.#output, this.#frames);
    await this.#ready(session);
  }

  #extended(
    session: SessionPort,
    message: Extract<
      FrontendMessage,
      { kind: "parse" | "bind" | "describe" | "execute" | "close" }
    >,
  ): Awaitable<void> {
    switch (message.kind) {
      case "parse":
        return this.#parse(session, message);
      case "bind":
        return whenDone(session.bind(message), () => this.#output.add(backend.bindComplete));
      case "describe":
        if (message.target === "statement") return this.#describe(session, message.name);
        return whenDone(session.describePortal(message.name), (fields) =>
          this.#output.add(fields ? backend.rowDescription(fields) : backend.noData),
        );
      case "execute":
        return whenDone(session.execute(message.portal, message.maxRows), (replies) =>
          sendReplies(replies, this.#output, this.#frames),
        );
      case "close":
        return this.#close(session, message.target, message.name);
      default:
        return unreachable(message);
    }
  }

  async #parse(
    session: SessionPort,
    { name, text, parameterOids }: Extract<FrontendMessage, { kind: "parse" }>,
  ): Promise<void> {
    const notices = await session.parse(name, text, parameterOids);
    for (const notice of notices) this.#output.add(backend.noticeResponse(notice));
    this.#output.add(backend.parseComplete);
  }

  async #close(session: SessionPort, target: Target, name: string): Promise<void> {
    if (target === "statement") await session.closeStatement(name);
    else await session.closePortal(name);
    this.#output.add(backend.closeComplete);
  }

  /** A statement. */
  async #describe(session: SessionPort, name: string): Promise<void> {
    const { parameterOids, fields } = await session.describeStatement(name);
    this.#output.add(backend.parameterDescription(parameterOids));
    const found = await fields();
    this.#output.add(found ? backend.rowDescription(found) : backend.noData);
  }

  #sync(session: SessionPort): Awaitable<void> {
    const ended = session.sync();
    return ended === undefined ? this.#ready(session) : this.#synced(session, ended);
  }

  async #synced(session: SessionPort, ended: Promise<void>): Promise<void> {
    try {
      await ended;
    } catch (cause) {
      await this.#report(session, cause);
    }
    await this.#ready(session);
  }

  #ready(session: SessionPort): Awaitable<void> {
    this.#state = "ready";
    if (session.transactionStatus === "I") this.#addNotifications(session);
    for (const [name, value] of session.takeChangedSettings()) {
      this.#output.add(backend.parameterStatus(name, value));
    }
    this.#output.add(backend.readyForQuery(session.transactionStatus));
    return this.#output.flush();
  }

  /** An idle client is told at once, one that does not read when it reads again. */
  #notify(): void {
    const isIdle = this.#state === "ready" && !this.#isBusy && !this.#output.isFull;
    if (!isIdle || this.#session?.transactionStatus !== "I") return;
    this.#addNotifications(this.#session);
    this.#output.write();
  }

  #addNotifications(session: SessionPort): void {
    for (const notification of session.takeNotifications()) {
      this.#output.add(backend.notificationResponse(notification));
    }
  }

  async #failed(session: SessionPort, cause: unknown, isSimple: boolean): Promise<void> {
    await this.#report(session, cause);
    this.#frames.requireSync();
    if (isSimple) return await this.#ready(session);
    this.#state = "skip-to-sync";
    await this.#output.flush();
  }

  /** Tells the client; rethrows what ends the connection. */
  async #report(session: SessionPort, cause: unknown): Promise<void> {
    this.#input.closed.throwIfAborted();
    const fields = fieldsOf(cause);
    if (isFinal(fields)) throw cause;
    await session.fail();
    this.#output.add(backend.errorResponse(fields));
  }

  #farewell(cause: unknown): void {
    if (this.#input.closed.aborted) return;
    this.#output.end(cause instanceof LostStream ? cause.lastWords : lastError(cause));
  }

  async #release(): Promise<void> {
    this.#frames.release();
    if (this.#processId !== undefined) this.#options.cancels.release(this.#processId);
    try {
      await this.#session?.close();
    } catch (cause) {
      log("error", "session-close-failed", { cause });
    }
  }
}

function isFinal({ severity }: ErrorFields): boolean {
  return severity === "FATAL" || severity === "PANIC";
}

/** Whatever is no SqlError is a bug of ours: logged whole, shown without internals. */
function fieldsOf(cause: unknown): ErrorFields {
  if (cause instanceof SqlError) return cause.fields;
  log("error", "internal-error", { cause });
  return { severity: "ERROR", sqlState: "XX000", message: "internal error" };
}

/** An error that ends the connection is FATAL, whatever it was. */
function lastError(cause: unknown): Buffer {
  const fields = fieldsOf(cause);
  return backend.errorResponse(isFinal(fields) ? fields : { ...fields, severity: "FATAL" });
}
