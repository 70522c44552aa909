/** Flags of a span. SEEN: it came; without it, only what its children told is known. */
export const SEEN = 1
export const AGENT = 2
export const TOOL = 4
/** Its parent lies outside of this process: nothing above it matters. */
export const LOCAL_ROOT = 8
/** A call of a model, of embeddings, whose tokens were counted. */
export const COUNTED_INFERENCE = 16
export const COUNTED_EMBEDDINGS = 32
/** Holds one somewhere inside, with no agent or tool between. */
export const HOLDS_INFERENCE = 64
export const HOLDS_EMBEDDINGS = 128
/** A descendant waits for it to tell what it is. */
export const AWAITED = 256

/**
 * The spans of the last while, by span id: whether one came before (a retry sends a batch twice), what it was and who its
 * parent is. Bounded: when `spansMax` are held, the oldest half is forgotten. About 64 bytes a span, no strings.
 */
export class SeenSpans {
  readonly #half: number
  #young: Generation
  #old: Generation

  constructor(spansMax: number) {
    this.#half = Math.max(1, Math.ceil(spansMax / 2))
    this.#young = new Generation(this.#half)
    this.#old = new Generation(this.#half)
  }

  /** The flags of a span, 0 when it is not known. Ids are two 32-bit halves; the trace is the last 32 bits of its id. */
  flags(trace: number, high: number, low: number): number {
    return this.#young.flags(trace, high, low) || this.#old.flags(trace, high, low)
  }

  /** Writes flags and parent of a span, over what was known of it. */
  set(trace: number, high: number, low: number, parentHigh: number, parentLow: number, flags: number): void {
    if (this.#young.size >= this.#half && this.#young.flags(trace, high, low) === 0) {
      const emptied = this.#old
      this.#old = this.#young
      this.#young = emptied
      emptied.clear()
    }
    this.#young.set(trace, high, low, parentHigh, parentLow, flags)
  }

  /** The parent of a known span: read `parentHigh` and `parentLow` after it gave true. */
  findParent(trace: number, high: number, low: number): boolean {
    for (const generation of [this.#young, this.#old]) {
      const slot = generation.find(trace, high, low)
      if (slot < 0) continue
      this.parentHigh = generation.parentHigh(slot)
      this.parentLow = generation.parentLow(slot)
      return true
    }
    return false
  }
  parentHigh = 0
  parentLow = 0

  /** Of all spans, the oldest first. */
  get state(): Uint8Array {
    return Buffer.concat([this.#old.rows, this.#young.rows])
  }

  /** Takes in what `state` gave; the rest of a row that is not whole is left out. */
  restore(state: Uint8Array): void {
    const bytes = Buffer.from(state)
    for (let at = 0; at + ROW_BYTES <= bytes.length; at += ROW_BYTES) {
      const field = (index: number): number => bytes.readInt32LE(at + index * 4)
      this.set(field(0), field(1), field(2), field(3), field(4), field(5))
    }
  }
}

const FIELDS = 6
const ROW_BYTES = FIELDS * 4

/** Open addressing; a row is trace, span id (2), parent id (2), flags. Flags 0 = empty. */
class Generation {
  size = 0
  readonly #rows: Int32Array
  readonly #mask: number

  constructor(spansMax: number) {
    const slots = 2 ** Math.ceil(Math.log2(spansMax * 1.5 + 1))
    this.#mask = slots - 1
    this.#rows = new Int32Array(slots * FIELDS)
  }

  clear(): void {
    this.#rows.fill(0)
    this.size = 0
  }

  /** The rows that are filled. */
  get rows(): Buffer {
    const filled = new Int32Array(this.size * FIELDS)
    const all = this.#rows
    let at = 0
    for (let row = 0; row < all.length; row += FIELDS) {
      if (all[row + FIELDS - 1] === 0) continue
      for (let field = 0; field < FIELDS; field += 1) filled[at++] = all[row + field] as number
    }
    return Buffer.from(filled.buffer)
  }

  /** Row of a span, or -1. */
  find(trace: number, high: number, low: number): number {
    const row = this.#probe(trace, high, low)
    return this.#rows[row + 5] === 0 ? -1 : row
  }

  flags(trace: number, high: number, low: number): number {
    return this.#rows[this.#probe(trace, high, low) + 5] as number
  }

  set(trace: number, high: number, low: number, parentHigh: number, parentLow: number, flags: number): void {
    const rows = this.#rows
    const row = this.#probe(trace, high, low)
    if (rows[row + 5] === 0) this.size += 1
    rows[row] = trace
    rows[row + 1] = high
    rows[row + 2] = low
    rows[row + 3] = parentHigh
    rows[row + 4] = parentLow
    rows[row + 5] = flags
  }

  parentHigh(row: number): number {
    return this.#rows[row + 3] as number
  }

  parentLow(row: number): number {
    return this.#rows[row + 4] as number
  }

  /** Row of the span, or the empty row where it belongs. */
  #probe(trace: number, high: number, low: number): number {
    const rows = this.#rows
    let hash = Math.imul(low ^ Math.imul(high, 0x9e3779b1) ^ Math.imul(trace, 0x85ebca6b), 0x01000193)
    hash ^= hash >>> 15
    for (let slot = hash & this.#mask; ; slot = (slot + 1) & this.#mask) {
      const row = slot * FIELDS
      if (rows[row + 5] === 0) return row
      if (rows[row + 2] === low && rows[row + 1] === high && rows[row] === trace) return row
    }
  }
}
