/** COPY through node-postgres: its client knows the messages, not the statement. */

import { EventEmitter, once } from "node:events";
import type pg from "pg";

/** The part of node-postgres's Connection that COPY needs. */
interface Wire {
  query(sql: string): void;
  sendCopyFromChunk(chunk: Uint8Array): void;
  endCopyFrom(): void;
  sendCopyFail(message: string): void;
}

export interface Copied {
  /** `COPY 3`. */
  readonly tag: string;
  readonly notices: readonly string[];
  /** Of COPY TO: payloads of the CopyData messages. */
  readonly messages: readonly Buffer[];
}

/** What a query is to node-postgres's client; it throws what the server answers. */
class CopyQuery extends EventEmitter {
  readonly messages: Buffer[] = [];
  tag = "";
  readonly #sql: string;
  readonly #send: (wire: Wire) => void;

  constructor(sql: string, send: (wire: Wire) => void) {
    super();
    this.#sql = sql;
    this.#send = send;
  }

  submit(wire: Wire): void {
    wire.query(this.#sql);
  }

  handleCopyInResponse(wire: Wire): void {
    this.#send(wire);
  }

  handleCopyData({ chunk }: { readonly chunk: Buffer }): void {
    this.messages.push(Buffer.from(chunk));
  }

  handleCommandComplete({ text }: { readonly text: string }): void {
    this.tag = text;
  }

  handleError(error: Error): void {
    this.emit("error", error);
  }

  handleReadyForQuery(): void {
    this.emit("end");
  }
}

/** Sends the chunks, then CopyDone, or CopyFail when a message is given. */
export async function copyIn(
  client: pg.Client,
  sql: string,
  chunks: readonly (string | Uint8Array)[],
  failure?: string,
): Promise<Copied> {
  return await run(client, sql, (wire) => {
    for (const chunk of chunks) wire.sendCopyFromChunk(Buffer.from(chunk));
    if (failure === undefined) wire.endCopyFrom();
    else wire.sendCopyFail(failure);
  });
}

export async function copyOut(client: pg.Client, sql: string): Promise<Copied> {
  return await run(client, sql, () => undefined);
}

async function run(client: pg.Client, sql: string, send: (wire: Wire) => void): Promise<Copied> {
  const notices: string[] = [];
  const listen = ({ message = "" }: { readonly message?: string | undefined }) =>
    notices.push(message);
  client.on("notice", listen);
  try {
    const query = new CopyQuery(sql, send);
    const done = once(query, "end");
    client.query(query as unknown as pg.Submittable);
    await done;
    return { tag: query.tag, notices, messages: query.messages };
  } finally {
    client.off("notice", listen);
  }
}
