// Words that rules ask for: at each last letter of a word a hash of its last four bytes is looked up in a bitmap; what passes is compared with the tree of
// word-list.ts.

import { byte, CLASS_COUNT, CLASSES, ENDINGS, isDigit, isEscapeLetter, isLetter, isLower, isUpper, SHORT_WORDS, TREE } from './memory.as'

/** Bytes of the tree's edges: behind them stands, for each node, the word that begins there. */
export let edges: usize = 0;
/** Whether a word ends with a digit. */
export let digitEndings: u64 = 0;

export function setWords(nodes: i32, endsWithDigit: bool): void {
  edges = <usize>nodes * CLASS_COUNT * 2;
  digitEndings = endsWithDigit ? ~0 : 0;
}

// @ts-ignore: decorator
@inline function endingBit(lastFour: u32): u32 { return ((lastFour & 0x1f1f1f1f) * 0x9e3779b1) >> 15; }

/** Registers a word of at least four characters by its last four bytes, the first of them lowest. */
export function addEnding(lastFour: u32): void { setBit(ENDINGS, endingBit(lastFour)); }

/** A word of two or three characters, which stand in the upper bytes. */
export function addShortWord(lastFour: u32, length: i32): void {
  if (length == 3) setBit(SHORT_WORDS, shortBit(lastFour));
  else setBit(SHORT_WORDS + 4096, shortBit(lastFour) & 1023);
}

function setBit(bitmap: usize, bit: u32): void {
  store<u8>(bitmap + (bit >> 3), load<u8>(bitmap + (bit >> 3)) | (<u8>1 << <u8>(bit & 7)));
}

// @ts-ignore: decorator
@inline function getBit(bitmap: usize, bit: u32): u64 { return <u64>((load<u8>(bitmap + (bit >> 3)) >> <u8>(bit & 7)) & 1); }
// @ts-ignore: decorator
@inline function shortBit(lastFour: u32): u32 { return ((lastFour << 2) & 0x7c00) | ((lastFour >> 11) & 0x3e0) | ((lastFour >> 24) & 31); }

/**
 * Of the last bytes of words, those that end a listed one: `long` where four characters stand in a row, `three` and `two` where so many make a whole word. What
 * does not depend on a comparison is not predicted wrongly: first the bits, then the tree.
 */
export function listedOf(long: u64, three: u64, two: u64, base: usize): u64 {
  let likely: u64 = 0;
  for (; long != 0; long &= long - 1) {
    const bit = ctz(long);
    likely |= getBit(ENDINGS, endingBit(load<u32>(base + <usize>bit - 3))) << bit;
  }
  for (; three != 0; three &= three - 1) {
    const bit = ctz(three);
    likely |= getBit(SHORT_WORDS, shortBit(load<u32>(base + <usize>bit - 3))) << bit;
  }
  for (; two != 0; two &= two - 1) {
    const bit = ctz(two);
    likely |= getBit(SHORT_WORDS + 4096, shortBit(load<u32>(base + <usize>bit - 3)) & 1023) << bit;
  }
  let listed: u64 = 0;
  for (; likely != 0; likely &= likely - 1) {
    if (isListed(base + <usize>ctz(likely))) listed |= likely & (0 - likely);
  }
  return listed;
}

function isWordStart(at: usize): bool {
  const c = byte(at);
  const before = byte(at - 1);
  if (isDigit(before)) return !isDigit(c);
  if (!isLetter(before) || isDigit(c)) return true;
  return (isUpper(c) && (isLower(before) || isLower(byte(at + 1)))) || isEscapeLetter(at - 1);
}

/** Whether a word of the list ends with p, which is the last byte of a word. */
function isListed(p: usize): bool {
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
