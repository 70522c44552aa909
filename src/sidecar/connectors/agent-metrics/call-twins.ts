import type { SpanReader } from '../../../otlp/span-reader.ts'

/** Responses remembered, to tell that two spans speak of one call. */
export const RESPONSES_MAX = 10_000

/**
 * Two spans that overlap in time within one trace and carry the same `gen_ai.response.id` are one call, reported by a
 * framework and by a client library. (The same id later on is another call: some servers repeat their ids.)
 */
export class CallTwins {
  readonly #responses = new Map<number, { startMs: number; endMs: number }>()

  /** Whether the call of the current span was here before; remembers it if not. `idNode` is the KeyValue of the response id, -1 = none. */
  isTwin(reader: SpanReader, trace: number, idNode: number): boolean {
    const { view, startMs, endMs } = reader
    const value = idNode < 0 ? -1 : view.valueNode(idNode)
    if (value < 0) return false
    const key = keyOf(view.bytes, view.body(value), view.end(value), trace)
    const known = this.#responses.get(key)
    if (known !== undefined && known.startMs < endMs && startMs < known.endMs) return true
    if (this.#responses.size >= RESPONSES_MAX)
      for (const oldest of this.#responses.keys()) if (this.#responses.delete(oldest)) break
    this.#responses.set(key, { startMs, endMs })
    return false
  }
}

/** 53 bits of two hashes. */
function keyOf(bytes: Buffer, start: number, end: number, trace: number): number {
  let first = trace
  let second = 0x811c9dc5
  for (let at = start; at < end; at += 1) {
    first = Math.imul(first ^ (bytes[at] as number), 0x5bd1e995) ^ (first >>> 15)
    second = Math.imul(second ^ (bytes[at] as number), 0x01000193)
  }
  return (first >>> 0) * 0x200000 + ((second >>> 0) & 0x1fffff)
}
