// What the parts of the scanner share: the layout of the memory, and classes of bytes.
//
// Tables and constants; 64 bytes of text before the chunk, the chunk, 64 bytes after it; the candidates, at most two for each byte; the bitmap of
// endings and the tree of words.

export const TABLES: usize = 1024; // 4 positions x (low, high) x 16
export const CONSTANTS: usize = 1280;
export const BUCKETS: usize = 1664; // 64 bytes: bucket bits of the block at hand
export const CLASSES: usize = 1728; // 256 bytes: classes of letters and digits, as in word-list.ts
export const INPUT: usize = 2048;
export const LEAD: usize = 64;
export const CHUNK: usize = 65536;
export const OUTPUT: usize = INPUT + LEAD + CHUNK + 192;
export const ENDINGS: usize = 655360; // 2^17 bits
export const SHORT_WORDS: usize = ENDINGS + 16384; // 2^15 bits for words of three characters, then 2^10 for those of two
export const PAIRS: usize = SHORT_WORDS + 4096 + 128; // 2^14 bits: pairs of ASCII bytes
export const TREE: usize = PAIRS + 2048;
export const CLASS_COUNT: usize = 37;

// @ts-ignore: decorator
@inline export function byte(at: usize): u32 { return load<u8>(at); }
// @ts-ignore: decorator
@inline export function isDigit(c: u32): bool { return c - 0x30 < 10; }
// @ts-ignore: decorator
@inline export function isLetter(c: u32): bool { return (c | 0x20) - 0x61 < 26; }
// @ts-ignore: decorator
@inline export function isAlnum(c: u32): bool { return isDigit(c) || isLetter(c); }
// @ts-ignore: decorator
@inline export function isHex(c: u32): bool { return isDigit(c) || (c | 0x20) - 0x61 < 6; }
// @ts-ignore: decorator
@inline export function isToken(c: u32): bool { return isAlnum(c) || c == 0x2d || c == 0x5f; }

// @ts-ignore: decorator
@inline export function isUpper(c: u32): bool { return c - 0x41 < 26; }
// @ts-ignore: decorator
@inline export function isLower(c: u32): bool { return c - 0x61 < 26; }

/** The letter of \n, \r, \t, \b or \f. */
export function isEscapeLetter(at: usize): bool {
  const c = byte(at);
  return byte(at - 1) == 0x5c && (c == 0x6e || c == 0x72 || c == 0x74 || c == 0x62 || c == 0x66);
}
