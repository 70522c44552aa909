/** The label is absent. */
export const ABSENT = 0
/** The value was refused: too long, or one too many. */
export const REFUSED = 1

/** Longest value of a label, in bytes; a longer one is refused. */
export const LABEL_BYTES_MAX = 256

/**
 * Gives every distinct label value a small number, from its bytes: no string is made for a value that was seen before.
 * Open addressing over one arena of bytes. Values beyond `valuesMax` are refused.
 */
export class LabelValues {
  readonly #valuesMax: number
  readonly #slots: Int32Array
  readonly #ends: Int32Array
  readonly #texts: string[] = ['', '']
  #arena = Buffer.alloc(4_096)

  constructor(valuesMax: number) {
    this.#valuesMax = valuesMax
    this.#slots = new Int32Array(2 ** Math.ceil(Math.log2((valuesMax + 2) * 2)))
    this.#ends = new Int32Array(valuesMax + 2)
  }

  get size(): number {
    return this.#texts.length - 2
  }

  /** All by their numbers; the first two stand for ABSENT and REFUSED. */
  get texts(): readonly string[] {
    return this.#texts
  }

  /** The number of the value in bytes[start, end); an empty value counts as absent. */
  idOf(bytes: Buffer, start: number, end: number): number {
    const length = end - start
    if (length === 0) return ABSENT
    if (length > LABEL_BYTES_MAX) return REFUSED
    const mask = this.#slots.length - 1
    let slot = hash(bytes, start, end) & mask
    for (;;) {
      const id = this.#slots[slot] as number
      if (id === 0) return this.#add(slot, bytes, start, end)
      if (this.#equals(id, bytes, start, length)) return id
      slot = (slot + 1) & mask
    }
  }

  idOfText(text: string): number {
    const bytes = Buffer.from(text)
    return this.idOf(bytes, 0, bytes.length)
  }

  text(id: number): string {
    return this.#texts[id] as string
  }

  #equals(id: number, bytes: Buffer, start: number, length: number): boolean {
    const from = this.#ends[id - 1] as number
    if ((this.#ends[id] as number) - from !== length) return false
    const arena = this.#arena
    let at = length - 1
    while (at >= 0 && arena[from + at] === bytes[start + at]) at -= 1
    return at < 0
  }

  #add(slot: number, bytes: Buffer, start: number, end: number): number {
    if (this.size >= this.#valuesMax) return REFUSED
    const id = this.#texts.push(bytes.toString('utf8', start, end)) - 1
    const from = this.#ends[id - 1] as number
    const to = from + end - start
    if (to > this.#arena.length) this.#arena = Buffer.concat([this.#arena], Math.max(this.#arena.length * 2, to))
    bytes.copy(this.#arena, from, start, end)
    this.#ends[id] = to
    this.#slots[slot] = id
    return id
  }
}

function hash(bytes: Buffer, start: number, end: number): number {
  let value = 0x811c9dc5
  for (let at = start; at < end; at += 1) value = Math.imul(value ^ (bytes[at] as number), 0x01000193)
  return value ^ (value >>> 15)
}
