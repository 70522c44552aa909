// The scanner as AssemblyScript: compiled by conventions/generate-scanner.ts into scanner.gen.ts. The same in plain TypeScript, where WebAssembly has no
// SIMD, is scanner-portable.ts; a property test holds them together. Triggers: triggers.ts.
//
// One pass, 64 bytes a step. Literals: four nibble-table lookups (Teddy), one bit for each of eight buckets. Shapes of digits: one 64-bit mask for each class of
// bytes, shifted against each other, made only where a part of a shape stands. What is left is looked at byte by byte. Constant vectors are loaded from memory: V8 materialises
// `splat` again in every turn of the loop, which costs more than half the speed. The relaxed swizzle (Node 22 has it) saves another 5 %: no index is above 15.
// Words: at each last letter of a word a hash of its last four bytes is looked up in a bitmap; what passes is compared with the tree of word-list.ts.
//
// Memory: tables and constants below INPUT; 64 bytes of text before the chunk, the chunk, 64 bytes after it; then the candidates, at most two for each byte; then the
// bitmap of endings and the tree of words.

const TABLES: usize = 1024; // 4 positions x (low, high) x 16
const CONSTANTS: usize = 1280;
const BUCKETS: usize = 1536; // 64 bytes: bucket bits of the block at hand
const CLASSES: usize = 1600; // 256 bytes: classes of letters and digits, as in word-list.ts
const INPUT: usize = 2048;
const LEAD: usize = 64;
const CHUNK: usize = 65536;
const OUTPUT: usize = INPUT + LEAD + CHUNK + 192;
const ENDINGS: usize = 655360; // 2^17 bits
const TREE: usize = ENDINGS + 16384;
const CLASS_COUNT: usize = 37;

export function classesOffset(): usize { return CLASSES; }
export function treeOffset(): usize { return TREE; }
export function inputOffset(): usize { return INPUT; }
export function outputOffset(): usize { return OUTPUT; }
export function chunkBytes(): usize { return CHUNK; }
export function leadBytes(): usize { return LEAD; }

const ANY: i32 = -1;

function allow(bucket: i32, position: i32, char: i32): void {
  const low = TABLES + <usize>position * 32;
  const high = low + 16;
  const bit = <u8>(<u32>1 << bucket);
  if (char == ANY) {
    for (let i: usize = 0; i < 16; i++) {
      store<u8>(low + i, load<u8>(low + i) | bit);
      store<u8>(high + i, load<u8>(high + i) | bit);
    }
    return;
  }
  store<u8>(low + (char & 15), load<u8>(low + (char & 15)) | bit);
  store<u8>(high + (char >> 4), load<u8>(high + (char >> 4)) | bit);
}

function allowAll(bucket: i32, position: i32, chars: string): void {
  for (let i = 0; i < chars.length; i++) allow(bucket, position, chars.charCodeAt(i));
}

function constant(index: usize, value: u8): void {
  for (let i: usize = 0; i < 16; i++) store<u8>(CONSTANTS + index * 16 + i, value);
}

export function prepare(): void {
  // bucket 0: @
  allow(0, 0, ANY); allow(0, 1, ANY); allow(0, 2, ANY); allow(0, 3, 0x40);
  // bucket 1: + and a digit or (
  allow(1, 0, ANY); allow(1, 1, ANY); allow(1, 2, 0x2b); allowAll(1, 3, "(0123456789");
  // bucket 2: \u and \/
  allow(2, 0, ANY); allow(2, 1, ANY); allow(2, 2, 0x5c); allowAll(2, 3, "u/");
  // bucket 3: eyJ xox
  allow(3, 0, ANY); allowAll(3, 1, "ex"); allowAll(3, 2, "yo"); allowAll(3, 3, "Jx");
  // bucket 4: sk- sk_ rk_
  allow(4, 0, ANY); allowAll(4, 1, "sr"); allowAll(4, 2, "k"); allowAll(4, 3, "-_");
  // bucket 5: AKIA ASIA AIza BEGI
  allowAll(5, 0, "AB"); allowAll(5, 1, "KSIE"); allowAll(5, 2, "IzG"); allowAll(5, 3, "AaI");
  // bucket 6: gh?_ xapp pat_
  allowAll(6, 0, "gxp"); allowAll(6, 1, "ha"); allowAll(6, 2, "pousrt"); allowAll(6, 3, "_p");
  // bucket 7: bear cret, in any case
  allowAll(7, 0, "BbCc"); allowAll(7, 1, "EeRr"); allowAll(7, 2, "AaEe"); allowAll(7, 3, "RrTt");
  constant(0, 0x0f);
  constant(1, 0x2f); // below 0
  constant(3, 0x20); // letters to lower case; a space
  constant(4, 0x1f); // makes letters the lowest signed bytes
  constant(5, 0x9a); // above z
  constant(6, 0x86); // above f
  constant(7, 0x3a); // :
  constant(8, 0x2e); // .
  constant(9, 0x2d); // -
  constant(10, 0x5c); // backslash
  constant(11, 0x3f); // makes upper-case letters the lowest signed bytes
  constant(12, 0x5f); // _
  constant(13, 0x25); // %
  constant(14, 0x26); // &
}

