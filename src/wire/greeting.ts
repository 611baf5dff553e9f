/** From the first byte to the startup packet. */

import * as backend from "./backend.ts";
import type { CancelRegistry } from "./cancel-registry.ts";
import type { SocketOutput } from "./rows.ts";
import type { SocketInput } from "./socket-input.ts";
import { readStartupPacket, type Startup } from "./startup.ts";

/**
 * Refuses encryption, passes a cancel request on, negotiates the version.
 * @returns undefined when there is nobody to serve; @throws SqlError FATAL
 */
export async function greet(
  input: SocketInput,
  output: SocketOutput,
  cancels: CancelRegistry,
): Promise<Startup | undefined> {
  const refused = new Set<string>();
  for (;;) {
    const packet = await readStartupPacket(input);
    if (packet === undefined) return undefined;
    if (packet.kind === "cancel") {
      cancels.request(packet.processId, packet.key);
      return undefined; // never answered
    }
    if (packet.kind === "startup") {
      if (packet.needsNegotiation) {
        output.add(backend.negotiateProtocolVersion(packet.protocol, packet.unknownOptions));
      }
      return packet;
    }
    if (refused.has(packet.kind)) return undefined; // asked for the same twice
    refused.add(packet.kind);
    output.add(Buffer.from("N"));
    await output.flush();
  }
}
