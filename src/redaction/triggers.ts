/**
 * What the scanner looks for. A trigger is a few bytes without which no rule can match; its position is that of its *last* byte, so that the
 * scanner finds triggers in ascending order. Numbers go up to 31: a candidate packs position and trigger into one 32-bit integer.
 */
export const TRIGGER_AT = 0 // `@`, but not behind a blank, escape or quote (other than one behind a letter or digit): whatever is replaced around it, it is none of an address there
export const TRIGGER_PLUS = 1 // `+` before a digit or `(`, at least seven digits
export const TRIGGER_ESCAPE = 2 // `\u` or `\x` with hex digits of a character that may be part of a value, or `\/`
export const TRIGGER_JWT = 3 // `eyJ` before eight base64url characters
export const TRIGGER_SK = 4 // `sk-` before eight token characters
export const TRIGGER_LONG = 5 // twenty-five letters and digits in a row (position of the twenty-fifth), once for each run
export const TRIGGER_PEM = 10 // `-BEGIN` (position of the `I`)
export const TRIGGER_BEARER = 11 // `bearer ` in any case (position of the `r` in the middle)
export const TRIGGER_DIGITS = 13 // seven or eight digits in eight bytes, the first after something that is no digit; a gap is the fourth or fifth, or `-` or `/` the seventh
export const TRIGGER_SSN = 14 // `ddd-dd-dddd` (position of the first of the last four)
export const TRIGGER_IPV4 = 15 // `d.d.d` with a third dot behind (position of the digit after the second dot)
export const TRIGGER_COLON = 16 // `:` between hex digits with more colons behind (position after the colon)
export const TRIGGER_DASH = 17 // `-hh-hh-` (position of the last dash)
export const TRIGGER_IBAN = 18 // two letters and two digits at the start of a word, eleven more letters or digits behind
export const TRIGGER_TOKEN = 19 // sixteen token characters (letters, digits, `-`, `_`) that begin with a pair of bytes a rule asked for, at the start of a run or behind a `-` or `_` in it; or the first of a run behind one of `:|%~.` (position of the sixteenth)
export const TRIGGER_WORD = 20 // a word that a rule asked for, in any case; also as a part of a name: customer_email, apiKey (position of its last letter)
export const TRIGGER_TRIPLES = 21 // three digits, gap, three digits, gap, digit; gaps are blank, dot, dash (position of the last digit)
export const TRIGGER_CODE = 22 // a word of 8 to 24 letters and digits with at least one letter and four digits (position of its eighth character)
export const TRIGGER_PERCENT = 23 // `%` with two hex digits (position of the `%`)
export const TRIGGER_ENTITY = 24 // `&#` or a named reference of HTML (position of the `&`)
export const TRIGGER_FOLD = 25 // a character beyond ASCII that stands for an ASCII one or for nothing: fullwidth forms, other digits, zero-width characters, dashes, blanks (position of its first byte)
export const TRIGGER_KNOWN = 26 // a value that is known to be sensitive (known-values.ts; a position within it)
export const TRIGGER_FORM = 27 // `+` between digits, as forms write a blank, six of them within twelve bytes (position of the digit behind)
export const TRIGGER_BREAK = 28 // a line break, written out or as \n, in the middle of what looks like a value (position of its last byte)
export const TRIGGER_SPACED = 29 // eight single digits with the same gap between all of them (position of the eighth), once for each run
export const TRIGGER_ENCODED = 30 // twelve token characters at the start of a run that are base64 or hex of text (position of the twelfth)
export const TRIGGER_PART = 31 // the quote behind a string of JSON that may go on in the next one: elements of an array, or texts of the parts of a message

export const TRIGGER_COUNT = 32

const TRIGGER_BITS = 5
/** Batches are smaller than this: 64 MiB, where position and trigger fill 31 bits. */
export const SCAN_BYTES_MAX = 2 ** (31 - TRIGGER_BITS)

export const positionOf = (candidate: number): number => candidate >>> TRIGGER_BITS
export const triggerOf = (candidate: number): number => candidate & ((1 << TRIGGER_BITS) - 1)
export const candidate = (position: number, trigger: number): number => (position << TRIGGER_BITS) | trigger

/** Positions and triggers in ascending order; `length` of the entries are valid. */
export interface Candidates {
  entries: Int32Array
  length: number
}

/** Finds the candidates in bytes[start, end) and appends them with their absolute position. What lies outside counts as text with no meaning. */
export type Scan = (bytes: Uint8Array, start: number, end: number, found: Candidates) => void

export const noCandidates = (): Candidates => ({ entries: new Int32Array(1024), length: 0 })

/** Room for `more` entries behind the valid ones. */
export function reserve(found: Candidates, more: number): void {
  if (found.length + more <= found.entries.length) return
  const grown = new Int32Array(Math.max(found.length + more, found.entries.length * 2))
  grown.set(found.entries.subarray(0, found.length))
  found.entries = grown
}

/** Adds `more` to the candidates, in ascending order. */
export function mergeCandidates(found: Candidates, more: Candidates): void {
  if (more.length === 0) return
  reserve(found, more.length)
  found.entries.set(more.entries.subarray(0, more.length), found.length)
  found.length += more.length
  found.entries.subarray(0, found.length).sort()
}
