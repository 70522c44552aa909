import {
  BREAK,
  CODE,
  hashOf,
  SHAPE_CAPITALISED,
  SHAPE_CAPITALS,
  SHAPE_INITIAL,
  SHAPE_INNER,
  SHAPE_LOWER,
  SIGN,
  WORD,
} from './name-tokens.ts'
import type { NameTokens } from './name-tokens.ts'
import { SET_FIRST, SET_WORD } from './word-sets.ts'
import type { WordSets } from './word-sets.ts'

/** Words of one run; longer ones are headlines, and are looked at in pieces. */
export const RUN_WORDS_MAX = 24

/** A run: words that may belong to one name, by their index among the tokens. Only a run is looked at closely. */
export interface Run {
  readonly words: Int32Array
  length: number
}

export const emptyRun = (): Run => ({ words: new Int32Array(RUN_WORDS_MAX), length: 0 })

const wordSet = (words: string): ReadonlySet<number> => new Set(words.split(' ').map(hashOf))
/** Written in lower case within names. */
const PARTICLES = wordSet(
  'van von der den de da do dos das du del della di la le el al bin ibn bint ter ten zu af av y e',
)
/** A dot behind them ends no sentence. */
const ABBREVIATIONS = wordSet(
  'mr mrs ms mx dr prof st jr sr gen col sgt lt capt rev hon sen rep gov pres mme mlle sra dra',
)
const DOT = 0x2e

/** Fills `run` with the next run at or behind the token `from`. Returns the token to go on from, or -1 at the end. */
export function nextRun(tokens: NameTokens, sets: WordSets, from: number, run: Run): number {
  run.length = 0
  let at = from
  while (at < tokens.length && !startsRun(tokens, sets, at)) at++
  if (at >= tokens.length) return -1
  run.words[run.length++] = at
  while (run.length < RUN_WORDS_MAX) {
    const next = nextInRun(tokens, sets, at)
    if (next < 0) break
    // A particle counts only where a capitalised word follows.
    if (next - at > 0 && tokens.shape[next] === SHAPE_LOWER && PARTICLES.has(tokens.hash[next] as number)) {
      const behind = nextInRun(tokens, sets, next)
      if (behind < 0 || run.length + 2 > RUN_WORDS_MAX) break
    }
    run.words[run.length++] = next
    at = next
  }
  return at + 1
}

/** Whether a dot behind this token belongs to it: an initial, an abbreviation. */
export const takesDot = (tokens: NameTokens, at: number): boolean =>
  tokens.shape[at] === SHAPE_INITIAL || ABBREVIATIONS.has(tokens.hash[at] as number)

function nextInRun(tokens: NameTokens, sets: WordSets, at: number): number {
  let next = at + 1
  if (isSign(tokens, next, DOT) && tokens.spaced[next] === 0 && takesDot(tokens, at)) next++
  if (next >= tokens.length || tokens.kind[next] !== WORD) return -1
  if (isCapital(tokens.shape[next] as number)) return isPartOfCode(tokens, next) ? -1 : next
  if (tokens.spaced[next] === 0 || tokens.shape[next] !== SHAPE_LOWER) return -1
  if (PARTICLES.has(tokens.hash[next] as number)) return next
  return isLowerName(tokens, sets, next) ? next : -1
}

function startsRun(tokens: NameTokens, sets: WordSets, at: number): boolean {
  if (tokens.kind[at] !== WORD) return false
  const shape = tokens.shape[at] as number
  if (isCapital(shape)) return !isPartOfCode(tokens, at)
  return shape === SHAPE_LOWER && isLowerName(tokens, sets, at)
}

/** A first name without its capital, unless it is a word as well. */
function isLowerName(tokens: NameTokens, sets: WordSets, at: number): boolean {
  const hash = tokens.hash[at] as number
  return (
    (tokens.end[at] as number) - (tokens.start[at] as number) > 2 &&
    sets.has(hash, SET_FIRST) &&
    !sets.has(hash, SET_WORD) &&
    tokens.part[at] === 0 &&
    standsFree(tokens, at)
  )
}

/** In running text: blanks around it, or the signs of a sentence. Quoted words in lower case are values. */
function standsFree(tokens: NameTokens, at: number): boolean {
  if (at > 0 && tokens.spaced[at] === 0) return false
  const next = at + 1
  if (next >= tokens.length || tokens.spaced[next] === 1 || tokens.kind[next] === BREAK) return true
  return (
    tokens.kind[next] === SIGN &&
    SENTENCE_SIGNS.has(tokens.hash[next] as number) &&
    (next + 1 >= tokens.length || tokens.spaced[next + 1] === 1)
  )
}

const isCapital = (shape: number): boolean =>
  shape === SHAPE_CAPITALISED || shape === SHAPE_INITIAL || shape === SHAPE_CAPITALS || shape === SHAPE_INNER

/** Glued to what stands in identifiers, paths, calls, mentions and addresses. */
function isPartOfCode(tokens: NameTokens, at: number): boolean {
  if (tokens.spaced[at] === 0 && at > 0) {
    const kind = tokens.kind[at - 1]
    if (kind === CODE || kind === WORD) return true
    if (kind === SIGN && BEFORE_CODE.has(tokens.hash[at - 1] as number)) {
      const isDot = tokens.hash[at - 1] === DOT
      if (!isDot || at < 2 || !takesDot(tokens, at - 2)) return true
    }
  }
  const next = at + 1
  if (next >= tokens.length || tokens.spaced[next] !== 0 || tokens.kind[next] === BREAK) return false
  if (tokens.kind[next] !== SIGN) return true
  if (BEHIND_CODE.has(tokens.hash[next] as number)) return true
  const third = next + 1
  const isGlued = third < tokens.length && tokens.spaced[third] === 0
  if (isSign(tokens, next, DOT))
    return isGlued && tokens.kind[third] !== SIGN && tokens.kind[third] !== BREAK && !takesDot(tokens, at)
  return isSign(tokens, next, COLON) && isSign(tokens, third, COLON)
}

const COLON = 0x3a
const signs = (text: string): ReadonlySet<number> => new Set([...text].map((sign) => sign.codePointAt(0) as number))
const BEFORE_CODE = signs('@#$/\\.<&~%+')
const SENTENCE_SIGNS = signs(',.!?')
const BEHIND_CODE = signs('(=/\\@[<{+$%')

const isSign = (tokens: NameTokens, at: number, sign: number): boolean =>
  at < tokens.length && tokens.kind[at] === SIGN && tokens.hash[at] === sign