/** Bytes of the tree's edges: behind them stands, for each node, the word that begins there. */
let edges: usize = 0;
/** Whether a word ends with a digit. */
let digitEndings: u64 = 0;

export function setWords(nodes: i32, endsWithDigit: bool): void {
  edges = <usize>nodes * CLASS_COUNT * 2;
  digitEndings = endsWithDigit ? ~0 : 0;
}

// @ts-ignore: decorator
@inline function endingBit(lastFour: u32): u32 { return ((lastFour & 0x1f1f1f1f) * 0x9e3779b1) >> 15; }

/** Registers a word by its last four bytes, the first of them lowest; of a shorter word the lowest `free` bytes are any. */
export function addEnding(lastFour: u32, free: i32): void {
  const count = <u32>1 << (5 * free);
  for (let i: u32 = 0; i < count; i++) {
    const bit = endingBit(lastFour | (i & 31) | ((i >> 5) << 8));
    store<u8>(ENDINGS + (bit >> 3), load<u8>(ENDINGS + (bit >> 3)) | (<u8>1 << <u8>(bit & 7)));
  }
}

// @ts-ignore: decorator
@inline function byte(at: usize): u32 { return load<u8>(at); }
// @ts-ignore: decorator
@inline function isDigit(c: u32): bool { return c - 0x30 < 10; }
// @ts-ignore: decorator
@inline function isLetter(c: u32): bool { return (c | 0x20) - 0x61 < 26; }
// @ts-ignore: decorator
@inline function isAlnum(c: u32): bool { return isDigit(c) || isLetter(c); }
// @ts-ignore: decorator
@inline function isHex(c: u32): bool { return isDigit(c) || (c | 0x20) - 0x61 < 6; }
// @ts-ignore: decorator
@inline function isToken(c: u32): bool { return isAlnum(c) || c == 0x2d || c == 0x5f; }

function tokenRun(at: usize, n: usize): bool {
  for (let i: usize = 0; i < n; i++) if (!isToken(byte(at + i))) return false;
  return true;
}

/** The letter of \n, \r, \t, \b or \f. */
function isEscapeLetter(at: usize): bool {
  const c = byte(at);
  return byte(at - 1) == 0x5c && (c == 0x6e || c == 0x72 || c == 0x74 || c == 0x62 || c == 0x66);
}

/** A letter or digit that is text, not the letter of an escape. */
function isWord(at: usize): bool { return isAlnum(byte(at)) && !isEscapeLetter(at); }

