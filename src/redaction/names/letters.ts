/** What a letter is for the tokenizer: its case, and its lower-case form without accents, so that `É`, `é` and `e` are one letter in word lists. */
export const NO_LETTER = 0
export const LOWER = 1
export const UPPER = 2
/** A letter of a script without cases: Arabic, Hebrew, Han, … */
export const CASELESS = 3

/** Case of a code point. Latin, Greek, Cyrillic and Armenian have cases; further scripts count as caseless, signs and blanks as no letters. */
export function caseOf(point: number): number {
  if (point < TABLE_END) return CASES[point] as number
  if (point >= 0x1e00 && point <= 0x1eff) return (point & 1) === 0 ? UPPER : LOWER
  if (point >= 0x2000 && point <= 0x2bff) return NO_LETTER
  if (point >= 0x3000 && point <= 0x3004) return NO_LETTER
  if (point >= 0x3008 && point <= 0x3030) return NO_LETTER
  if (point >= 0xfe00 && point <= 0xff0f) return NO_LETTER
  return point < 0xe000 || (point >= 0xf900 && point < 0xfe00) ? CASELESS : NO_LETTER
}

/** The lower-case form without accents, as one number. */
export function foldedOf(point: number): number {
  if (point < TABLE_END) return FOLDED[point] as number
  if (point >= 0x1e00 && point <= 0x1eff) return baseLetter(String.fromCodePoint(point).toLowerCase())
  return point
}

/** The end of Armenian: beyond it few letters have cases. */
const TABLE_END = 0x590
const CASES = new Uint8Array(TABLE_END)
const FOLDED = new Uint16Array(TABLE_END)
/** Letters that are no base letter with a mark; in lists and in text they are written without their mark as often as not. */
const STROKES: Readonly<Record<string, string>> = { ø: 'o', ł: 'l', đ: 'd', ı: 'i', ħ: 'h', ŧ: 't' }

for (let point = 0; point < TABLE_END; point++) {
  const letter = String.fromCodePoint(point)
  const lower = letter.toLowerCase()
  FOLDED[point] = baseLetter(lower)
  if (lower !== letter) CASES[point] = UPPER
  else if (letter.toUpperCase() !== letter) CASES[point] = LOWER
  else if (/\p{L}/u.test(letter)) CASES[point] = CASELESS
}

function baseLetter(lower: string): number {
  return (STROKES[lower] ?? lower.normalize('NFD')).charCodeAt(0)
}
