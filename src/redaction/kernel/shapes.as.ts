// What the vectors cannot tell: each shape looked at byte by byte, where a part of it stands. As in scanner-portable.ts.

import { byte, isAlnum, isDigit, isEscapeLetter, isHex, isLetter, isToken, isUpper } from './memory.as'

function tokenRun(at: usize, n: usize): bool {
  for (let i: usize = 0; i < n; i++) if (!isToken(byte(at + i))) return false;
  return true;
}

/** A letter or digit that is text, not the letter of an escape. */
function isWord(at: usize): bool { return isAlnum(byte(at)) && !isEscapeLetter(at); }

/** p is behind a `+`: six digits with nothing but pluses and gaps between. */
function isForm(p: usize): bool {
  let digits = 0;
  for (let at = p; at < p + 12 && isOfForm(byte(at)); at++) if (isDigit(byte(at))) digits++;
  for (let at = p - 1; at > p - 12 && isOfForm(byte(at)); at--) if (isDigit(byte(at))) digits++;
  return digits >= 6;
}

function isOfForm(c: u32): bool { return isDigit(c) || c == 0x2b || (c >= 0x28 && c <= 0x29) || (c >= 0x2d && c <= 0x2f); }

/** The trigger that ends here, or -1. */
export function literalAt(p: usize): i32 {
  const c = byte(p);
  const c1 = byte(p - 1);
  const c2 = byte(p - 2);
  const c3 = byte(p - 3);
  if (c == 0x40) return c1 <= 0x20 || c1 == 0x60 || (c1 == 0x22 && !isAlnum(c2 == 0x5c ? c3 : c2)) || isEscapeLetter(p - 1) ? -1 : 0; // @
  if (c1 == 0x2b && (isDigit(c) || c == 0x28)) { // + digit
    let digits = 0;
    for (let i: usize = 0; i < 20; i++) {
      const d = byte(p + i);
      if (isDigit(d)) digits++;
      else if (d != 0x20 && d != 0x2d && d != 0x2e && d != 0x28 && d != 0x29 && d != 0x2f) break;
    }
    return digits >= 7 ? 1 : c != 0x28 && isDigit(c2) && isForm(p) ? 27 : -1;
  }
  if (c1 == 0x5c) { // backslash
    if (c == 0x2f) return 2;
    if (c == 0x78) return isUsefulCode(hexAt(p + 1, 2)) ? 2 : -1;
    if (c == 0x75) return isUsefulEscape(p) ? 2 : -1;
    return -1;
  }
  if (c == 0x4a) return c1 == 0x79 && c2 == 0x65 && tokenRun(p + 1, 8) ? 3 : -1; // eyJ
  if (c == 0x2d) return c1 == 0x6b && c2 == 0x73 && tokenRun(p + 1, 8) ? 4 : -1; // sk-
  if (c == 0x49) return c1 == 0x47 && c2 == 0x45 && c3 == 0x42 && byte(p - 4) == 0x2d && byte(p + 1) == 0x4e ? 10 : -1; // -BEGIN
  if ((c | 0x20) == 0x72) // bear, er and a space
    return (c1 | 0x20) == 0x61 && (c2 | 0x20) == 0x65 && (c3 | 0x20) == 0x62 && (byte(p + 1) | 0x20) == 0x65 && (byte(p + 2) | 0x20) == 0x72 && byte(p + 3) == 0x20 ? 11 : -1;
  return -1;
}

/** Seven or eight digits in the eight bytes before and with p. */
export function digitsAt(p: usize): i32 {
  const before = p - 8;
  const a = byte(p - 3);
  const b = byte(p - 4);
  const c = byte(p - 1);
  if (!isDigit(c) && c != 0x2d && c != 0x2f) return -1;
  if (!isDigit(a) && a != 0x20 && a != 0x2d && a != 0x2e && a != 0x29) return -1;
  if (!isDigit(b) && b != 0x20 && b != 0x2d && b != 0x2e && b != 0x29) return -1;
  if (isWord(before)) return -1;
  if (byte(before) == 0x2e && byte(before - 1) == 0x30 && !isDigit(byte(before - 2))) return -1; // 0.12345678
  return 13;
}

export function ssnAt(p: usize): i32 {
  if (byte(p - 1) != byte(p - 4)) return -1;
  if (isWord(p - 8)) return -1;
  return isDigit(byte(p + 1)) && isDigit(byte(p + 2)) && isDigit(byte(p + 3)) ? 14 : -1;
}

/** A third dot and a digit. */
export function ipv4At(p: usize): i32 {
  let q = p + 1;
  if (isDigit(byte(q))) q++;
  if (isDigit(byte(q))) q++;
  return byte(q) == 0x2e && isDigit(byte(q + 1)) ? 15 : -1;
}

