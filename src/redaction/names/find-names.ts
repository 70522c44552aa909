import { loadNameModel } from './name-model.ts'
import { emptyRun, nextRun } from './name-runs.ts'
import { LABEL_COUNT, LABEL_PERSON, NameTagger } from './name-tagger.ts'
import type { NameWeights } from './name-tagger.ts'
import { NameTokens, SHAPE_CAPITALS, SHAPE_INITIAL } from './name-tokens.ts'
import type { WordSets } from './word-sets.ts'

/** A person's name. `start` and `end` are UTF-16 code units of a string, or bytes of a byte array. */
export interface FoundName {
  readonly start: number
  readonly end: number
  /** How likely it is one, 0.4 to 1. */
  readonly confidence: number
}

/**
 * Persons' names in English text, by the words, their neighbours and lists of names; no look at what they refer to. Names of few other languages' texts
 * are found, none in scripts without capitals. docs/redaction.md has the measured quality. The model is unpacked at the first call.
 */
export function findNames(text: string | Uint8Array): readonly FoundName[] {
  finder ??= new NameFinder(loadNameModel())
  if (typeof text !== 'string') return finder.find(text)
  const found = finder.find(encoder.encode(text))
  return found.length === 0 ? found : inCodeUnits(text, found)
}

let finder: NameFinder | undefined
const encoder = new TextEncoder()

/** Bytes that are looked at in one go, so that memory is bounded; pieces end at a blank where there is one near. */
const PIECE_BYTES_MAX = 32_768
const BLANK_BYTES_MAX = 256
const PROBABILITY_MIN = 0.4
/** Capitals alone, this short, are codes: airports, states, units. */
const CODE_LETTERS_MAX = 3

export class NameFinder {
  readonly #sets: WordSets
  readonly #tagger: NameTagger
  readonly #tokens = new NameTokens()
  readonly #run = emptyRun()

  constructor({ weights, sets }: { readonly weights: NameWeights; readonly sets: WordSets }) {
    this.#sets = sets
    this.#tagger = new NameTagger(weights, sets)
  }

  /** Names in UTF-8 bytes, ascending. */
  find(bytes: Uint8Array): readonly FoundName[] {
    const found: FoundName[] = []
    for (let start = 0; start < bytes.length;) {
      const end = pieceEnd(bytes, start)
      this.#findIn(bytes, start, end, found)
      start = end
    }
    return found
  }

  #findIn(bytes: Uint8Array, start: number, end: number, found: FoundName[]): void {
    const tokens = this.#tokens
    const run = this.#run
    tokens.read(bytes, start, end)
    for (let at = nextRun(tokens, this.#sets, 0, run); at >= 0; at = nextRun(tokens, this.#sets, at, run)) {
      const probabilities = this.#tagger.tag(bytes, tokens, run)
      for (let index = 0; index < run.length; index++) {
        let confidence = 0
        const first = index
        for (; index < run.length; index++) {
          const probability = probabilities[index * LABEL_COUNT + LABEL_PERSON] as number
          if (probability < PROBABILITY_MIN) break
          confidence = Math.max(confidence, probability)
        }
        if (index > first) this.#add(found, run.words[first] as number, run.words[index - 1] as number, confidence)
      }
    }
  }

  #add(found: FoundName[], first: number, last: number, confidence: number): void {
    const { start, end, shape } = this.#tokens
    const from = start[first] as number
    const to = end[last] as number
    if (first === last) {
      if (shape[first] === SHAPE_INITIAL) return
      if (shape[first] === SHAPE_CAPITALS && to - from <= CODE_LETTERS_MAX) return
    }
    found.push({ start: from, end: to, confidence: Math.round(confidence * 100) / 100 })
  }
}

function pieceEnd(bytes: Uint8Array, start: number): number {
  const most = start + PIECE_BYTES_MAX
  if (most >= bytes.length) return bytes.length
  for (let end = most; end > most - BLANK_BYTES_MAX; end--)
    if (bytes[end - 1] === 0x20 || bytes[end - 1] === 0x0a) return end
  let end = most
  while (end > start + 1 && ((bytes[end] as number) & 0xc0) === 0x80) end--
  return end
}

/** The same places in the string that the bytes were made of; in one pass. */
function inCodeUnits(text: string, found: readonly FoundName[]): FoundName[] {
  let unit = 0
  let byte = 0
  const unitAt = (target: number): number => {
    while (byte < target && unit < text.length) {
      const code = text.charCodeAt(unit)
      const isPair = code >= 0xd800 && code < 0xdc00 && (text.charCodeAt(unit + 1) & 0xfc00) === 0xdc00
      byte += code < 0x80 ? 1 : code < 0x800 ? 2 : isPair ? 4 : 3
      unit += isPair ? 2 : 1
    }
    return unit
  }
  return found.map(({ start, end, confidence }) => ({ start: unitAt(start), end: unitAt(end), confidence }))
}
