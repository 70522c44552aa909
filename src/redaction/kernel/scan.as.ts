// The scanner as AssemblyScript: compiled by conventions/generate-scanner.ts into scanner.gen.ts. The same in plain TypeScript, where WebAssembly has no
// SIMD, is scanner-portable.ts; a property test holds them together. Triggers: triggers.ts.
//
// One pass, 64 bytes a step. Literals: four nibble-table lookups (Teddy), one bit for each of eight buckets. Shapes of digits, runs and words: one 64-bit mask for each
// class of bytes, shifted against each other. What is left is looked at byte by byte. Constant vectors are loaded from memory: V8 materialises `splat` again in every turn
// of the loop, which costs more than half the speed. The relaxed swizzle (Node 22 has it) saves another 5 %: no index is above 15.

import {
  BUCKETS, byte, CHUNK, CLASSES, CONSTANTS, INPUT, isDigit, isEscapeLetter, isHex, isLetter, isLower, isUpper, LEAD, OUTPUT, TABLES, TREE,
} from './memory.as'
import { colonAt, digitsAt, ibanAt, ipv4At, isBreak, isCode, isEncoded, isEntity, isFold, isPartEnd, isSpaced, literalAt, ssnAt } from './shapes.as'
import { keysBehindMarks, keysOf } from './key-pairs.as'
import { digitEndings, edges, listedOf } from './words.as'

