/**
 * One session's LISTEN, UNLISTEN and NOTIFY: what a transaction says of them takes effect at its
 * commit, and is forgotten with it or with its savepoint.
 */

import { SqlError } from "../base/errors.ts";
import { Mailbox, type NotificationHub, sizeOf } from "./notification-hub.ts";
import type { Notification } from "./results.ts";
import type { Transaction } from "./transaction.ts";
import type { Follower } from "./transaction-parts.ts";

/** PostgreSQL's NAMEDATALEN and NOTIFY_PAYLOAD_MAX_LENGTH: the first lengths refused. */
const CHANNEL_BYTES_END = 64;
const PAYLOAD_BYTES_END = 8000;
/** What one transaction may say. */
const PENDING_BYTES_MAX = 32 * 1024 * 1024;

type Action =
  | { readonly kind: "listen" | "unlisten"; readonly channel: string }
  | { readonly kind: "unlisten-all" }
  | { readonly kind: "notify"; readonly channel: string; readonly payload: string };

export class SessionNotifications implements Follower {
  readonly #hub: NotificationHub;
  readonly #mailbox = new Mailbox();
  readonly #processId: number;
  #actions: Action[] = [];
  /** Number of actions at each savepoint. */
  #marks: number[] = [];
  /** Said already in this transaction: the same once more is dropped. */
  #said = new Set<string>();
  #pendingBytes = 0;
  #isFollowing = false;

  constructor(hub: NotificationHub, processId: number) {
    this.#hub = hub;
    this.#processId = processId;
  }

  /** Channels listened to, as far as committed. */
  get channels(): readonly string[] {
    return [...this.#mailbox.channels];
  }

  take(): readonly Notification[] {
    return this.#mailbox.take();
  }

  onArrival(listener: () => void): void {
    this.#mailbox.onArrival(listener);
  }

  async listen(channel: string, transaction: Transaction): Promise<void> {
    await this.#follow(transaction);
    this.#actions.push({ kind: "listen", channel });
  }

  /** undefined: from all channels. */
  async unlisten(channel: string | undefined, transaction: Transaction): Promise<void> {
    await this.#follow(transaction);
    const isAll = channel === undefined;
    this.#actions.push(isAll ? { kind: "unlisten-all" } : { kind: "unlisten", channel });
  }

  /** @throws SqlError 22023, 54000 */
  async notify(channel: string, payload: string, transaction: Transaction): Promise<void> {
    requireLengths(channel, payload);
    await this.#follow(transaction);
    const key = keyOf(channel, payload);
    if (this.#said.has(key)) return;
    const size = sizeOf({ channel, payload });
    if (this.#pendingBytes + size > PENDING_BYTES_MAX || this.#hub.isFull(channel)) {
      throw new SqlError("54000", "too many notifications in the NOTIFY queue");
    }
    this.#said.add(key);
    this.#pendingBytes += size;
    this.#actions.push({ kind: "notify", channel, payload });
  }

  /** Hears nothing any more. */
  close(): void {
    this.#hub.unlistenAll(this.#mailbox);
  }

  mark(): void {
    this.#marks.push(this.#actions.length);
  }

  rollbackTo(index: number): void {
    this.#actions.length = this.#marks[index] ?? 0;
    this.#marks.length = index + 1;
    const said = this.#actions.filter((action) => action.kind === "notify");
    this.#said = new Set(said.map(({ channel, payload }) => keyOf(channel, payload)));
    this.#pendingBytes = said.reduce((sum, action) => sum + sizeOf(action), 0);
  }

  release(index: number): void {
    this.#marks.length = index;
  }

  ended(isCommitted: boolean): void {
    const actions = this.#actions;
    this.#actions = [];
    this.#marks = [];
    this.#said.clear();
    this.#pendingBytes = 0;
    this.#isFollowing = false;
    if (isCommitted) this.#apply(actions);
  }

  #apply(actions: readonly Action[]): void {
    const said: Notification[] = [];
    for (const action of actions) {
      switch (action.kind) {
        case "listen":
          this.#hub.listen(this.#mailbox, action.channel);
          break;
        case "unlisten":
          this.#hub.unlisten(this.#mailbox, action.channel);
          break;
        case "unlisten-all":
          this.#hub.unlistenAll(this.#mailbox);
          break;
        case "notify":
          said.push({ ...action, processId: this.#processId });
      }
    }
    this.#hub.deliver(said);
  }

  async #follow(transaction: Transaction): Promise<void> {
    if (this.#isFollowing) return;
    this.#isFollowing = true;
    await transaction.follow(this);
  }
}

function keyOf(channel: string, payload: string): string {
  return `${channel}\0${payload}`; // neither can hold a zero
}

function requireLengths(channel: string, payload: string): void {
  if (channel === "") throw new SqlError("22023", "channel name cannot be empty");
  if (Buffer.byteLength(channel) >= CHANNEL_BYTES_END) {
    throw new SqlError("22023", "channel name too long");
  }
  if (Buffer.byteLength(payload) >= PAYLOAD_BYTES_END) {
    throw new SqlError("22023", "payload string too long");
  }
}
