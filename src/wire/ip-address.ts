/** IP addresses as bytes, and whether they lie in a network. */

import { isIPv4, isIPv6 } from "node:net";

/** 4 or 16 bytes. */
export type AddressBytes = Uint8Array;

/** undefined: not an address. An IPv4 address inside of IPv6 is one of IPv4. */
export function parseAddress(text: string): AddressBytes | undefined {
  if (isIPv4(text)) return Uint8Array.from(text.split(".").map(Number));
  const plain = text.split("%")[0] ?? "";
  if (!isIPv6(plain)) return undefined;
  const bytes = parseIPv6(plain);
  const isMapped = bytes.every((byte, at) => at >= 12 || byte === (at < 10 ? 0 : 0xff));
  return isMapped ? bytes.subarray(12) : bytes;
}

function parseIPv6(text: string): Uint8Array {
  const dotted = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(text);
  if (dotted !== null) {
    const [a = 0, b = 0, c = 0, d = 0] = dotted.slice(2).map(Number);
    const words = `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
    return parseIPv6(`${dotted[1]}${words}`);
  }
  const [head = "", tail] = text.split("::");
  const wordsOf = (part: string) => (part === "" ? [] : part.split(":"));
  const before = wordsOf(head);
  const after = wordsOf(tail ?? "");
  const zeros = new Array<string>(Math.max(0, 8 - before.length - after.length)).fill("0");
  const words = [...before, ...(tail === undefined ? [] : zeros), ...after];
  return Uint8Array.from(
    words.flatMap((word) => {
      const value = Number.parseInt(word, 16);
      return [value >> 8, value & 0xff];
    }),
  );
}

/** `bits` ones, then zeros; of an address of `size` bytes. */
export function maskOf(bits: number, size: number): AddressBytes {
  return Uint8Array.from({ length: size }, (_, at) => {
    const ones = Math.min(8, Math.max(0, bits - at * 8));
    return (0xff << (8 - ones)) & 0xff;
  });
}

export function isWithin(
  address: AddressBytes,
  network: AddressBytes,
  mask: AddressBytes,
): boolean {
  if (address.length !== network.length) return false;
  return address.every(
    (byte, at) => (((byte ^ (network[at] ?? 0)) & (mask[at] ?? 0)) as number) === 0,
  );
}
