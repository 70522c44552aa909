/** Classes of bytes, as bits. */
export const DIGIT = 1
export const LETTER = 2
export const ALNUM = 3
export const HEX = 4
/** Letters, digits, `-` and `_`: base64url, and what most tokens are made of. */
export const TOKEN = 8
/** Left of the `@` of an e-mail address. */
export const LOCAL = 16
/** What a bearer token may hold (RFC 6750), base64 included. */
export const BASE64 = 32
/** Between the groups of a written number. */
export const NUMBER_GAP = 64
export const SPACE = 128

export const CLASS = new Uint8Array(256)
const put = (chars: string, bits: number): void => {
  for (const char of chars) CLASS[char.charCodeAt(0)] = (CLASS[char.charCodeAt(0)] as number) | bits
}
put('0123456789', DIGIT | HEX | TOKEN | LOCAL | BASE64)
put('abcdefABCDEF', HEX)
put('abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ', LETTER | TOKEN | LOCAL | BASE64)
put('-_', TOKEN | LOCAL | BASE64)
put(".%+'", LOCAL)
put('._~+/=', BASE64)
put(' -./()', NUMBER_GAP)
put(' \t\r\n', SPACE)

/** Remembers where the last run of bytes ended: many looks into one long run walk it once. */
export class Run {
  #from = 0
  #to = 0

  reset(): void {
    this.#from = this.#to = -1
  }

  /** Where the run around or behind `position` ends: at a byte that `ends` has a 1 for, or with the value. */
  end(subject: Subject, position: number, ends: Uint8Array): number {
    if (position >= this.#from && position <= this.#to) return this.#to
    const { bytes, end } = subject
    let at = position
    while (at < end && ends[bytes[at] as number] === 0) at++
    subject.steps += at - position
    this.#from = position
    this.#to = at
    return at
  }
}

/**
 * The text of one value, as UTF-8 bytes[start, end), and what its rules have found out about it. A rule sets `from` and `to` when it matches.
 * `steps` counts the bytes that rules have looked at: it bounds the work and shows in tests that it is linear.
 */
export class Subject {
  bytes: Uint8Array = new Uint8Array(0)
  start = 0
  end = 0
  /** What the value is called, as UTF-8: the key of its attribute. Empty when it has no name. */
  label: Uint8Array = new Uint8Array(0)
  from = 0
  to = 0
  /** Of the match at hand, 0 to 1; the rule's own unless it sets another. */
  confidence = 0
  /** Of the match at hand: the rule's own, unless `find` is shared with other rules and it is one of theirs. */
  type = ''
  /** At TRIGGER_WORD: the word in lower case, and where it begins. */
  word = ''
  wordStart = 0
  /** Set by a rule: keys in quotes name something, which whoever reads JSON finds (keys/key-finder.ts). */
  hasKeys = false
  /** Set by a rule that finds nothing: nor would it if something else stood around the name that the word is in. */
  isFinal = false
  /** The last letter of the word whose value was looked for last; -1 = none. */
  keyedAt = -1
  steps = 0
  /** Counts the values: what a rule remembers of one is over with the next. */
  turn = 0
  // Ends of runs that were walked already: without them, many triggers in one long run would walk it again and again.
  #tokenStart = 0
  #tokenEnd = 0
  /** Up to where colons were looked at. */
  colonsUntil = 0
  /** Of values without quotes (keyed-value.ts), and of the lines that they stand in. */
  readonly bareRun = new Run()
  readonly lineRun = new Run()
  /** End of the last value that was taken for a secret or not (keyed-secret.ts), and how many that end there were. */
  secretUntil = 0
  secretTries = 0
  /** Up to where the words of a sentence were read (secret-sentence.ts). */
  sentenceUntil = 0
  /** End of the last key that was found by its form. */
  keyUntil = 0
  /** The `@` whose look back for a URL was the last, and its result. */
  authorityAt = -1
  authorityStart = -1

  reset(bytes: Uint8Array, start: number, end: number): void {
    this.turn++
    this.bytes = bytes
    this.start = start
    this.end = end
    this.#tokenStart = this.#tokenEnd = this.colonsUntil = this.keyUntil = start
    this.authorityAt = this.authorityStart = -1
    this.hasKeys = false
    this.keyedAt = -1
    this.secretUntil = this.sentenceUntil = start
    this.bareRun.reset()
    this.lineRun.reset()
  }

  /** Zero outside of the value. */
  at(position: number): number {
    return position >= this.start && position < this.end ? (this.bytes[position] as number) : 0
  }

  is(position: number, classes: number): boolean {
    return ((CLASS[this.at(position)] as number) & classes) !== 0
  }

  /** A letter or digit, but not the letter of an escape such as \n: a word goes on here. */
  isWord(position: number): boolean {
    return this.is(position, ALNUM) && !this.isEscapeLetter(position)
  }

  isEscapeLetter(position: number): boolean {
    if (this.at(position - 1) !== 0x5c) return false
    const letter = this.at(position)
    return letter === 0x6e || letter === 0x72 || letter === 0x74 || letter === 0x62 || letter === 0x66
  }

  hasText(position: number, text: string): boolean {
    for (let i = 0; i < text.length; i++) if (this.at(position + i) !== text.charCodeAt(i)) return false
    return true
  }

  /** End of the run of these classes that begins at `position`, at most `max` bytes further. */
  runEnd(position: number, classes: number, max: number): number {
    const stop = Math.min(this.end, position + max)
    const { bytes } = this
    let at = position
    while (at < stop && ((CLASS[bytes[at] as number] as number) & classes) !== 0) at++
    this.steps += at - position
    return at
  }

  /** End of the run of TOKEN bytes around `position`, however long it is. */
  tokenEnd(position: number): number {
    if (position >= this.#tokenStart && position < this.#tokenEnd) return this.#tokenEnd
    this.#tokenStart = position
    this.#tokenEnd = this.runEnd(position, TOKEN, this.end)
    return this.#tokenEnd
  }

  matched(from: number, to: number): true {
    this.from = from
    this.to = to
    return true
  }
}
