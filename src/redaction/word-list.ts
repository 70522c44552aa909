/** Longest word that a rule may ask for. */
export const WORD_LETTERS_MAX = 24
/** Words at least so long are also found as the end of another word: `dbpassword`, `accesstoken`. */
export const ENDING_LETTERS_MIN = 5

/**
 * The words that rules ask for, and where they stand in a text: whole words in any case, and words within names (`customer_email`, `apiKey`, `X-Api-Key`,
 * `IPAddress`, `line2`). Kept as a tree that is walked from the last letter of a word to its first one.
 */
export class WordList {
  readonly words: readonly string[]
  readonly tree: WordTree
  /** Set by `find`: the words that end there, longest first, and how many. */
  readonly found = new Uint16Array(WORD_LETTERS_MAX)
  foundCount = 0

  /** Throws when a word is empty, too long, or holds anything but lower-case letters and digits. */
  constructor(words: Iterable<string>) {
    this.words = [...new Set(words)]
    for (const word of this.words) if (!WORD.test(word)) throw new TypeError(`no word to look for: ${word}`)
    const nodesMax = this.words.reduce((sum, { length }) => sum + length, 1)
    if (nodesMax > NODES_MAX) throw new TypeError(`more than ${NODES_MAX} letters of words to look for`)
    const edges = new Uint16Array(nodesMax * CLASSES)
    const wordAt = new Uint16Array(nodesMax)
    let nodes = 1
    for (const [index, word] of this.words.entries()) {
      let node = 0
      for (let i = word.length - 1; i >= 0; i--) {
        const edge = node * CLASSES + (CLASS_OF[word.charCodeAt(i)] as number)
        if (edges[edge] === 0) edges[edge] = nodes++
        node = edges[edge] as number
      }
      wordAt[node] = index + 1
    }
    this.tree = { edges: edges.slice(0, nodes * CLASSES), wordAt: wordAt.slice(0, nodes), classOf: CLASS_OF }
  }

  /** Whether one of the words ends with the byte at `at` of the text bytes[start, end), which must be the last one of a word (isWordEnd). */
  find(bytes: Uint8Array, start: number, end: number, at: number): boolean {
    const { edges, wordAt } = this.tree
    this.foundCount = 0
    let node = 0
    for (let from = at; from >= start; from--) {
      const edge = CLASS_OF[bytes[from] as number] as number
      if (edge === 0) break
      node = edges[node * CLASSES + edge] as number
      if (node === 0) break
      const word = wordAt[node] as number
      if (word === 0) continue
      if (at - from + 1 >= ENDING_LETTERS_MIN || isWordStart(bytes, start, end, from))
        this.found[this.foundCount++] = word - 1
    }
    if (this.foundCount > 1) this.found.subarray(0, this.foundCount).reverse()
    return this.foundCount > 0
  }
}

interface WordTree {
  /** For each node and class of byte (a letter in any case, a digit) the next node; 0 = none. */
  readonly edges: Uint16Array
  /** For each node the word that begins there, plus one. */
  readonly wordAt: Uint16Array
  readonly classOf: Uint8Array
}

const WORD = new RegExp(`^[a-z0-9]{2,${WORD_LETTERS_MAX}}$`)
const NODES_MAX = 0xffff

/** 1 to 26 for letters of both cases, 27 to 36 for digits, 0 for all else. */
const CLASS_OF = new Uint8Array(256)
const CLASSES = 37
for (let i = 0; i < 26; i++) CLASS_OF[0x41 + i] = CLASS_OF[0x61 + i] = i + 1
for (let i = 0; i < 10; i++) CLASS_OF[0x30 + i] = 27 + i

const isDigit = (byte: number): boolean => byte >= 0x30 && byte <= 0x39
const isUpper = (byte: number): boolean => byte >= 0x41 && byte <= 0x5a
const isLower = (byte: number): boolean => byte >= 0x61 && byte <= 0x7a
const isLetter = (byte: number): boolean => isUpper(byte) || isLower(byte)

/** The letter or digit at `at` is the last one of a word: before another kind of byte, or before the next word of a name such as apiKey. */
export function isWordEnd(bytes: Uint8Array, end: number, at: number): boolean {
  const last = bytes[at] as number
  const next = at + 1 < end ? (bytes[at + 1] as number) : 0
  if (isDigit(last)) return !isDigit(next)
  return isLetter(last) && (!isLetter(next) || isBorder(bytes, end, at + 1))
}

/** The letter or digit at `at` is the first one of a word. The letter of an escape such as \n is none. */
function isWordStart(bytes: Uint8Array, start: number, end: number, at: number): boolean {
  if (at === start) return true
  const before = bytes[at - 1] as number
  if (isDigit(before)) return !isDigit(bytes[at] as number)
  if (!isLetter(before) || isDigit(bytes[at] as number)) return true
  return isBorder(bytes, end, at) || (at - 1 > start && bytes[at - 2] === 0x5c && ESCAPE_LETTERS.has(before))
}

const ESCAPE_LETTERS = new Set([0x6e, 0x72, 0x74, 0x62, 0x66])

/** Between two letters: an upper-case one behind a lower-case one (apiKey), or the last upper-case one before a lower-case one (IPAddress). */
function isBorder(bytes: Uint8Array, end: number, at: number): boolean {
  if (!isUpper(bytes[at] as number)) return false
  return isLower(bytes[at - 1] as number) || (at + 1 < end && isLower(bytes[at + 1] as number))
}
