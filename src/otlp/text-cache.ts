/** Texts kept, a power of two; a newer one takes the place of an older one. */
export const TEXTS_MAX = 512
/** Longer texts, in bytes, are made anew every time. */
export const TEXT_BYTES_MAX = 64

/**
 * The strings of values that come again and again, such as models and providers, found by their bytes: comparing costs a tenth of decoding,
 * and maps know the hash of a string that they saw before.
 */
export class TextCache {
  readonly #texts: string[] = Array.from({ length: TEXTS_MAX }, () => '')
  readonly #lengths = new Uint8Array(TEXTS_MAX)
  readonly #bytes = new Uint8Array(TEXTS_MAX * TEXT_BYTES_MAX)

  /** The UTF-8 text bytes[start, end). */
  text(bytes: Buffer, start: number, end: number): string {
    const length = end - start
    if (length > TEXT_BYTES_MAX) return bytes.toString('utf8', start, end)
    let hash = length
    for (let at = start; at < end; at++) hash = Math.imul(hash ^ (bytes[at] as number), 0x01000193)
    const slot = (hash ^ (hash >>> 15)) & (TEXTS_MAX - 1)
    const from = slot * TEXT_BYTES_MAX
    if (this.#lengths[slot] === length && this.#equals(from, bytes, start, length)) return this.#texts[slot] as string
    const text = bytes.toString('utf8', start, end)
    for (let i = 0; i < length; i++) this.#bytes[from + i] = bytes[start + i] as number
    this.#lengths[slot] = length
    this.#texts[slot] = text
    return text
  }

  #equals(from: number, bytes: Buffer, start: number, length: number): boolean {
    let i = 0
    while (i < length && this.#bytes[from + i] === bytes[start + i]) i++
    return i === length
  }
}
