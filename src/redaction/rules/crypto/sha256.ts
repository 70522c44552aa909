/** SHA-256 (FIPS 180-4) of bytes[start, end), into `digest`. For checksums of addresses: `node:crypto` has no place in pure code. */
export function sha256(bytes: Uint8Array, start: number, end: number, digest: Uint8Array): void {
  const length = end - start
  state.set(INITIAL)
  for (let block = 0; block < length + 9; block += 64) {
    for (let i = 0; i < 16; i++) {
      let word = 0
      for (let k = 0; k < 4; k++) word = (word << 8) | paddedByte(bytes, start, length, block + i * 4 + k)
      words[i] = word
    }
    compress()
  }
  for (let i = 0; i < 32; i++) digest[i] = (state[i >> 2] as number) >>> (24 - 8 * (i & 3))
}

/** The message, a one bit, zeros, and the length in bits in the last eight bytes. */
function paddedByte(bytes: Uint8Array, start: number, length: number, at: number): number {
  if (at < length) return bytes[start + at] as number
  if (at === length) return 0x80
  const fromEnd = Math.ceil((length + 9) / 64) * 64 - 1 - at
  return fromEnd < 4 ? ((length * 8) >>> (8 * fromEnd)) & 0xff : 0
}

const state = new Int32Array(8)
const words = new Int32Array(64)
const rotate = (word: number, bits: number): number => (word >>> bits) | (word << (32 - bits))

function compress(): void {
  for (let i = 16; i < 64; i++) {
    const [w15, w2] = [words[i - 15] as number, words[i - 2] as number]
    const s0 = rotate(w15, 7) ^ rotate(w15, 18) ^ (w15 >>> 3)
    const s1 = rotate(w2, 17) ^ rotate(w2, 19) ^ (w2 >>> 10)
    words[i] = (words[i - 16] as number) + s0 + (words[i - 7] as number) + s1
  }
  let a = state[0] as number
  let b = state[1] as number
  let c = state[2] as number
  let d = state[3] as number
  let e = state[4] as number
  let f = state[5] as number
  let g = state[6] as number
  let h = state[7] as number
  for (let i = 0; i < 64; i++) {
    const s1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)
    const t1 = (h + s1 + ((e & f) ^ (~e & g)) + (ROUND[i] as number) + (words[i] as number)) | 0
    const t2 = ((rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0
    h = g
    g = f
    f = e
    e = (d + t1) | 0
    d = c
    c = b
    b = a
    a = (t1 + t2) | 0
  }
  for (const [i, word] of [a, b, c, d, e, f, g, h].entries()) state[i] = (state[i] as number) + word
}

/** Fractional parts of the roots of the first primes: square roots for the state, cube roots for the rounds. */
const fraction = (root: number): number => ((root - Math.floor(root)) * 2 ** 32) | 0
const PRIMES = Array.from({ length: 310 }, (_, n) => n + 2).filter((n) => {
  for (let divisor = 2; divisor * divisor <= n; divisor++) if (n % divisor === 0) return false
  return true
})
const INITIAL = Int32Array.from(PRIMES.slice(0, 8), (prime) => fraction(Math.sqrt(prime)))
const ROUND = Int32Array.from(PRIMES.slice(0, 64), (prime) => fraction(Math.cbrt(prime)))
