/**
 * A client of bytes: what it sends is written by hand from the manual, what it gets is shown in
 * letters.
 */

import { once } from "node:events";
import { connect, type Socket } from "node:net";

export function int16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}

export function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

export function text(value: string): Buffer {
  return Buffer.from(`${value}\0`);
}

export function frame(type: string, ...parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(parts);
  return Buffer.concat([Buffer.from(type), int32(body.length + 4), body]);
}

export function startup(
  parameters: Readonly<Record<string, string>> = { user: "postgres" },
  version = 0x0003_0000,
): Buffer {
  const pairs = Object.entries(parameters).flatMap(([name, value]) => [text(name), text(value)]);
  const body = Buffer.concat([int32(version), ...pairs, Buffer.alloc(1)]);
  return Buffer.concat([int32(body.length + 4), body]);
}

export const query = (sql: string) => frame("Q", text(sql));
export const sync = frame("S");
export const flush = frame("H");
export const terminate = frame("X");
export const parse = (sql: string, name = "") => frame("P", text(name), text(sql), int16(0));
export const describe = (target: "S" | "P", name = "") =>
  frame("D", Buffer.from(target), text(name));
export const close = (target: "S" | "P", name = "") => frame("C", Buffer.from(target), text(name));
export const execute = (maxRows = 0, portal = "") => frame("E", text(portal), int32(maxRows));

export function bind(
  options: {
    readonly portal?: string;
    readonly statement?: string;
    readonly parameters?: readonly (Buffer | null)[];
    readonly resultFormats?: readonly number[];
  } = {},
): Buffer {
  const parameters = options.parameters ?? [];
  const values = parameters.flatMap((value) =>
    value === null ? [int32(-1)] : [int32(value.length), value],
  );
  const formats = options.resultFormats ?? [];
  return frame(
    "B",
    text(options.portal ?? ""),
    text(options.statement ?? ""),
    int16(0),
    int16(parameters.length),
    ...values,
    int16(formats.length),
    ...formats.map(int16),
  );
}

export interface Message {
  readonly type: string;
  readonly body: Buffer;
}

export class RawClient {
  readonly socket: Socket;
  #buffer = Buffer.alloc(0);
  #isEnded = false;
  /** Called when something has come, or the end. */
  #arrived: () => void = () => undefined;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on("error", () => undefined);
    socket.on("data", (chunk) => {
      this.#buffer = Buffer.concat([this.#buffer, chunk]);
      this.#arrived();
    });
    socket.on("close", () => {
      this.#isEnded = true;
      this.#arrived();
    });
  }

  static async open(port: number): Promise<RawClient> {
    const socket = connect(port, "127.0.0.1");
    await once(socket, "connect");
    return new RawClient(socket);
  }

  /** Over a socket that is there already, such as one of TLS. */
  static over(socket: Socket): RawClient {
    return new RawClient(socket);
  }

  /** Logged in, everything up to ReadyForQuery read. */
  static async ready(port: number): Promise<RawClient> {
    const client = await RawClient.open(port);
    client.send(startup());
    await client.until("Z");
    return client;
  }

  send(...parts: readonly Uint8Array[]): void {
    this.socket.write(Buffer.concat(parts));
  }

  async byte(): Promise<string> {
    while (this.#buffer.length < 1) await this.#more();
    const byte = this.#buffer.toString("latin1", 0, 1);
    this.#buffer = this.#buffer.subarray(1);
    return byte;
  }

  /** Messages up to and with the first of that type, or to the end of the connection. */
  async until(type: string): Promise<Message[]> {
    const messages: Message[] = [];
    for (;;) {
      const message = await this.next();
      if (message === undefined) return messages;
      messages.push(message);
      if (message.type === type) return messages;
    }
  }

  async next(): Promise<Message | undefined> {
    for (;;) {
      if (this.#buffer.length >= 5) {
        const size = this.#buffer.readInt32BE(1) + 1;
        if (this.#buffer.length >= size) {
          const type = this.#buffer.toString("latin1", 0, 1);
          const body = Buffer.from(this.#buffer.subarray(5, size));
          this.#buffer = this.#buffer.subarray(size);
          return { type, body };
        }
      }
      if (this.#isEnded) return undefined;
      await this.#more();
    }
  }

  /** Everything up to the end of the connection, in letters. */
  async rest(): Promise<string> {
    return letters(await this.until("no such type"));
  }

  /** What came and was not looked at. */
  get unread(): Buffer {
    return this.#buffer;
  }

  async #more(): Promise<void> {
    if (this.#isEnded) throw new Error(`connection ended; unread: ${this.#buffer.toString("hex")}`);
    await new Promise<void>((resolve) => {
      this.#arrived = resolve;
    });
  }

  end(): void {
    this.socket.destroy();
  }
}

/** "T D C(SELECT 1) Z(I)": types, with what matters in brackets. */
export function letters(messages: readonly Message[]): string {
  return messages.map(letter).join(" ");
}

function letter({ type, body }: Message): string {
  if (type === "Z") return `Z(${body.toString()})`;
  if (type === "C") return `C(${body.toString("utf8", 0, body.length - 1)})`;
  if (type === "E" || type === "N") {
    const fields = errorFields(body);
    const severity = fields["S"] === "FATAL" ? "FATAL " : "";
    return `${type}(${severity}${fields["C"]})`;
  }
  if (type === "S") return `S(${body.toString("utf8", 0, body.length - 1).replace("\0", "=")})`;
  return type;
}

export function errorFields(body: Buffer): Record<string, string> {
  const fields: Record<string, string> = {};
  for (const part of body.toString("utf8").split("\0")) {
    if (part !== "") fields[part[0] as string] = part.slice(1);
  }
  return fields;
}
