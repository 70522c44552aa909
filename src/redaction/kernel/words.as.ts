// Words that rules ask for: at each last letter of a word a hash of its last four bytes is looked up in a bitmap; what passes is compared with the tree of
// word-list.ts.

import { byte, CLASS_COUNT, CLASSES, ENDINGS, isDigit, isEscapeLetter, isLetter, isLower, isUpper, TREE } from './memory.as'

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

/** Registers a word by its last four bytes, the first of them lowest; of a shorter word the lowest `free` bytes are any. */
export function addEnding(lastFour: u32, free: i32): void {
  const count = <u32>1 << (5 * free);
  for (let i: u32 = 0; i < count; i++) {
    const bit = endingBit(lastFour | (i & 31) | ((i >> 5) << 8));
    store<u8>(ENDINGS + (bit >> 3), load<u8>(ENDINGS + (bit >> 3)) | (<u8>1 << <u8>(bit & 7)));
  }
}

/** Of the last bytes of words, those that end a listed one. */
export function listedOf(ends: u64, base: usize): u64 {
  let likely: u64 = 0;
  for (; ends != 0; ends &= ends - 1) {
    const bit = ctz(ends);
    const ending = endingBit(load<u32>(base + <usize>bit - 3));
    likely |= <u64>((load<u8>(ENDINGS + (ending >> 3)) >> <u8>(ending & 7)) & 1) << bit;
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