export { addPair, allowAllPairs } from './key-pairs.as'
export { addEnding, addShortWord, setWords } from './words.as'

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
  // bucket 2: \u, \x and \/
  allow(2, 0, ANY); allow(2, 1, ANY); allow(2, 2, 0x5c); allowAll(2, 3, "ux/");
  // bucket 3: eyJ
  allow(3, 0, ANY); allow(3, 1, 0x65); allow(3, 2, 0x79); allow(3, 3, 0x4a);
  // bucket 4: sk-
  allow(4, 0, ANY); allow(4, 1, 0x73); allow(4, 2, 0x6b); allow(4, 3, 0x2d);
  // bucket 5: BEGI
  allow(5, 0, 0x42); allow(5, 1, 0x45); allow(5, 2, 0x47); allow(5, 3, 0x49);
  // bucket 6: bear in any case
  allowAll(6, 0, "Bb"); allowAll(6, 1, "Ee"); allowAll(6, 2, "Aa"); allowAll(6, 3, "Rr");
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
  constant(15, 0x0a); // line feed
  constant(16, 0x22); // a quote
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
  const percent = v128.load(CONSTANTS + 208), ampersand = v128.load(CONSTANTS + 224), lineFeed = v128.load(CONSTANTS + 240), quote = v128.load(CONSTANTS + 256);

  let before0 = i32x4.splat(0), before1 = i32x4.splat(0), before2 = i32x4.splat(0), digitsBefore = i32x4.splat(0);
  let digitsWas: u64 = 0, lettersWas: u64 = 0, slashesWas: u64 = 0;
  let tokensWas: u64 = 0, tokens2Was: u64 = 0, tokens4Was: u64 = 0, tokens8Was: u64 = 0;
  let plainWas: u64 = 0, beginsWas: u64 = 0;
  let singlesWas: u64 = 0, singles2Was: u64 = 0, singles4Was: u64 = 0;
  let startsWas: u64 = 0, lowerWas: u64 = 0, alnumWas: u64 = 0;
  let wordsWas: u64 = 0, words2Was: u64 = 0, words4Was: u64 = 0, words8Was: u64 = 0;
  let out: usize = OUTPUT;

  for (let block: usize = 0; block < to; block += 64) {
    let anyLiteral = i32x4.splat(0), anyShape = i32x4.splat(0);
    let digits: u64 = 0, letters: u64 = 0, upper: u64 = 0, slashes: u64 = 0, marks: u64 = 0, signs: u64 = 0, quotes: u64 = 0, beyond: u64 = 0;
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
      signs |= <u64>i8x16.bitmask(v128.or(v128.or(i8x16.eq(v, percent), i8x16.eq(v, ampersand)), i8x16.eq(v, lineFeed))) << shift;
      quotes |= <u64>i8x16.bitmask(i8x16.eq(v, quote)) << shift;
      beyond |= <u64>i8x16.bitmask(v) << shift;
    }

    let literals: u64 = 0;
    if (v128.any_true(anyLiteral)) {
      for (let k: usize = 0; k < 64; k += 16)
        literals |= <u64>(i8x16.bitmask(i8x16.eq(v128.load(BUCKETS + k), i32x4.splat(0))) ^ 0xffff) << <u64>k;
    }

    const alnum = letters | digits;
    // Letters of escapes are no part of a word.
    let words = alnum, breaks: u64 = 0;
    for (let escaped = letters & back(slashes, slashesWas, 1); escaped != 0; escaped &= escaped - 1) {
      const p = INPUT + block + <usize>ctz(escaped);
      if (!isEscapeLetter(p)) continue;
      words &= ~(escaped & (0 - escaped));
      if (byte(p) == 0x6e && isBreak(p)) breaks |= escaped & (0 - escaped);
    }

    const tokens = alnum | marks;
    const tokens2 = tokens & back(tokens, tokensWas, 1);
    const tokens4 = tokens2 & back(tokens2, tokens2Was, 2);
    const tokens8 = tokens4 & back(tokens4, tokens4Was, 4);
    const tokens16 = tokens8 & back(tokens8, tokens8Was, 8);
    // A key begins with a run, behind a mark in it, or behind the letter of an escape, which is no part of it.
    const escapes = alnum & ~words;
    const begins = tokens & ~escapes & ~back(tokens & ~marks & ~escapes, plainWas, 1);
    const runs = keysOf(tokens16 & back(begins, beginsWas, 15), INPUT + block) | keysBehindMarks(tokens16 & ~back(tokens, tokensWas, 16), INPUT + block);
    plainWas = tokens & ~marks & ~escapes;
    beginsWas = begins;
    let encoded: u64 = 0;
    for (let twelve = tokens8 & back(tokens4, tokens4Was, 8) & ~back(tokens, tokensWas, 12); twelve != 0; twelve &= twelve - 1) {
      if (isEncoded(INPUT + block + <usize>ctz(twelve))) encoded |= twelve & (0 - twelve);
    }
    tokens2Was = tokens2;
    tokens4Was = tokens4;
    tokens8Was = tokens8;
    tokensWas = tokens;

    const words2 = words & back(words, wordsWas, 1);
    const words4 = words2 & back(words2, words2Was, 2);
    const words8 = words4 & back(words4, words4Was, 4);
    const long = words8 & back(words8, words8Was, 8) & back(words8, words8Was, 16) & back(words, wordsWas, 24) & ~back(words, wordsWas, 25);
    let longWords = words8 & ~back(words, wordsWas, 8);
    let codes: u64 = 0;
    // Adding the starts of long words to their letters carries each to its first digit: no digit, nothing to look at. Words that cross a block are looked at.
    const starts = longWords >> 7;
    const carried = (words & ~digits) + starts;
    if ((carried & digits & words) == 0 && carried >= starts) longWords &= 0x7f;
    for (; longWords != 0; longWords &= longWords - 1) {
      if (isCode(INPUT + block + <usize>ctz(longWords))) codes |= longWords & (0 - longWords);
    }
    const wordsBefore = wordsWas;
    words2Was = words2;
    words4Was = words4;
    words8Was = words8;
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
      ends &= words;
      // Where words begin: behind anything but a letter, at a capital of a name, behind the letter of an escape.
      const starts = (digits & ~back(digits, digitsWas, 1)) | (letters & ~back(letters, lettersWas, 1)) |
        (upper & (back(lower, lowerWas, 1) | (lower >> 1) | (<u64>isLower(next) << 63))) | (letters & back(alnum & ~words, alnumWas & ~wordsBefore, 1));
      const two = back(alnum, alnumWas, 1);
      listed = listedOf(ends & two & back(alnum, alnumWas, 2) & back(alnum, alnumWas, 3), ends & two & back(starts, startsWas, 2), ends & back(starts, startsWas, 1), INPUT + block);
      startsWas = starts;
      lowerWas = lower;
      alnumWas = alnum;
    }

    const singles = digits & ~back(digits, digitsWas, 1) & ~((digits >> 1) | (<u64>isDigit(byte(INPUT + block + 64)) << 63));
    const singles2 = singles & back(singles, singlesWas, 2);
    const singles4 = singles2 & back(singles2, singles2Was, 4);
    let spaced: u64 = 0;
    for (let eight = singles4 & back(singles4, singles4Was, 8) & ~back(singles, singlesWas, 16); eight != 0; eight &= eight - 1) {
      if (isSpaced(INPUT + block + <usize>ctz(eight))) spaced |= eight & (0 - eight);
    }
    singlesWas = singles;
    singles2Was = singles2;
    singles4Was = singles4;

    let parts: u64 = 0;
    for (; quotes != 0; quotes &= quotes - 1) {
      if (isPartEnd(INPUT + block + <usize>ctz(quotes))) parts |= quotes & (0 - quotes);
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
      shaped = digits & d2 & ((d1 & (d3 | d4)) | (d3 & d4)) & d5 & d6 & d7 & ~d8;
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
    let all = breaks | spaced | encoded | parts | first | runs | long | listed | triples | codes | signs | folded;
    if (all != 0) out = emit(out, block, from, to, base, all, literals, shaped, ssn, ipv4, pairs, dashed, iban, runs, long, listed, triples, codes, signs, folded, breaks, spaced, encoded, parts);
  }
  return <i32>((out - OUTPUT) >> 2);
}

