import { CLASS, DIGIT, HEX, LETTER } from '../subject.ts'
import { WordSet } from '../word-set.ts'

/** What a short value is made of, found in one pass over its bytes. Escapes of JSON count as what they stand for. */
export interface ValueShape {
  readonly bytes: number
  readonly digits: number
  readonly letters: number
  readonly words: number
  /** Words that begin with a capital or a letter beyond ASCII. */
  readonly capitals: number
  /** Words of more than three letters that begin with a small one: `de`, `von`, `bin` stand in names. */
  readonly smalls: number
  /** Characters that stand in no name, address or number. */
  readonly odd: number
  readonly ats: number
  readonly dots: number
  readonly commas: number
  /** A single word that stands for no value: `unknown`, `string`. */
  readonly isStopped: boolean
  /** A last word that only companies have. */
  readonly isCompany: boolean
}

export const shapeBytesMax = 256

class Shape implements ValueShape {
  bytes = 0
  digits = 0
  letters = 0
  words = 0
  capitals = 0
  smalls = 0
  odd = 0
  ats = 0
  dots = 0
  commas = 0
  isStopped = false
  isCompany = false
}

const shape = new Shape()

/** The shape of bytes[from, to), valid until the next call. Undefined when it is longer than any value of a person's. */
export function valueShape(bytes: Uint8Array, from: number, to: number): ValueShape | undefined {
  if (to - from > shapeBytesMax) return undefined
  shape.bytes = to - from
  shape.digits = shape.letters = shape.words = shape.capitals = shape.smalls = 0
  shape.odd = shape.ats = shape.dots = shape.commas = 0
  let wordAt = from
  let wordEnd = from
  let at = from
  while (at < to) {
    const byte = bytes[at] as number
    if (isLetter[byte] === 1 || letterEnd(bytes, at, to) > at) {
      wordAt = at
      at = wordEnd = readWord(bytes, at, to)
    } else if (byte === BACKSLASH) at = readEscape(bytes, at, to)
    else {
      countSign(byte)
      at++
    }
  }
  const isShort = wordEnd > wordAt && wordEnd - wordAt <= STOP_WORD_BYTES_MAX
  shape.isStopped = isShort && shape.words === 1 && NO_VALUES.has(bytes, wordAt, wordEnd)
  shape.isCompany = isShort && COMPANIES.has(bytes, wordAt, wordEnd)
  return shape
}

const BACKSLASH = 0x5c

/** Letters of ASCII, and all beyond it. */
const isLetter = new Uint8Array(256).fill(1, 0x80)
for (let byte = 0; byte < 0x80; byte++) if (((CLASS[byte] as number) & LETTER) !== 0) isLetter[byte] = 1

/** Behind the letter at `at`, which may be escaped (`\u00e9`); `at` when there is none. */
function letterEnd(bytes: Uint8Array, at: number, to: number): number {
  const byte = bytes[at] as number
  if (isLetter[byte] === 1) return at + 1
  if (byte !== BACKSLASH) return at
  let letter = at + 1
  while (letter < to && bytes[letter] === BACKSLASH) letter++
  if (bytes[letter] !== 0x75 || letter + 5 > to) return at
  for (let i = letter + 1; i < letter + 5; i++) if (((CLASS[bytes[i] as number] as number) & HEX) === 0) return at
  return letter + 5
}

/** A run of letters; a dash or apostrophe between letters belongs to it. */
function readWord(bytes: Uint8Array, from: number, to: number): number {
  let at = from
  while (at < to) {
    const byte = bytes[at] as number
    if (isLetter[byte] === 1) {
      shape.letters++
      at++
      continue
    }
    const next = letterEnd(bytes, at, to)
    if (next === at && !((byte === 0x27 || byte === 0x2d) && at + 1 < to)) break
    if (next > at) shape.letters++
    at = Math.max(next, at + 1)
  }
  const first = bytes[from] as number
  shape.words++
  if (first >= 0x80 || first === BACKSLASH || (first & 0x20) === 0) shape.capitals++
  else if (at - from > 3) shape.smalls++
  return at
}

function countSign(byte: number): void {
  if (((CLASS[byte] as number) & DIGIT) !== 0) shape.digits++
  else if (byte === 0x40) shape.ats++
  else if (byte === 0x2e) shape.dots++
  else if (byte === 0x2c) shape.commas++
  else if (!isPlain[byte]) shape.odd++
}

const isPlain: boolean[] = []
for (const char of " -'()/#&+\n\r\t") isPlain[char.charCodeAt(0)] = true

/** Behind `\n` and the like, which are blanks. */
function readEscape(bytes: Uint8Array, from: number, to: number): number {
  let at = from
  while (at < to && bytes[at] === BACKSLASH) at++
  // Cut off in an escape.
  const letter = at < to ? bytes[at] : 0
  if (letter === 0 || (letter === 0x75 && at + 5 > to)) return to
  if (letter === 0x6e || letter === 0x72 || letter === 0x74 || letter === 0x2f || letter === 0x27) return at + 1
  shape.odd++
  return at
}

/** Stand in the place of a value. */
const NO_VALUES = new WordSet(
  'string str text number integer boolean null none nil undefined unknown anonymous anon any test example sample default system admin administrator root user customer guest client person name first last full email phone address date assistant agent bot tool function public private redacted hidden todo tbd na true false value object array required optional placeholder',
)
/** End the names of companies and things. */
const COMPANIES = new WordSet(
  'inc llc ltd gmbh corp corporation company co ag sa bv plc limited bank group university hospital school store shop hotel restaurant airlines airways services solutions technologies technology systems labs foundation team support department association international holdings partners insurance clinic agency ministry committee council books press media news publishing magazine journal airport station',
)

/** Longer words are none of those above. */
const STOP_WORD_BYTES_MAX = 16
