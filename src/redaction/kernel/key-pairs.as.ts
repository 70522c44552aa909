// Where keys of vendors may begin in a run of token characters: pairs of bytes that rules ask for (key-shape-index.ts).

import { byte, PAIRS } from './memory.as'

/** Registers a pair of ASCII bytes, the first of them in the upper seven bits. */
export function addPair(pair: i32): void {
  store<u8>(PAIRS + (pair >> 3), load<u8>(PAIRS + (pair >> 3)) | (<u8>1 << <u8>(pair & 7)));
}

/** For rules that look at every run. */
export function allowAllPairs(): void {
  for (let pair = 0; pair < 16384; pair++) addPair(pair);
}

/** Of the sixteenth characters behind a place where a key may begin those with a listed pair there. */
export function keysOf(sixteenths: u64, base: usize): u64 {
  let keys: u64 = 0;
  for (; sixteenths != 0; sixteenths &= sixteenths - 1) {
    const bit = ctz(sixteenths);
    const from = base + <usize>bit - 15;
    const pair = (byte(from) << 7) | byte(from + 1);
    keys |= <u64>((load<u8>(PAIRS + (pair >> 3)) >> <u8>(pair & 7)) & 1) << bit;
  }
  return keys;
}

/** Of the sixteenth characters of runs those of a run behind one of `:|%~.`, which may end the beginning of a key. */
export function keysBehindMarks(sixteenths: u64, base: usize): u64 {
  let keys: u64 = 0;
  for (; sixteenths != 0; sixteenths &= sixteenths - 1) {
    const bit = ctz(sixteenths);
    const c = byte(base + <usize>bit - 16);
    keys |= <u64>(c == 0x3a || c == 0x7c || c == 0x25 || c == 0x7e || c == 0x2e) << bit;
  }
  return keys;
}