/** The trigger that ends here, or -1. */
function literalAt(p: usize): i32 {
  const c = byte(p);
  const c1 = byte(p - 1);
  const c2 = byte(p - 2);
  const c3 = byte(p - 3);
  if (c == 0x40) return c1 <= 0x20 || c1 == 0x22 || c1 == 0x60 || isEscapeLetter(p - 1) ? -1 : 0; // @
  if (c1 == 0x2b && (isDigit(c) || c == 0x28)) { // + digit
    let digits = 0;
    for (let i: usize = 0; i < 20; i++) {
      const d = byte(p + i);
      if (isDigit(d)) digits++;
      else if (d != 0x20 && d != 0x2d && d != 0x2e && d != 0x28 && d != 0x29 && d != 0x2f) break;
    }
    return digits >= 7 ? 1 : -1;
  }
  if (c1 == 0x5c) { // backslash
    if (c == 0x2f) return 2;
    if (c == 0x75) return isHex(byte(p + 1)) && isHex(byte(p + 2)) && isHex(byte(p + 3)) && isHex(byte(p + 4)) ? 2 : -1;
    return -1;
  }
  if (c == 0x4a) return c1 == 0x79 && c2 == 0x65 && tokenRun(p + 1, 8) ? 3 : -1; // eyJ
  if (c1 == 0x6b && (c2 == 0x73 || c2 == 0x72)) { // sk- sk_ rk_
    if (c == 0x2d) return c2 == 0x73 && tokenRun(p + 1, 8) ? 4 : -1;
    if (c != 0x5f) return -1;
    const word = load<u32>(p + 1);
    return word == 0x6576696c || word == 0x74736574 ? 5 : -1; // live, test
  }
  if (c == 0x41) return c3 == 0x41 && c1 == 0x49 && (c2 == 0x4b || c2 == 0x53) ? 6 : -1; // AKIA ASIA
  if (c == 0x61) return c3 == 0x41 && c1 == 0x7a && c2 == 0x49 ? 7 : -1; // AIza
  if (c == 0x5f) {
    if (c3 == 0x67 && c2 == 0x68) return c1 == 0x70 || c1 == 0x6f || c1 == 0x75 || c1 == 0x73 || c1 == 0x72 ? 8 : -1; // gh?_
    if (c1 == 0x74 && c2 == 0x61 && c3 == 0x70) return byte(p - 4) == 0x5f && byte(p - 5) == 0x62 && byte(p - 6) == 0x75 ? 8 : -1; // ub_pat_
    return -1;
  }
  if (c == 0x78) return c1 == 0x6f && c2 == 0x78 && isLetter(byte(p + 1)) && byte(p + 2) == 0x2d ? 9 : -1; // xox?-
  if (c == 0x70) return c1 == 0x70 && c2 == 0x61 && c3 == 0x78 && byte(p + 1) == 0x2d ? 9 : -1; // xapp-
  if (c == 0x49) return c1 == 0x47 && c2 == 0x45 && c3 == 0x42 && byte(p - 4) == 0x2d && byte(p + 1) == 0x4e ? 10 : -1; // -BEGIN
  if ((c | 0x20) == 0x72) // bear, er and a space
    return (c1 | 0x20) == 0x61 && (c2 | 0x20) == 0x65 && (c3 | 0x20) == 0x62 && (byte(p + 1) | 0x20) == 0x65 && (byte(p + 2) | 0x20) == 0x72 && byte(p + 3) == 0x20 ? 11 : -1;
  if ((c | 0x20) == 0x74) // secret
    return (c1 | 0x20) == 0x65 && (c2 | 0x20) == 0x72 && (c3 | 0x20) == 0x63 && (byte(p - 4) | 0x20) == 0x65 && (byte(p - 5) | 0x20) == 0x73 ? 12 : -1;
  return -1;
}

/** Seven or eight digits in the eight bytes before and with p. */
function digitsAt(p: usize): i32 {
  const before = p - 8;
  const a = byte(p - 3);
  const b = byte(p - 4);
  if (!isDigit(a) && a != 0x20 && a != 0x2d && a != 0x2e && a != 0x29) return -1;
  if (!isDigit(b) && b != 0x20 && b != 0x2d && b != 0x2e && b != 0x29) return -1;
  if (isWord(before)) return -1;
  if (byte(before) == 0x2e && byte(before - 1) == 0x30 && !isDigit(byte(before - 2))) return -1; // 0.12345678
  return 13;
}

function ssnAt(p: usize): i32 {
  if (byte(p - 1) != byte(p - 4)) return -1;
  if (isWord(p - 8)) return -1;
  return isDigit(byte(p + 1)) && isDigit(byte(p + 2)) && isDigit(byte(p + 3)) ? 14 : -1;
}

