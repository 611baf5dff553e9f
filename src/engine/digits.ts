/** Decimal digits into bytes, without making a string. */

const ZERO = 48;
const MINUS = 45;
const BILLION = 1_000_000_000;
/** "00" to "99": a division for every two digits. */
const PAIRS = Uint8Array.from({ length: 200 }, (_, i) => {
  const number = i >> 1;
  return ZERO + (i % 2 === 0 ? Math.floor(number / 10) : number % 10);
});

/** How many bytes `putInteger` writes for a safe integer. */
export function integerLength(value: number): number {
  const magnitude = value < 0 ? -value : value;
  const sign = value < 0 ? 1 : 0;
  if (magnitude < BILLION) return sign + digitCount(magnitude);
  return sign + 9 + digitCount(Math.floor(magnitude / BILLION));
}

/** Writes a safe integer; gives the place behind it. */
export function putInteger(bytes: Uint8Array, at: number, value: number): number {
  let rest = value;
  let to = at;
  if (rest < 0) {
    bytes[to] = MINUS;
    to += 1;
    rest = -rest;
  }
  if (rest < BILLION) return putPadded(bytes, to, rest, digitCount(rest));
  const high = Math.floor(rest / BILLION);
  to = putPadded(bytes, to, high, digitCount(high));
  return putPadded(bytes, to, rest - high * BILLION, 9);
}

/** `value` below 10^9 in exactly `width` digits. */
export function putPadded(bytes: Uint8Array, at: number, value: number, width: number): number {
  let rest = value | 0;
  let to = at + width;
  for (; to - at >= 2; to -= 2) {
    const hundreds = (rest / 100) | 0;
    putTwo(bytes, to - 2, rest - hundreds * 100);
    rest = hundreds;
  }
  if (to > at) bytes[at] = ZERO + rest;
  return at + width;
}

/** `value` below 100 in two digits. */
export function putTwo(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = PAIRS[value * 2] as number;
  bytes[at + 1] = PAIRS[value * 2 + 1] as number;
}

function digitCount(value: number): number {
  if (value < 10_000) return value < 100 ? (value < 10 ? 1 : 2) : value < 1_000 ? 3 : 4;
  if (value < 1_000_000) return value < 100_000 ? 5 : 6;
  return value < 10_000_000 ? 7 : value < 100_000_000 ? 8 : value < BILLION ? 9 : 10;
}

export function putAscii(bytes: Uint8Array, at: number, text: string): number {
  const { length } = text;
  for (let i = 0; i < length; i += 1) bytes[at + i] = text.charCodeAt(i);
  return at + length;
}
