/** From the first packet of a connection, encrypted or not, to its startup packet. */

import * as backend from "./backend.ts";
import type { CancelRegistry } from "./cancel-registry.ts";
import type { SocketOutput } from "./rows.ts";
import type { SocketInput } from "./socket-input.ts";
import { readStartupPacket, type Startup } from "./startup.ts";

/**
 * Passes a cancel request on, negotiates the version. Encryption was talked about before.
 * @returns undefined when there is nobody to serve; @throws SqlError FATAL
 */
export async function greet(
  input: SocketInput,
  output: SocketOutput,
  cancels: CancelRegistry,
): Promise<Startup | undefined> {
  const packet = await readStartupPacket(input);
  if (packet === undefined) return undefined;
  if (packet.kind === "cancel") {
    cancels.request(packet.processId, packet.key);
    return undefined; // never answered
  }
  if (packet.needsNegotiation) {
    output.add(backend.negotiateProtocolVersion(packet.protocol, packet.unknownOptions));
  }
  return packet;
}