/** A third dot and a digit. */
function ipv4At(p: usize): i32 {
  let q = p + 1;
  if (isDigit(byte(q))) q++;
  if (isDigit(byte(q))) q++;
  return byte(q) == 0x2e && isDigit(byte(q + 1)) ? 15 : -1;
}

/** Two more colons with at most four hex digits between, or a double colon. */
function colonAt(p: usize): i32 {
  if (byte(p) == 0x3a) return 16;
  let q = p;
  for (let colons = 0; colons < 2; colons++) {
    let n = 0;
    while (n < 5 && isHex(byte(q))) { q++; n++; }
    if (n == 5 || byte(q) != 0x3a) return -1;
    q++;
  }
  return 16;
}

function ibanAt(p: usize): i32 {
  if (isWord(p - 4)) return -1;
  let more = 0;
  for (let i: usize = 1; i <= 16; i++) {
    const c = byte(p + i);
    if (isAlnum(c)) more++;
    else if (c != 0x20) break;
  }
  return more >= 11 ? 18 : -1;
}

/** `&#`, or two to eight letters and a semicolon. */
function isEntity(p: usize): bool {
  if (byte(p + 1) == 0x23) return true;
  let letters: usize = 0;
  while (letters < 9 && isLetter(byte(p + 1 + letters))) letters++;
  return letters >= 2 && letters < 9 && byte(p + 1 + letters) == 0x3b;
}

/** As fold-kind.ts: 1 letter or digit, 2 nothing, 3 gap, 4 punctuation, plus sixteen times the length; 0 for all else. */
function foldKind(a: u32, b: u32, c: u32, d: u32): u32 {
  if (a < 0xe0) {
    if (a == 0xc2) return b == 0xa0 ? 0x23 : b == 0xad ? 0x22 : 0;
    if (a == 0xcd) return b == 0x8f ? 0x22 : 0;
    if (a == 0xd8) return b == 0x9c ? 0x22 : 0;
    if (a == 0xd9) return b - 0xa0 < 10 ? 0x21 : 0;
    return a == 0xdb && b - 0xb0 < 10 ? 0x21 : 0;
  }
  if (a == 0xe0) return (b - 0xa5 <= 0x10 && (b & 1) == 1 && c - 0xa6 < 10) || ((b == 0xb9 || b == 0xbb) && c - 0x90 < 10) ? 0x31 : 0;
  if (a == 0xe2) {
    if (b == 0x80) {
      if (c <= 0x8a || c == 0xaf) return 0x33;
      if (c <= 0x8f || c - 0xaa < 5) return 0x32;
      return c <= 0x95 ? 0x33 : 0;
    }
    if (b == 0x81) return c == 0x9f ? 0x33 : c - 0xa0 < 16 ? 0x32 : 0;
    return b == 0x88 && c == 0x92 ? 0x33 : 0;
  }
  if (a == 0xe3) return b == 0x80 && c == 0x80 ? 0x33 : 0;
  if (a == 0xef) {
    if (b == 0xb8) return c <= 0x8f ? 0x32 : 0;
    if (b == 0xb9) return c == 0xab ? 0x31 : 0;
    if (b == 0xbb) return c == 0xbf ? 0x32 : 0;
    if (b != 0xbc && b != 0xbd) return 0;
    const ascii = 0x20 + ((b & 1) << 6) + (c & 63);
    if (ascii == 0x20 || ascii > 0x7e) return 0;
    return isAlnum(ascii) || ascii == 0x40 ? 0x31 : 0x34;
  }
  if (a == 0xf0) return (b == 0x9d && c - 0x90 < 16) || (b == 0x9f && c == 0xaf && d - 0xb0 < 10) ? 0x41 : 0;
  return a == 0xf3 && b == 0xa0 && c <= 0x87 ? 0x42 : 0;
}

// @ts-ignore: decorator
@inline function isInValue(c: u32): bool { return isToken(c) || c == 0x40 || c == 0x2e; }

function isFold(p: usize): bool {
  const kind = foldKind(byte(p), byte(p + 1), byte(p + 2), byte(p + 3));
  if (kind == 0) return false;
  const before = byte(p - 1);
  const behind = byte(p + (kind >> 4));
  switch (kind & 15) {
    case 1: return true;
    case 2: return isInValue(before) || isInValue(behind);
    case 3: return isDigit(before) || isDigit(behind);
    default: return isAlnum(before) && isAlnum(behind);
  }
}

