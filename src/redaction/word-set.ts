/** Words of a sentence or a key, looked up as bytes without making strings. ASCII letters count in any case; others are compared as UTF-8. */
export class WordSet {
  readonly #hashes: Int32Array
  readonly #mask: number

  /** `words` in lower case, blanks between. */
  constructor(words: string) {
    const list = words.split(' ').filter((word) => word !== '')
    let size = 16
    while (size < list.length * 4) size *= 2
    this.#hashes = new Int32Array(size)
    this.#mask = size - 1
    for (const word of list) {
      const bytes = encoder.encode(word)
      const hash = hashOf(bytes, 0, bytes.length)
      let slot = hash & this.#mask
      while (this.#hashes[slot] !== 0) slot = (slot + 1) & this.#mask
      this.#hashes[slot] = hash
    }
  }

  /** Whether bytes[from, to) is one of the words. Words are told apart by 32 bits: another word is taken for one of them once in 50 million. */
  has(bytes: Uint8Array, from: number, to: number): boolean {
    const hash = hashOf(bytes, from, to)
    let slot = hash & this.#mask
    for (;;) {
      const other = this.#hashes[slot] as number
      if (other === 0) return false
      if (other === hash) return true
      slot = (slot + 1) & this.#mask
    }
  }
}

const encoder = new TextEncoder()

/** FNV-1a of the word in lower case; never 0. */
function hashOf(bytes: Uint8Array, from: number, to: number): number {
  let hash = 0x811c9dc5
  for (let at = from; at < to; at++) {
    const byte = bytes[at] as number
    hash = Math.imul(hash ^ (byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte), 0x01000193)
  }
  hash ^= hash >>> 15
  return hash === 0 ? 1 : hash
}
