/**
 * Reads the JSON that a text holds: as a whole, in the middle of a sentence, cut off, in strings of JSON to any depth (where the quotes have 1, 3, 7, … backslashes), and
 * the dictionaries that Python prints. It never fails: what turns out to be no JSON is text again, in which JSON may begin. One pass, linear, no allocation.
 */
export interface JsonVisitor {
  /** An object begins: its frame is `walk.depth`. */
  open(walk: JsonWalk, frame: number): void
  /** The object of this frame has got to a new member: bytes[walk.keyFrom[frame], walk.keyTo[frame]). */
  key(walk: JsonWalk, frame: number): void
  /** A string (without quotes) or a number or literal. Its path: the members of all object frames up to `walk.depth`. What the JSON in a string holds was told before. */
  leaf(walk: JsonWalk, from: number, to: number, kind: LeafKind): void
  /** The object of this frame ends, or the text ends in it. */
  close(walk: JsonWalk, frame: number): void
}

export type LeafKind = 'string' | 'number' | 'literal'

export const jsonDepthMax = 512
/** Longer keys are read, but count as without a name. */
export const jsonKeyBytesMax = 256

const TEXT = 0
export const OBJECT = 1
const ARRAY = 2

const AT_KEY = 0
const BEHIND_KEY = 1
const AT_VALUE = 2
const BEHIND_VALUE = 3

const BACKSLASH = 0x5c
const QUOTE = 0x22
const APOSTROPHE = 0x27
const COMMA = 0x2c
const COLON = 0x3a
const OPEN_BRACKET = 0x5b
const CLOSE_BRACKET = 0x5d
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d

/** Bytes that mean nothing in running text. */
const quiet = new Uint8Array(256).fill(1)
for (const char of '"\'\\{') quiet[char.charCodeAt(0)] = 0
/** Numbers, `true`, `null`. */
const literal = new Uint8Array(256)
for (const char of '0123456789+-.abcdefghijklmnopqrstuvwxyzEINTFN') literal[char.charCodeAt(0)] = 1

export class JsonWalk {
  bytes: Uint8Array = new Uint8Array(0)
  /** The innermost frame; 0 is the text itself, and belongs to no object. */
  depth = 0
  readonly kind = new Uint8Array(jsonDepthMax)
  readonly keyFrom = new Int32Array(jsonDepthMax)
  readonly keyTo = new Int32Array(jsonDepthMax)
  /** The nearest object frame at or around a frame, whose current member it belongs to; 0 = none. */
  readonly owner = new Int16Array(jsonDepthMax)
  /** Of the JSON in a text, and of an object and array: how often its quotes are escaped. */
  readonly #level = new Uint8Array(jsonDepthMax)
  readonly #state = new Uint8Array(jsonDepthMax)
  /** Of a text: where it begins, and the quote that ends it. */
  readonly #from = new Int32Array(jsonDepthMax)
  readonly #quote = new Uint8Array(jsonDepthMax)
  readonly #visitor: JsonVisitor
  #at = 0
  #end = 0
  /** Of the quote that was read last. */
  #quoteLevel = 0

  constructor(visitor: JsonVisitor) {
    this.#visitor = visitor
  }

  walk(bytes: Uint8Array, start: number, end: number): void {
    this.bytes = bytes
    this.#at = start
    this.#end = end
    this.depth = 0
    this.kind[0] = TEXT
    this.#level[0] = this.#quote[0] = 0
    while (this.#at < end) {
      if (this.kind[this.depth] === TEXT) this.#text()
      else this.#structure()
    }
    while (this.depth > 0) this.#pop(end)
  }

  /** Running text: to the quote that ends it, or the brace of an object. */
  #text(): void {
    const { bytes } = this
    const end = this.#end
    let at = this.#at
    while (at < end && quiet[bytes[at] as number] === 1) at++
    const from = at
    while (at < end && bytes[at] === BACKSLASH) at++
    const byte = at < end ? bytes[at] : 0
    this.#at = at + (at < end && quiet[byte as number] === 0 ? 1 : 0)
    if (byte === OPEN_BRACE) this.#openInText()
    else if (byte === QUOTE) this.#quoteInText(at - from, at)
    else if (byte === APOSTROPHE && at === from && this.#quote[this.depth] === APOSTROPHE) this.#endText(at)
  }