/** p is the eighth letter or digit of a word. */
function isCode(p: usize): bool {
  let digits = 0;
  let length = 0;
  for (let at = p - 7; isAlnum(byte(at)); at++) {
    if (++length > 24) return false;
    if (isDigit(byte(at))) digits++;
  }
  return digits >= 4 && digits < length;
}

// @ts-ignore: decorator
@inline function isUpper(c: u32): bool { return c - 0x41 < 26; }
// @ts-ignore: decorator
@inline function isLower(c: u32): bool { return c - 0x61 < 26; }

function isWordStart(at: usize): bool {
  const c = byte(at);
  const before = byte(at - 1);
  if (isDigit(before)) return !isDigit(c);
  if (!isLetter(before) || isDigit(c)) return true;
  return (isUpper(c) && (isLower(before) || isLower(byte(at + 1)))) || isEscapeLetter(at - 1);
}

/** Whether a word of the list ends with p, which is the last byte of a word. */
function isListed(p: usize): bool {
  const bit = endingBit(load<u32>(p - 3));
  if (((load<u8>(ENDINGS + (bit >> 3)) >> <u8>(bit & 7)) & 1) == 0) return false;
  let node: usize = 0;
  let at = p;
  for (let length = 1; length <= 24; length++) {
    const edge = <usize>load<u8>(CLASSES + byte(at));
    if (edge == 0) return false;
    node = load<u16>(TREE + (node * CLASS_COUNT + edge) * 2);
    if (node == 0) return false;
    if (load<u16>(TREE + edges + node * 2) != 0 && (length >= 5 || isWordStart(at))) return true;
    at--;
  }
  return false;
}

// @ts-ignore: decorator
@inline function back(now: u64, before: u64, n: u64): u64 { return (now << n) | (before >> (64 - n)); }



/**
 * Scans the chunk that stands at INPUT: `from` bytes of context, then text up to `to`. `base` is what the candidates' positions count from.
 * Returns how many candidates were written.
 */
