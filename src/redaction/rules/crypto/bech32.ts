const CHARSET = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l'
const VALUES = new Int8Array(256).fill(-1)
for (let i = 0; i < CHARSET.length; i++) {
  VALUES[CHARSET.charCodeAt(i)] = i
  VALUES[CHARSET.toUpperCase().charCodeAt(i)] = i
}
const GENERATOR = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3]
const BECH32 = 1
const BECH32M = 0x2bc830a3
const PREFIX_LETTERS_MAX = 12
const CHECKSUM_LETTERS = 6

/** Whether bytes[from, to), letters and digits, are a prefix, `1` and text with a checksum of Bech32 (BIP 173) or Bech32m (BIP 350). */
export function isBech32(bytes: Uint8Array, from: number, to: number): boolean {
  let separator = from
  while (separator < to && separator <= from + PREFIX_LETTERS_MAX && bytes[separator] !== 0x31) separator++
  if (bytes[separator] !== 0x31 || separator === from || to - separator < 2 * CHECKSUM_LETTERS) return false
  for (let at = separator + 1; at < to; at++) if ((VALUES[bytes[at] as number] as number) < 0) return false
  let sum = 1
  for (let at = from; at < separator; at++) sum = next(sum, ((bytes[at] as number) | 0x20) >> 5)
  sum = next(sum, 0)
  for (let at = from; at < separator; at++) sum = next(sum, ((bytes[at] as number) | 0x20) & 31)
  for (let at = separator + 1; at < to; at++) sum = next(sum, VALUES[bytes[at] as number] as number)
  return sum === BECH32 || sum === BECH32M
}

function next(sum: number, value: number): number {
  const top = sum >>> 25
  let result = ((sum & 0x1ffffff) << 5) ^ value
  for (let i = 0; i < 5; i++) if (((top >> i) & 1) === 1) result ^= GENERATOR[i] as number
  return result
}