  #openInText(): void {
    const at = this.#skipBlanks(this.#at)
    this.#at = at
    const quote = this.#quoteAt(at)
    if (quote < 0) return
    const level = this.#level[this.depth] as number
    if (this.bytes[quote] === APOSTROPHE) this.#push(OBJECT, level)
    else if (this.#quoteLevel >= level) this.#push(OBJECT, this.#quoteLevel)
  }

  #quoteInText(slashes: number, at: number): void {
    if (this.depth === 0) return
    const level = levelOf(slashes)
    const own = this.#level[this.depth] as number
    if (level >= own) return
    if (this.#quote[this.depth] === QUOTE && level === own - 1) this.#endText(at - level1(level))
    else this.#endOuter(level, at)
  }

  /** The string that is the value of a member or element is over. */
  #endText(at: number): void {
    this.#pop(at)
  }

  /** A quote of a string further out: all that was open in it is over. */
  #endOuter(level: number, at: number): void {
    let frame = this.depth
    while (
      frame > 0 &&
      !(this.kind[frame] === TEXT && this.#quote[frame] === QUOTE && this.#level[frame] === level + 1)
    )
      frame--
    const to = at - level1(level)
    while (this.depth > frame) this.#pop(to)
    if (frame > 0) this.#endText(to)
  }

  #structure(): void {
    const at = this.#skipBlanks(this.#at)
    this.#at = at
    if (at >= this.#end) return
    const byte = this.bytes[at] as number
    const frame = this.depth
    const isArray = this.kind[frame] === ARRAY
    const state = isArray ? AT_VALUE : (this.#state[frame] as number)
    if (byte === (isArray ? CLOSE_BRACKET : CLOSE_BRACE)) {
      this.#at++
      this.#pop(at)
    } else if (byte === COMMA) {
      this.#at++
      if (!isArray) this.#state[frame] = AT_KEY
    } else if (state === BEHIND_KEY && byte === COLON) {
      this.#at++
      this.#state[frame] = AT_VALUE
    } else if (state === AT_KEY) this.#readKey(at)
    else if (state === AT_VALUE) this.#readValue(at, byte)
    else this.#break()
  }

  #readKey(at: number): void {
    const quote = this.#quoteAt(at)
    const frame = this.depth
    if (quote < 0) return this.#break()
    const isApostrophe = this.bytes[quote] === APOSTROPHE
    if (!isApostrophe && this.#quoteLevel < (this.#level[frame] as number)) return this.#endOuterAt(quote)
    const to = this.#keyEnd(quote + 1, this.bytes[quote] as number)
    if (to < 0) return this.#break()
    const isNamed = to - quote - 1 <= jsonKeyBytesMax
    this.keyFrom[frame] = quote + 1
    this.keyTo[frame] = isNamed ? to : quote + 1
    this.#state[frame] = BEHIND_KEY
    this.#at = to + (isApostrophe ? 1 : level1(this.#level[frame] as number) + 1)
    this.#visitor.key(this, frame)
  }

  /** Where the content of a key ends, or -1 when no quote of its level ends it. */
  #keyEnd(from: number, quote: number): number {
    const { bytes } = this
    const own = this.#level[this.depth] as number
    let slashes = 0
    const end = this.#end
    for (let at = from; at < end; at++) {
      const byte = bytes[at] as number
      if (byte >= 0x30) {
        if (byte !== BACKSLASH) {
          slashes = 0
          continue
        }
        slashes++
        continue
      }
      if (byte === QUOTE) {
        const level = levelOf(slashes)
        if (quote === QUOTE && level === own) return at - level1(level)
        if (level < own) return this.#stopAt(at - slashes)
      } else if (byte === APOSTROPHE && quote === APOSTROPHE && slashes === 0) return at
      else if (byte === 0x0a) return this.#stopAt(at)
      slashes = 0
    }
    return this.#stopAt(end)
  }

  /** No key: reading goes on there, so that no byte is read twice. */
  #stopAt(at: number): -1 {
    this.#at = at
    return -1
  }

  #readValue(at: number, byte: number): void {
    const frame = this.depth
    const level = this.#level[frame] as number
    if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
      this.#at++
      return this.#push(byte === OPEN_BRACE ? OBJECT : ARRAY, level)
    }
    const quote = this.#quoteAt(at)
    if (quote >= 0) {
      const isApostrophe = this.bytes[quote] === APOSTROPHE
      if (!isApostrophe && this.#quoteLevel < level) return this.#endOuterAt(quote)
      this.#at = quote + 1
      if (!isApostrophe && this.#readPlain(quote + 1, level)) return
      this.#push(TEXT, isApostrophe ? level : level + 1)
      this.#quote[this.depth] = this.bytes[quote] as number
      this.#from[this.depth] = quote + 1
      return
    }
    let to = at
    while (to < this.#end && literal[this.bytes[to] as number] === 1) to++
    if (to === at) return this.#break()
    this.#at = to
    this.#state[frame] = BEHIND_VALUE
    const isNumber = byte === 0x2d || (byte >= 0x30 && byte <= 0x39)
    this.#visitor.leaf(this, at, to, isNumber ? 'number' : 'literal')
  }

  /** A string in which nothing is escaped and no object begins: most are. Others are left to #text, from what is read on. */
  #readPlain(from: number, level: number): boolean {
    const { bytes } = this
    const end = this.#end
    let at = from
    while (at < end && (quiet[bytes[at] as number] === 1 || bytes[at] === APOSTROPHE)) at++
    const to = at
    while (at < end && bytes[at] === BACKSLASH) at++
    const isLast = this.depth + 1 >= jsonDepthMax || level >= LEVEL_MAX
    if (isLast || at >= end || bytes[at] !== QUOTE || levelOf(at - to) !== level) {
      this.#at = to
      return false
    }
    this.#at = at + 1
    if (this.kind[this.depth] === OBJECT) this.#state[this.depth] = BEHIND_VALUE
    this.#visitor.leaf(this, from, at - level1(level), 'string')
    return true
  }

  /** The quote at `at` or behind the backslashes there, or -1. An apostrophe has none. */
  #quoteAt(at: number): number {
    const { bytes } = this
    let quote = at
    while (quote < this.#end && bytes[quote] === BACKSLASH) quote++
    if (quote >= this.#end) return -1
    if (bytes[quote] === APOSTROPHE) return quote === at ? quote : -1
    if (bytes[quote] !== QUOTE) return -1
    this.#quoteLevel = levelOf(quote - at)
    return quote
  }

  #endOuterAt(quote: number): void {
    this.#at = quote + 1
    this.#endOuter(this.#quoteLevel, quote)
  }

  /** Blanks and line ends, also escaped ones. */
  #skipBlanks(start: number): number {
    const { bytes } = this
    const end = this.#end
    let at = start
    while (at < end) {
      const byte = bytes[at]
      if (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09) at++
      else if (byte === BACKSLASH) {
        let letter = at + 1
        while (letter < end && bytes[letter] === BACKSLASH) letter++
        const escaped = letter < end ? bytes[letter] : 0
        if (escaped !== 0x6e && escaped !== 0x72 && escaped !== 0x74) break
        at = letter + 1
      } else break
    }
    return at
  }

  #push(kind: number, level: number): void {
    if (this.depth + 1 >= jsonDepthMax || level > LEVEL_MAX) return this.#break()
    const frame = ++this.depth
    this.kind[frame] = kind
    this.#level[frame] = level
    this.#state[frame] = AT_KEY
    this.#quote[frame] = 0
    this.keyFrom[frame] = this.keyTo[frame] = 0
    this.owner[frame] = kind === OBJECT ? frame : (this.owner[frame - 1] as number)
    if (kind === OBJECT) this.#visitor.open(this, frame)
  }

  #pop(to: number): void {
    const frame = this.depth--
    if (this.kind[this.depth] === OBJECT) this.#state[this.depth] = BEHIND_VALUE
    if (this.kind[frame] === TEXT) this.#visitor.leaf(this, this.#from[frame] as number, to, 'string')
    else if (this.kind[frame] === OBJECT) this.#visitor.close(this, frame)
  }

  /** It is no JSON, or deeper than anybody writes: text again. */
  #break(): void {
    while (this.kind[this.depth] !== TEXT) this.#pop(this.#at)
    // A quote here would be taken for the end of the text: it has been looked at.
    if (this.#at < this.#end && quiet[this.bytes[this.#at] as number] === 1) this.#at++
  }
}

/** Quotes at this depth have 2^n - 1 backslashes. */
const level1 = (level: number): number => (1 << level) - 1
const LEVEL_MAX = 12

/** The depth of a quote with so many backslashes before it: each level doubles those of its content and adds one for a quote. */
function levelOf(slashes: number): number {
  let level = 0
  for (let rest = slashes; (rest & 1) === 1; rest >>>= 1) level++
  return level
}