export function scan(from: usize, to: usize, base: i32): i32 {
  const lo0 = v128.load(TABLES), hi0 = v128.load(TABLES + 16);
  const lo1 = v128.load(TABLES + 32), hi1 = v128.load(TABLES + 48);
  const lo2 = v128.load(TABLES + 64), hi2 = v128.load(TABLES + 80);
  const lo3 = v128.load(TABLES + 96), hi3 = v128.load(TABLES + 112);
  const nibble = v128.load(CONSTANTS);
  const space = v128.load(CONSTANTS + 48), letterShift = v128.load(CONSTANTS + 64);
  const letterEnd = v128.load(CONSTANTS + 80), hexEnd = v128.load(CONSTANTS + 96);
  const colon = v128.load(CONSTANTS + 112), dot = v128.load(CONSTANTS + 128);
  const dash = v128.load(CONSTANTS + 144), slash = v128.load(CONSTANTS + 160);
  const belowDigits = v128.load(CONSTANTS + 16);
  const upperShift = v128.load(CONSTANTS + 176), underscore = v128.load(CONSTANTS + 192);
  const percent = v128.load(CONSTANTS + 208), ampersand = v128.load(CONSTANTS + 224);

  let before0 = i32x4.splat(0), before1 = i32x4.splat(0), before2 = i32x4.splat(0), digitsBefore = i32x4.splat(0);
  let digitsWas: u64 = 0, lettersWas: u64 = 0, slashesWas: u64 = 0;
  let tokensWas: u64 = 0, tokens2Was: u64 = 0, tokens4Was: u64 = 0, tokens8Was: u64 = 0;
  let wordsWas: u64 = 0, words2Was: u64 = 0, words4Was: u64 = 0;
  let out: usize = OUTPUT;

  for (let block: usize = 0; block < to; block += 64) {
    let anyLiteral = i32x4.splat(0), anyShape = i32x4.splat(0);
    let digits: u64 = 0, letters: u64 = 0, upper: u64 = 0, slashes: u64 = 0, marks: u64 = 0, signs: u64 = 0, beyond: u64 = 0;
    for (let k: usize = 0; k < 64; k += 16) {
      const at = INPUT + block + k;
      const v = v128.load(at);
      const low = v128.and(v, nibble);
      const high = v128.and(i16x8.shr_u(v, 4), nibble);
      const match0 = v128.and(i8x16.relaxed_swizzle(lo0, low), i8x16.relaxed_swizzle(hi0, high));
      const match1 = v128.and(i8x16.relaxed_swizzle(lo1, low), i8x16.relaxed_swizzle(hi1, high));
      const match2 = v128.and(i8x16.relaxed_swizzle(lo2, low), i8x16.relaxed_swizzle(hi2, high));
      const match3 = v128.and(i8x16.relaxed_swizzle(lo3, low), i8x16.relaxed_swizzle(hi3, high));
      const buckets = v128.and(
        v128.and(match3, v128.shuffle<u8>(before2, match2, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30)),
        v128.and(
          v128.shuffle<u8>(before1, match1, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29),
          v128.shuffle<u8>(before0, match0, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28),
        ),
      );
      before0 = match0;
      before1 = match1;
      before2 = match2;
      v128.store(BUCKETS + k, buckets);
      anyLiteral = v128.or(anyLiteral, buckets);

      // A part of each shape, cheaper than the whole: where none of these is, no shape ends.
      const fromZero = i8x16.gt_s(v, belowDigits);
      const digit = v128.and(fromZero, i8x16.lt_s(v, colon));
      const digits1 = v128.shuffle<u8>(digitsBefore, digit, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30);
      const digits2 = v128.shuffle<u8>(digitsBefore, digit, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29);
      const digits7 = v128.shuffle<u8>(digitsBefore, digit, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24);
      digitsBefore = digit;
      const back2 = v128.load(at - 2), back3 = v128.load(at - 3);
      const dot1 = i8x16.eq(v128.load(at - 1), dot), colon1 = i8x16.eq(v128.load(at - 1), colon);
      const long = v128.and(digits2, v128.or(digits7, dot1));
      const behindLetters = v128.and(digits1, i8x16.gt_s(i8x16.min_s(back2, back3), colon));
      const colons = v128.and(fromZero, v128.and(colon1, i8x16.gt_s(back2, belowDigits)));
      const dashAt = i8x16.eq(v, dash);
      const dashes = v128.and(dashAt, i8x16.eq(back3, dash));
      const shapes = v128.and(digit, v128.or(long, behindLetters));
      anyShape = v128.or(v128.or(anyShape, shapes), v128.or(colons, dashes));

      const shift = <u64>k;
      digits |= <u64>i8x16.bitmask(digit) << shift;
      letters |= <u64>i8x16.bitmask(i8x16.lt_s(i8x16.add(v128.or(v, space), letterShift), letterEnd)) << shift;
      upper |= <u64>i8x16.bitmask(i8x16.lt_s(i8x16.add(v, upperShift), letterEnd)) << shift;
      slashes |= <u64>i8x16.bitmask(i8x16.eq(v, slash)) << shift;
      marks |= <u64>i8x16.bitmask(v128.or(dashAt, i8x16.eq(v, underscore))) << shift;
      signs |= <u64>i8x16.bitmask(v128.or(i8x16.eq(v, percent), i8x16.eq(v, ampersand))) << shift;
      beyond |= <u64>i8x16.bitmask(v) << shift;
    }

    let literals: u64 = 0;
    if (v128.any_true(anyLiteral)) {
      for (let k: usize = 0; k < 64; k += 16)
        literals |= <u64>(i8x16.bitmask(i8x16.eq(v128.load(BUCKETS + k), i32x4.splat(0))) ^ 0xffff) << <u64>k;
    }

    const alnum = letters | digits;
    // Letters of escapes are no part of a word.
    let words = alnum;
    for (let escaped = letters & back(slashes, slashesWas, 1); escaped != 0; escaped &= escaped - 1) {
      if (isEscapeLetter(INPUT + block + <usize>ctz(escaped))) words &= ~(escaped & (0 - escaped));
    }

    const tokens = alnum | marks;
    const tokens2 = tokens & back(tokens, tokensWas, 1);
    const tokens4 = tokens2 & back(tokens2, tokens2Was, 2);
    const tokens8 = tokens4 & back(tokens4, tokens4Was, 4);
    const runs = tokens8 & back(tokens8, tokens8Was, 8) & ~back(tokens, tokensWas, 16);
    tokens2Was = tokens2;
    tokens4Was = tokens4;
    tokens8Was = tokens8;
    tokensWas = tokens;

    const words2 = words & back(words, wordsWas, 1);
    const words4 = words2 & back(words2, words2Was, 2);
    let longWords = words4 & back(words4, words4Was, 4) & ~back(words, wordsWas, 8);
    let codes: u64 = 0;
    for (; longWords != 0; longWords &= longWords - 1) {
      const bit = ctz(longWords);
      const behind = ~words >> bit;
      // Digits among the eight, and those in the rest of the word if it ends in this block.
      const eight = ((digits << (63 - bit)) | ((digitsWas >> bit) >> 1)) >> 56;
      const rest = (digits >> bit) & ((behind & (0 - behind)) - 1) & ~1;
      if (behind != 0 && popcnt(eight) + popcnt(rest) < 4) continue;
      if (isCode(INPUT + block + <usize>bit)) codes |= longWords & (0 - longWords);
    }
    words2Was = words2;
    words4Was = words4;
    wordsWas = words;

    let listed: u64 = 0;
    if (edges != 0) {
      const next = byte(INPUT + block + 64), second = byte(INPUT + block + 65);
      const letters1 = (letters >> 1) | (<u64>isLetter(next) << 63);
      const upper1 = (upper >> 1) | (<u64>isUpper(next) << 63);
      const lower = letters & ~upper;
      const lower2 = (lower >> 2) | (<u64>isLower(next) << 62) | (<u64>isLower(second) << 63);
      let ends = letters & (~letters1 | (upper1 & (lower | lower2)));
      ends |= digits & ~((digits >> 1) | (<u64>isDigit(next) << 63)) & digitEndings;
      for (ends &= words; ends != 0; ends &= ends - 1) {
        if (isListed(INPUT + block + <usize>ctz(ends))) listed |= ends & (0 - ends);
      }
    }

    let folded: u64 = 0;
    for (; beyond != 0; beyond &= beyond - 1) {
      const p = INPUT + block + <usize>ctz(beyond);
      if (byte(p) >= 0xc2 && isFold(p)) folded |= beyond & (0 - beyond);
    }

    let shaped: u64 = 0, ssn: u64 = 0, ipv4: u64 = 0, pairs: u64 = 0, dashed: u64 = 0, iban: u64 = 0, triples: u64 = 0;
    if (v128.any_true(anyShape)) {
      let hexLetters: u64 = 0, colons: u64 = 0, dashes: u64 = 0, dots: u64 = 0, spaces: u64 = 0;
      let hexWas: u64 = 0, colonsWas: u64 = 0, dashesWas: u64 = 0, dotsWas: u64 = 0, spacesWas: u64 = 0;
      // The 16 bytes before the block, then the block: shapes reach back at most eight bytes.
      for (let k: usize = 0; k < 80; k += 16) {
        const v = v128.load(INPUT + block + k - 16);
        const lettersAt = i8x16.add(v128.or(v, space), letterShift);
        const hexLetter = <u64>i8x16.bitmask(i8x16.lt_s(lettersAt, hexEnd));
        const colonAt = <u64>i8x16.bitmask(i8x16.eq(v, colon));
        const dashAt = <u64>i8x16.bitmask(i8x16.eq(v, dash));
        const dotAt = <u64>i8x16.bitmask(i8x16.eq(v, dot));
        const spaceAt = <u64>i8x16.bitmask(i8x16.eq(v, space));
        if (k == 0) {
          hexWas = digitsWas | (hexLetter << 48); colonsWas = colonAt << 48;
          dashesWas = dashAt << 48; dotsWas = dotAt << 48; spacesWas = spaceAt << 48;
          continue;
        }
        const shift = <u64>k - 16;
        hexLetters |= hexLetter << shift; colons |= colonAt << shift;
        dashes |= dashAt << shift; dots |= dotAt << shift; spaces |= spaceAt << shift;
      }
      const hex = digits | hexLetters;
      const d1 = back(digits, digitsWas, 1), d2 = back(digits, digitsWas, 2), d3 = back(digits, digitsWas, 3);
      const d4 = back(digits, digitsWas, 4), d5 = back(digits, digitsWas, 5), d6 = back(digits, digitsWas, 6);
      const d7 = back(digits, digitsWas, 7), d8 = back(digits, digitsWas, 8);
      shaped = digits & d1 & d2 & (d3 | d4) & d5 & d6 & d7 & ~d8;
      const gaps = dashes | spaces;
      const gapsWas = dashesWas | spacesWas;
      ssn = digits & back(gaps, gapsWas, 1) & d2 & d3 & back(gaps, gapsWas, 4) & d5 & d6 & d7 & ~d8;
      triples = digits & back(gaps | dots, gapsWas | dotsWas, 1) & d2 & d3 & d4 & back(gaps | dots, gapsWas | dotsWas, 5) & d6 & d7 & d8;
      const p3 = back(dots, dotsWas, 3), p4 = back(dots, dotsWas, 4), p5 = back(dots, dotsWas, 5);
      ipv4 = digits & back(dots, dotsWas, 1) & d2 & ((p3 & d4) | (d3 & p4 & d5) | (d3 & d4 & p5 & d6));
      // A word character at n - 4 that is not the letter of an escape.
      const inWord = back(alnum, lettersWas | digitsWas, 4) & ~back(slashes, slashesWas, 5);
      iban = digits & d1 & back(letters, lettersWas, 2) & back(letters, lettersWas, 3) & ~inWord;
      const around = hex | colons;
      pairs = around & back(colons, colonsWas, 1) & back(around, hexWas | colonsWas, 2);
      dashed = dashes & back(hex, hexWas, 1) & back(hex, hexWas, 2) & back(dashes, dashesWas, 3) &
        back(hex, hexWas, 4) & back(hex, hexWas, 5) & back(dashes, dashesWas, 6);
    }
    digitsWas = digits;
    lettersWas = letters;
    slashesWas = slashes;

    const first = literals | shaped | ssn | ipv4 | pairs | dashed | iban;
    let all = first | runs | listed | triples | codes | signs | folded;
    while (all != 0) {
      const bit = ctz(all);
      const one: u64 = <u64>1 << bit;
      all ^= one;
      const at = block + <usize>bit;
      if (at < from || at >= to) continue;
      const p = INPUT + at;
      const position = (base + <i32>at) << 5;
      if ((first & one) != 0) {
        let trigger = -1;
        if ((literals & one) != 0) trigger = literalAt(p);
        if (trigger < 0 && (shaped & one) != 0) trigger = digitsAt(p);
        if (trigger < 0 && (ssn & one) != 0) trigger = ssnAt(p);
        if (trigger < 0 && (ipv4 & one) != 0) trigger = ipv4At(p);
        if (trigger < 0 && (pairs & one) != 0) trigger = colonAt(p);
        if (trigger < 0 && (dashed & one) != 0) trigger = 17;
        if (trigger < 0 && (iban & one) != 0) trigger = ibanAt(p);
        if (trigger >= 0) { store<i32>(out, position | trigger); out += 4; }
      }
      if (((runs | listed | triples | codes) & one) != 0) {
        if ((runs & one) != 0) { store<i32>(out, position | 19); out += 4; }
        if ((listed & one) != 0) { store<i32>(out, position | 20); out += 4; }
        if ((triples & one) != 0) { store<i32>(out, position | 21); out += 4; }
        if ((codes & one) != 0) { store<i32>(out, position | 22); out += 4; }
      }
      if ((folded & one) != 0) { store<i32>(out, position | 25); out += 4; }
      if ((signs & one) == 0) continue;
      if (byte(p) == 0x25) {
        if (isHex(byte(p + 1)) && isHex(byte(p + 2))) { store<i32>(out, position | 23); out += 4; }
      } else if (isEntity(p)) { store<i32>(out, position | 24); out += 4; }
    }
  }
  return <i32>((out - OUTPUT) >> 2);
}