/** Two more colons with at most four hex digits between, or a double colon. */
export function colonAt(p: usize): i32 {
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

export function ibanAt(p: usize): i32 {
  if (isWord(p - 4)) return -1;
  let more = 0;
  for (let i: usize = 1; i <= 16; i++) {
    const c = byte(p + i);
    if (isAlnum(c)) more++;
    else if (c != 0x20 && c != 0x2d) break;
  }
  return more >= 11 ? 18 : -1;
}

/** `&#`, or two to eight letters and a semicolon. */
export function isEntity(p: usize): bool {
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
@inline function isInValue(c: u32): bool { return isToken(c) || c == 0x2b || c - 0x2e < 13 || c == 0x40; }

export function isFold(p: usize): bool {
  const kind = foldKind(byte(p), byte(p + 1), byte(p + 2), byte(p + 3));
  if (kind == 0) return false;
  const before = byte(p - 1);
  const behind = byte(p + (kind >> 4));
  switch (kind & 15) {
    case 1: return true;
    case 2: return isInValue(before) || isInValue(behind);
    case 3: return isDigit(before) || isDigit(behind) || (isUpper(before) && isUpper(behind));
    default: return isAlnum(before) && isAlnum(behind);
  }
}

/** p is the eighth letter or digit of a word of at most 24, with at least four digits and a letter. */
export function isCode(p: usize): bool {
  const start = v128.load(p - 7), rest = v128.load(p + 9);
  const digits = digitMask(start) | (digitMask(rest) << 16);
  const alnum = digits | letterMask(start) | (letterMask(rest) << 16);
  const length = ctz(~alnum | 0x80000000);
  const count = popcnt(digits & ((<u32>1 << length) - 1));
  return length <= 24 && count >= 4 && count < length;
}

// @ts-ignore: decorator
@inline function digitMask(v: v128): u32 { return i8x16.bitmask(i8x16.lt_u(i8x16.sub(v, i8x16.splat(0x30)), i8x16.splat(10))); }
// @ts-ignore: decorator
@inline function letterMask(v: v128): u32 {
  return i8x16.bitmask(i8x16.lt_u(i8x16.sub(v128.or(v, i8x16.splat(0x20)), i8x16.splat(0x61)), i8x16.splat(26)));
}

/** p is the last byte of a line break, or the letter of \\n. */
export function isBreak(p: usize): bool {
  let before = p - 1;
  if (byte(p) == 0x6e) {
    if (byte(before) != 0x5c) return false;
    while (byte(before) == 0x5c && p - before < 9) before--;
  }
  if (!isJoined(byte(before)) || !isJoined(byte(p + 1))) return false;
  if (hasAtBefore(before)) return !hasAtBehind(p + 1);
  if (hasAtBehind(p + 1)) return true;
  const left = digitsWithin(before - 11), right = digitsWithin(p + 1);
  if (left < 2 || right < 2 || left + right < 6) return false;
  return !isLineEnd(beforeRun(before)) || !isLineEnd(behindRun(p + 1));
}

// @ts-ignore: decorator
@inline function isJoined(c: u32): bool { return isToken(c) || c == 0x28 || c == 0x29 || c == 0x2b || c == 0x2e || c == 0x3a || c == 0x40; }

function beforeRun(from: usize): u32 {
  let at = from;
  while (from - at < 24 && isJoined(byte(at))) at--;
  return byte(at);
}

function behindRun(from: usize): u32 {
  let at = from;
  while (at - from < 24 && isJoined(byte(at))) at++;
  return byte(at);
}

// @ts-ignore: decorator
@inline function isLineEnd(c: u32): bool { return c == 0x0a || c == 0x0d || c == 0x5c || c == 0x22 || c == 0; }

function digitsWithin(from: usize): i32 {
  let digits = 0;
  for (let i: usize = 0; i < 12; i++) if (isDigit(byte(from + i))) digits++;
  return digits;
}

function hasAtBefore(from: usize): bool {
  for (let i: usize = 0; i < 24; i++) {
    const c = byte(from - i);
    if (c == 0x40) return true;
    if (!isJoined(c)) return false;
  }
  return false;
}

function hasAtBehind(from: usize): bool {
  for (let i: usize = 0; i < 24; i++) {
    const c = byte(from + i);
    if (c == 0x40) return true;
    if (!isJoined(c)) return false;
  }
  return false;
}

/** p is the eighth of single digits: whether all gaps are the same. */
export function isSpaced(p: usize): bool {
  const gap = byte(p - 1);
  if (gap != 0x20 && gap != 0x2d && gap != 0x2e && gap != 0x5f) return false;
  for (let i: usize = 3; i < 15; i += 2) if (byte(p - i) != gap) return false;
  return true;
}

/** p is the twelfth token character of a run: whether they are base64 of nine bytes of text, or hex of four to six. */
export function isEncoded(p: usize): bool {
  const from = p - 11;
  let state = 0;
  for (let i: usize = 0; i < 12 && state >= 0; i += 4) {
    const bits = (sextet(byte(from + i)) << 18) | (sextet(byte(from + i + 1)) << 12) | (sextet(byte(from + i + 2)) << 6) | sextet(byte(from + i + 3));
    state = textState(textState(textState(state, bits >> 16), (bits >> 8) & 255), bits & 255);
  }
  if (state >= 0) return true;
  state = 0;
  for (let at = byte(from) == 0x30 && (byte(from + 1) | 0x20) == 0x78 ? from + 2 : from; at < p && state >= 0; at += 2) {
    if (!isHex(byte(at)) || !isHex(byte(at + 1))) return false;
    state = textState(state, (nibble(byte(at)) << 4) | nibble(byte(at + 1)));
  }
  return state >= 0;
}

// @ts-ignore: decorator
@inline function nibble(c: u32): u32 { return (c & 15) + (c > 0x39 ? 9 : 0); }
// @ts-ignore: decorator
@inline function sextet(c: u32): u32 { return isDigit(c) ? c + 4 : c >= 0x61 ? c - 71 : c == 0x5f ? 63 : c == 0x2d ? 62 : c - 65; }

/** Bytes of a character of UTF-8 that are still to come; -1 when the byte is not part of a text. */
function textState(state: i32, c: u32): i32 {
  if (state != 0) return state > 0 && (c & 0xc0) == 0x80 ? state - 1 : -1;
  if (c < 0x80) return (c >= 0x20 && c < 0x7f) || c == 0x09 || c == 0x0a || c == 0x0d ? 0 : -1;
  return c < 0xc2 ? -1 : c < 0xe0 ? 1 : c < 0xf0 ? 2 : c < 0xf5 ? 3 : -1;
}

function hexAt(p: usize, digits: usize): i32 {
  let code: u32 = 0;
  for (let i: usize = 0; i < digits; i++) {
    if (!isHex(byte(p + i))) return -1;
    code = (code << 4) | nibble(byte(p + i));
  }
  return <i32>code;
}

function isUsefulEscape(p: usize): bool {
  const code = hexAt(p + 1, 4);
  if (isUsefulCode(code)) return true;
  const next = byte(p + 5);
  return code >= 0x80 && (isDigit(next) || next == 0x2b || next == 0x28 || (code >= 0x2e80 && isLetter(next)));
}

function isUsefulCode(code: i32): bool {
  if (code < 0x80) return code >= 0x20 && code != 0x22 && code != 0x27 && code != 0x3c && code != 0x3e;
  if (code < 0x2000) {
    if (code == 0xa0 || code == 0xad) return true;
    if (code >= 0x660 && code < 0x700) return (code & 15) < 10 && ((code & 0xf0) == 0x60 || (code & 0xf0) == 0xf0);
    return (code >= 0x900 && code < 0xe00 && <u32>((code & 0x7f) - 0x66) < 10) || (code >= 0xe50 && code < 0xe5a);
  }
  if (code < 0x2070) return code <= 0x2013 || (code >= 0x2028 && code < 0x2030) || code >= 0x205f;
  return code == 0x3000 || code == 0xd835 || code == 0xfeff || (code > 0xff00 && code < 0xff5f);
}

/** p is a quote: whether what stands before it is part of a value, and the next string goes on with digits or stands in the next object. */
export function isPartEnd(p: usize): bool {
  let last = p - 1;
  while (byte(last) == 0x5c && p - last < 9) last--;
  const isDigitBefore = isDigit(byte(last)) || (byte(last) == 0x20 && isDigit(byte(last - 1)));
  if (!isDigitBefore && !isJoined(byte(last))) return false;
  let at = behindBlanks(p + 1);
  const isObject = byte(at) == 0x7d;
  if (isObject) at = behindBlanks(at + 1);
  if (byte(at) != 0x2c) return false;
  at = behindBlanks(at + 1);
  if (isObject) return byte(at) == 0x7b;
  const quote = at;
  while (byte(at) == 0x5c && at - quote < 9) at++;
  if (!isDigitBefore || byte(at) != 0x22) return false;
  return isDigit(byte(at + 1)) || (byte(at + 1) == 0x20 && isDigit(byte(at + 2)));
}

function behindBlanks(from: usize): usize {
  let at = from;
  while (at - from < 12 && (byte(at) == 0x20 || byte(at) == 0x0a)) at++;
  return at;
}
