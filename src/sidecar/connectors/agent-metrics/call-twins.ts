import type { SpanReader } from '../../../otlp/span-reader.ts'

/** Responses remembered, to tell that two spans speak of one call; a power of two. A newer one takes the place of an older one. */
export const RESPONSES_MAX = 16_384

/**
 * Two spans that overlap in time within one trace and carry the same `gen_ai.response.id` are one call, reported by a
 * framework and by a client library. (The same id later on is another call: some servers repeat their ids.)
 */
export class CallTwins {
  readonly #hashes = new Int32Array(RESPONSES_MAX * 2)
  readonly #times = new Float64Array(RESPONSES_MAX * 2)

  /** Whether the call of the current span was here before; remembers it if not. `idNode` is the KeyValue of the response id, -1 = none. */
  isTwin(reader: SpanReader, trace: number, idNode: number): boolean {
    const { view, startMs, endMs } = reader
    const value = idNode < 0 ? -1 : view.valueNode(idNode)
    if (value < 0) return false
    const { bytes } = view
    let first = trace
    let second = 0x811c9dc5
    const end = view.end(value)
    let at = view.body(value)
    for (; at + 4 <= end; at += 4) {
      const word = bytes.readInt32LE(at)
      first = Math.imul(first ^ word, 0x5bd1e995) ^ (first >>> 15)
      second = Math.imul(second ^ word, 0x01000193) ^ (second >>> 13)
    }
    for (; at < end; at += 1) {
      first = Math.imul(first ^ (bytes[at] as number), 0x5bd1e995) ^ (first >>> 15)
      second = Math.imul(second ^ (bytes[at] as number), 0x01000193)
    }
    const slot = ((first ^ (first >>> 16)) & (RESPONSES_MAX - 1)) * 2
    const isSame = this.#hashes[slot] === first && this.#hashes[slot + 1] === second
    if (isSame && (this.#times[slot] as number) < endMs && startMs < (this.#times[slot + 1] as number)) return true
    this.#hashes[slot] = first
    this.#hashes[slot + 1] = second
    this.#times[slot] = startMs
    this.#times[slot + 1] = endMs
    return false
  }
}
