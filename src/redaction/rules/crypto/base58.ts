import { sha256 } from './sha256.ts'

const BITCOIN = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'
const RIPPLE = 'rpshnaf39wBUDNEGHJKLM4PQRST7VWXYZ2bcdeCg65jkm8oFqi1tuvAxyz'

const table = (alphabet: string): Int8Array => {
  const values = new Int8Array(256).fill(-1)
  for (let i = 0; i < alphabet.length; i++) values[alphabet.charCodeAt(i)] = i
  return values
}
const BITCOIN_VALUES = table(BITCOIN)
const RIPPLE_VALUES = table(RIPPLE)

const DECODED_BYTES_MAX = 90
const decoded = new Uint8Array(DECODED_BYTES_MAX)
const digest = new Uint8Array(32)
const digestOfDigest = new Uint8Array(32)

/** Whether bytes[from, to) are of the alphabet of base58: no 0, O, I, l. */
export function isBase58(bytes: Uint8Array, from: number, to: number): boolean {
  for (let at = from; at < to; at++) if ((BITCOIN_VALUES[bytes[at] as number] as number) < 0) return false
  return true
}

/** Whether bytes[from, to) are base58 that ends with the first four bytes of SHA-256 twice over the rest (Base58Check; also with the alphabet of the XRP ledger). */
export function isBase58Check(bytes: Uint8Array, from: number, to: number): boolean {
  const isRipple = bytes[from] === 0x72
  const length = decode(bytes, from, to, isRipple ? RIPPLE_VALUES : BITCOIN_VALUES)
  if (length < 5) return false
  const start = DECODED_BYTES_MAX - length
  sha256(decoded, start, DECODED_BYTES_MAX - 4, digest)
  sha256(digest, 0, 32, digestOfDigest)
  for (let i = 0; i < 4; i++) if (decoded[DECODED_BYTES_MAX - 4 + i] !== digestOfDigest[i]) return false
  return true
}

/** Puts the number at the end of `decoded`; returns its bytes, of which each first character of value zero is one, or -1. */
function decode(bytes: Uint8Array, from: number, to: number, values: Int8Array): number {
  let zeros = 0
  while (from + zeros < to && values[bytes[from + zeros] as number] === 0) zeros++
  let first = DECODED_BYTES_MAX
  for (let at = from + zeros; at < to; at++) {
    let carry = values[bytes[at] as number] as number
    if (carry < 0) return -1
    for (let i = DECODED_BYTES_MAX - 1; i >= first || carry > 0; i--) {
      if (i < 0) return -1
      carry += i >= first ? (decoded[i] as number) * 58 : 0
      decoded[i] = carry & 0xff
      carry >>= 8
      if (i < first) first = i
    }
  }
  const length = DECODED_BYTES_MAX - first + zeros
  if (length > DECODED_BYTES_MAX) return -1
  decoded.fill(0, first - zeros, first)
  return length
}
