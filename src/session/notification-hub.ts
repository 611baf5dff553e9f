/**
 * Who listens to which channel, and what waits for each of them. Order is that of delivery: whoever
 * commits first is told first.
 */

import { log } from "../base/telemetry.ts";
import type { Notification } from "./results.ts";

/** What may wait for one session that does not take it; texts are shared between sessions. */
const WAITING_BYTES_MAX = 32 * 1024 * 1024;
/** Of a notification besides its texts. */
const OVERHEAD_BYTES = 64;

/** What waits for one session. */
export class Mailbox {
  readonly #channels = new Set<string>();
  readonly #missed = new Map<string, number>();
  #waiting: Notification[] = [];
  #bytes = 0;
  #listener: (() => void) | undefined;

  /** In the order in which they were first listened to. */
  get channels(): ReadonlySet<string> {
    return this.#channels;
  }

  get isFull(): boolean {
    return this.#bytes >= WAITING_BYTES_MAX;
  }

  /** Called whenever something has come; at most one listener. */
  onArrival(listener: () => void): void {
    this.#listener = listener;
  }

  /** All that waits, oldest first. */
  take(): readonly Notification[] {
    if (this.#waiting.length === 0) return NONE;
    const taken = this.#waiting;
    for (const [channel, count] of this.#missed) {
      taken.push({ processId: 0, channel, payload: JSON.stringify({ missed: count }) });
    }
    this.#waiting = [];
    this.#bytes = 0;
    this.#missed.clear();
    return taken;
  }

  /** For the hub. */
  join(channel: string): void {
    this.#channels.add(channel);
  }

  /** For the hub. */
  leave(channel: string): void {
    this.#channels.delete(channel);
  }

  /** For the hub. */
  put(notification: Notification): void {
    this.#waiting.push(notification);
    this.#bytes += sizeOf(notification);
  }

  /** For the hub: one that found no room. true: the first of its channel. */
  miss(channel: string): boolean {
    const before = this.#missed.get(channel) ?? 0;
    this.#missed.set(channel, before + 1);
    return before === 0;
  }

  /** For the hub. */
  wake(): void {
    this.#listener?.();
  }
}

const NONE: readonly Notification[] = [];

export function sizeOf({ channel, payload }: Pick<Notification, "channel" | "payload">): number {
  return OVERHEAD_BYTES + channel.length + payload.length;
}

export class NotificationHub {
  readonly #byChannel = new Map<string, Set<Mailbox>>();

  /** Nobody listens to anything. */
  get isSilent(): boolean {
    return this.#byChannel.size === 0;
  }

  isListenedTo(channel: string): boolean {
    return this.#byChannel.has(channel);
  }

  /** Somebody who listens has as much waiting as may wait. */
  isFull(channel: string): boolean {
    return [...(this.#byChannel.get(channel) ?? [])].some((mailbox) => mailbox.isFull);
  }

  listen(mailbox: Mailbox, channel: string): void {
    let listening = this.#byChannel.get(channel);
    if (listening === undefined) {
      listening = new Set();
      this.#byChannel.set(channel, listening);
    }
    listening.add(mailbox);
    mailbox.join(channel);
  }

  unlisten(mailbox: Mailbox, channel: string): void {
    const listening = this.#byChannel.get(channel);
    listening?.delete(mailbox);
    if (listening?.size === 0) this.#byChannel.delete(channel);
    mailbox.leave(channel);
  }

  unlistenAll(mailbox: Mailbox): void {
    for (const channel of [...mailbox.channels]) this.unlisten(mailbox, channel);
  }

  /** What a transaction has said, at its commit: nobody misses any of it. */
  deliver(notifications: readonly Notification[]): void {
    const reached = new Set<Mailbox>();
    for (const notification of notifications) {
      for (const mailbox of this.#byChannel.get(notification.channel) ?? []) {
        mailbox.put(notification);
        reached.add(mailbox);
      }
    }
    for (const mailbox of reached) mailbox.wake();
  }

  /**
   * What the server says of itself. Nobody can be made to wait for a listener that takes nothing:
   * such a one is told in the end how many it has missed, as `{"missed": n}`.
   */
  publish(channel: string, payload: string, processId: number): void {
    for (const mailbox of this.#byChannel.get(channel) ?? []) {
      if (mailbox.isFull) {
        const isFirst = mailbox.miss(channel);
        if (isFirst) log("warn", "a listener does not take its notifications", { channel });
        continue;
      }
      mailbox.put({ processId, channel, payload });
      mailbox.wake();
    }
  }
}
