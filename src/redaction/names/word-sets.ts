/**
 * Word lists as Bloom filters: a few bits a word, no word missed, about one in eighty other words taken for one of the list. Which lists there are,
 * and what they are made from, says conventions/names/word-lists.ts.
 */
export const SET_FIRST_COMMON = 1
export const SET_FIRST = 2
export const SET_LAST_COMMON = 4
export const SET_LAST = 8
export const SET_PLACE = 16
/** Lower-case words that everybody uses. */
export const SET_WORD_COMMON = 32
export const SET_WORD = 64
/** Words that are written with a capital and are no person: months, products, nationalities, … */
export const SET_PROPER = 128
export const SET_COUNT = 8

const PROBES = 6
export const BITS_PER_WORD = 9

/** All lists, one behind the other. */
export class WordSets {
  readonly #filters: readonly Uint8Array[]

  constructor(filters: readonly Uint8Array[]) {
    this.#filters = filters
  }

  /** The lists that hold the word with this hash, as bits. */
  maskOf(hash: number): number {
    let mask = 0
    for (let set = 0; set < SET_COUNT; set++) if (isIn(this.#filters[set] as Uint8Array, hash)) mask |= 1 << set
    return mask
  }

  has(hash: number, set: number): boolean {
    return isIn(this.#filters[31 - Math.clz32(set)] as Uint8Array, hash)
  }
}

/** The filter of these words. */
export function wordFilter(hashes: ReadonlySet<number>): Uint8Array {
  const filter = new Uint8Array(Math.ceil((hashes.size * BITS_PER_WORD) / 8) + 1)
  const bits = filter.length * 8
  for (const hash of hashes) {
    let probe = mixed(hash)
    const step = stepOf(hash)
    for (let i = 0; i < PROBES; i++) {
      const bit = (probe >>> 0) % bits
      filter[bit >>> 3] = (filter[bit >>> 3] as number) | (1 << (bit & 7))
      probe = (probe + step) | 0
    }
  }
  return filter
}

function isIn(filter: Uint8Array, hash: number): boolean {
  const bits = filter.length * 8
  let probe = mixed(hash)
  const step = stepOf(hash)
  for (let i = 0; i < PROBES; i++) {
    const bit = (probe >>> 0) % bits
    if (((filter[bit >>> 3] as number) & (1 << (bit & 7))) === 0) return false
    probe = (probe + step) | 0
  }
  return true
}

function mixed(hash: number): number {
  let value = Math.imul(hash ^ (hash >>> 16), 0x7feb352d)
  value = Math.imul(value ^ (value >>> 15), 0x846ca68b | 0)
  return value ^ (value >>> 16)
}

const stepOf = (hash: number): number => Math.imul(hash ^ (hash >>> 13), 0x9e3779b1 | 0) | 1
