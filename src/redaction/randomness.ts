/**
 * How much a text looks as if it came from a random generator rather than from people: positive for keys and hashes, negative for words and names of code, in
 * nats of a likelihood ratio. Pairs of neighbouring letters and digits count: of those in English and in code 87 % are among the commonest 200 of
 * 676, of random ones 30 %; a digit beside a letter is rare in words too. No dictionary, no logarithms, one pass.
 */
export function randomness(bytes: Uint8Array, from: number, to: number): number {
  let score = 0
  let before = NONE
  for (let at = from; at < to; at++) {
    const kind = KIND[bytes[at] as number] as number
    score += PAIR_SCORE[before * KINDS + kind] as number
    before = kind
  }
  return score
}

/** Followers of each letter, in the 200 commonest pairs of the distinct words of 15 MB of TypeScript, Go, Python and documentation. */
const COMMON_PAIRS =
  'a:bcdgilmnprstuy b:aeilou c:aehiklortu d:adeiors e:abcdefgilmnopqrstvwxy f:aefio g:eirs h:aeio i:acdefglmnoprstvz k:e l:adeilostuy m:aeiops ' +
  'n:acdefginostuv o:bcdgklmnoprstuvw p:aeiloprtu q:u r:acdegikmnorstuvy s:acehiopstu t:acehioprstuy u:elmnprst v:aei w:aeio x:pt y:p z:e'

const NONE = 0
const DIGIT = 27
const KINDS = 28
/** 1 to 26 for letters in any case, DIGIT, else NONE. */
const KIND = new Uint8Array(256)
for (let i = 0; i < 26; i++) KIND[0x41 + i] = KIND[0x61 + i] = i + 1
for (let i = 0; i < 10; i++) KIND[0x30 + i] = DIGIT

const COMMON = -1.07 // ln(0.30 / 0.87)
const RARE = 1.68 // ln(0.70 / 0.13)
const MIXED = 1
const PAIR_SCORE = new Float64Array(KINDS * KINDS)
for (let a = 1; a < DIGIT; a++) {
  PAIR_SCORE[a * KINDS + DIGIT] = PAIR_SCORE[DIGIT * KINDS + a] = MIXED
  for (let b = 1; b < DIGIT; b++) PAIR_SCORE[a * KINDS + b] = RARE
}
for (const [first = '', followers = ''] of COMMON_PAIRS.split(' ').map((group) => group.split(':'))) {
  for (const second of followers)
    PAIR_SCORE[(first.charCodeAt(0) - 0x60) * KINDS + second.charCodeAt(0) - 0x60] = COMMON
}
