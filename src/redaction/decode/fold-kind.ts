/** A letter, digit or `@` in another form. */
export const FOLD_ALNUM = 1
/** Nothing that is seen: zero-width characters, soft hyphens, directions, variants. */
export const FOLD_NOTHING = 2
/** A blank or dash between groups of digits. */
export const FOLD_GAP = 3
/** Other punctuation in another form. */
export const FOLD_PUNCTUATION = 4

const TWO = 2 << 4
const THREE = 3 << 4
const FOUR = 4 << 4

/**
 * What the character of UTF-8 that begins with the byte `a` stands for: one of the above, plus sixteen times its length in bytes; 0 when it stands for itself.
 * From the Unicode Character Database: decimal digits (Nd), blanks (Zs), dashes (Pd), format characters (Cf), compatibility forms (NFKC) of ASCII.
 */
export function foldKind(a: number, b: number, c: number, d: number): number {
  if (a < 0xc2 || a === 0xc3) return 0
  if (a < 0xe0) return foldOfTwo(a, b)
  if (a < 0xf0) return foldOfThree(a, b, c)
  return foldOfFour(a, b, c, d)
}

const isWithin = (byte: number, from: number, to: number): boolean => byte >= from && byte <= to

function foldOfTwo(a: number, b: number): number {
  switch (a) {
    case 0xc2:
      return b === 0xa0 ? FOLD_GAP | TWO : b === 0xad ? FOLD_NOTHING | TWO : 0
    case 0xcd: // combining grapheme joiner
      return b === 0x8f ? FOLD_NOTHING | TWO : 0
    case 0xd8: // Arabic letter mark
      return b === 0x9c ? FOLD_NOTHING | TWO : 0
    case 0xd9: // Arabic-Indic digits
      return isWithin(b, 0xa0, 0xa9) ? FOLD_ALNUM | TWO : 0
    case 0xdb: // Extended Arabic-Indic digits
      return isWithin(b, 0xb0, 0xb9) ? FOLD_ALNUM | TWO : 0
    default:
      return 0
  }
}

function foldOfThree(a: number, b: number, c: number): number {
  switch (a) {
    case 0xe0: // digits of Indic scripts, of Thai and Lao
      return (isIndic(b) && isWithin(c, 0xa6, 0xaf)) || ((b === 0xb9 || b === 0xbb) && isWithin(c, 0x90, 0x99))
        ? FOLD_ALNUM | THREE
        : 0
    case 0xe2:
      return generalPunctuation(b, c)
    case 0xe3: // ideographic space
      return b === 0x80 && c === 0x80 ? FOLD_GAP | THREE : 0
    case 0xef:
      return presentationForm(b, c)
    default:
      return 0
  }
}

/** Second byte of the blocks Devanagari to Malayalam: every second one. */
const isIndic = (b: number): boolean => isWithin(b, 0xa5, 0xb5) && (b & 1) === 1

function generalPunctuation(b: number, c: number): number {
  if (b === 0x80) {
    if (c <= 0x8a || c === 0xaf) return FOLD_GAP | THREE
    if (c <= 0x8f || isWithin(c, 0xaa, 0xae)) return FOLD_NOTHING | THREE
    return c <= 0x95 ? FOLD_GAP | THREE : 0
  }
  if (b === 0x81) return c === 0x9f ? FOLD_GAP | THREE : isWithin(c, 0xa0, 0xaf) ? FOLD_NOTHING | THREE : 0
  return b === 0x88 && c === 0x92 ? FOLD_GAP | THREE : 0
}

function presentationForm(b: number, c: number): number {
  if (b === 0xb8) return c <= 0x8f ? FOLD_NOTHING | THREE : 0 // variation selectors
  if (b === 0xb9) return c === 0xab ? FOLD_ALNUM | THREE : 0 // small @
  if (b === 0xbb) return c === 0xbf ? FOLD_NOTHING | THREE : 0 // byte order mark
  if (b !== 0xbc && b !== 0xbd) return 0
  // Fullwidth forms: U+FF01 to U+FF5E stand for ASCII, in its order.
  const ascii = 0x20 + ((b & 1) << 6) + (c & 63)
  if (ascii === 0x20 || ascii > 0x7e) return 0
  return (isAsciiAlnum(ascii) || ascii === 0x40 ? FOLD_ALNUM : FOLD_PUNCTUATION) | THREE
}

const isAsciiAlnum = (c: number): boolean =>
  isWithin(c, 0x30, 0x39) || isWithin(c, 0x41, 0x5a) || isWithin(c, 0x61, 0x7a)

function foldOfFour(a: number, b: number, c: number, d: number): number {
  if (a === 0xf0) {
    if (b === 0x9d && isWithin(c, 0x90, 0x9f)) return FOLD_ALNUM | FOUR // mathematical letters and digits
    return b === 0x9f && c === 0xaf && isWithin(d, 0xb0, 0xb9) ? FOLD_ALNUM | FOUR : 0 // segmented digits
  }
  return a === 0xf3 && b === 0xa0 && c <= 0x87 ? FOLD_NOTHING | FOUR : 0 // tags, further variation selectors
}