/** Writes the candidates of one block: what the masks tell, as far as it is true. */
function emit(out: usize, block: usize, from: usize, to: usize, base: i32, all: u64, literals: u64, shaped: u64, ssn: u64, ipv4: u64, pairs: u64, dashed: u64, iban: u64,
  runs: u64, long: u64, listed: u64, triples: u64, codes: u64, signs: u64, folded: u64, breaks: u64, spaced: u64, encoded: u64, parts: u64): usize {
  const first = literals | shaped | ssn | ipv4 | pairs | dashed | iban;
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
      if (((runs | long | listed | triples | codes) & one) != 0) {
        if ((long & one) != 0) { store<i32>(out, position | 5); out += 4; }
        if ((runs & one) != 0) { store<i32>(out, position | 19); out += 4; }
        if ((listed & one) != 0) { store<i32>(out, position | 20); out += 4; }
        if ((triples & one) != 0) { store<i32>(out, position | 21); out += 4; }
        if ((codes & one) != 0) { store<i32>(out, position | 22); out += 4; }
      }
      if ((folded & one) != 0) { store<i32>(out, position | 25); out += 4; }
      if (((breaks | spaced | encoded) & one) != 0) {
        if ((breaks & one) != 0) { store<i32>(out, position | 28); out += 4; }
        if ((spaced & one) != 0) { store<i32>(out, position | 29); out += 4; }
        if ((encoded & one) != 0) { store<i32>(out, position | 30); out += 4; }
      }
      if ((parts & one) != 0) { store<i32>(out, position | 31); out += 4; }
      if ((signs & one) == 0) continue;
      if (byte(p) == 0x0a) {
        if (isBreak(p)) { store<i32>(out, position | 28); out += 4; }
      } else if (byte(p) == 0x25) {
        if (isHex(byte(p + 1)) && isHex(byte(p + 2))) { store<i32>(out, position | 23); out += 4; }
      } else if (isEntity(p)) { store<i32>(out, position | 24); out += 4; }
    }
  return out;
}
