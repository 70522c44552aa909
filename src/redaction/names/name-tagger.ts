import { NameFeatures } from './name-features.ts'
import { RUN_WORDS_MAX } from './name-runs.ts'
import type { Run } from './name-runs.ts'
import type { NameTokens } from './name-tokens.ts'
import type { WordSets } from './word-sets.ts'

/** Labels of a word. Places and organisations are there to compete with persons; they are not reported. */
export const LABEL_NONE = 0
export const LABEL_PERSON = 1
export const LABEL_OTHER = 2
export const LABEL_COUNT = 3

/** What a feature speaks for, and what follows on what. */
export interface NameWeights {
  /** One byte a row, a power of two of them; a feature's hash is its row. Low half: the level for a person, high half: for another name. */
  readonly rows: Uint8Array
  /** What the sixteen levels weigh, against no name. */
  readonly levels: Float32Array
  /** [label before * LABEL_COUNT + label]. */
  readonly transitions: Float32Array
}

/** A linear-chain conditional random field over the words of a run: how likely each label of each word is. */
export class NameTagger {
  readonly #rows: Uint8Array
  readonly #transitions: Float32Array
  /** By byte of a row. */
  readonly #person = new Float32Array(256)
  readonly #other = new Float32Array(256)
  readonly #features: NameFeatures
  readonly #lattice = new Lattice()

  constructor({ rows, levels, transitions }: NameWeights, sets: WordSets) {
    this.#rows = rows
    this.#transitions = transitions
    this.#features = new NameFeatures(sets)
    for (let byte = 0; byte < 256; byte++) {
      this.#person[byte] = levels[byte & 15] as number
      this.#other[byte] = levels[byte >>> 4] as number
    }
  }

  /** Probabilities, LABEL_COUNT for each word of the run; valid until the next call. */
  tag(bytes: Uint8Array, tokens: NameTokens, run: Run): Float64Array {
    const rows = this.#rows
    const mask = rows.length - 1
    const features = this.#features
    const { hashes } = features
    const { scores } = this.#lattice
    for (let index = 0; index < run.length; index++) {
      features.read(bytes, tokens, run, index)
      let person = 0
      let other = 0
      for (let i = 0; i < features.length; i++) {
        const row = rows[(hashes[i] as number) & mask] as number
        person += this.#person[row] as number
        other += this.#other[row] as number
      }
      scores[index * LABEL_COUNT] = 0
      scores[index * LABEL_COUNT + 1] = person
      scores[index * LABEL_COUNT + 2] = other
    }
    this.#lattice.solve(run.length, this.#transitions)
    return this.#lattice.marginals
  }
}

/** Forward and backward sums over the labels of a run. */
export class Lattice {
  readonly scores = new Float64Array(RUN_WORDS_MAX * LABEL_COUNT)
  readonly marginals = new Float64Array(RUN_WORDS_MAX * LABEL_COUNT)
  readonly forward = new Float64Array(RUN_WORDS_MAX * LABEL_COUNT)
  readonly backward = new Float64Array(RUN_WORDS_MAX * LABEL_COUNT)
  /** Logarithm of the sum over all labellings. */
  total = 0

  solve(length: number, transitions: Float32Array): void {
    const { scores, forward, backward, marginals } = this
    for (let label = 0; label < LABEL_COUNT; label++) {
      forward[label] = scores[label] as number
      backward[(length - 1) * LABEL_COUNT + label] = 0
    }
    for (let at = 1; at < length; at++) this.#stepForward(at, transitions)
    for (let at = length - 2; at >= 0; at--) this.#stepBackward(at, transitions)
    let total = -Infinity
    for (let label = 0; label < LABEL_COUNT; label++)
      total = logSum(total, forward[(length - 1) * LABEL_COUNT + label] as number)
    this.total = total
    for (let i = 0; i < length * LABEL_COUNT; i++)
      marginals[i] = Math.exp((forward[i] as number) + (backward[i] as number) - total)
  }

  #stepForward(at: number, transitions: Float32Array): void {
    const { scores, forward } = this
    for (let label = 0; label < LABEL_COUNT; label++) {
      let sum = -Infinity
      for (let from = 0; from < LABEL_COUNT; from++) {
        const before = forward[(at - 1) * LABEL_COUNT + from] as number
        sum = logSum(sum, before + (transitions[from * LABEL_COUNT + label] as number))
      }
      forward[at * LABEL_COUNT + label] = sum + (scores[at * LABEL_COUNT + label] as number)
    }
  }

  #stepBackward(at: number, transitions: Float32Array): void {
    const { scores, backward } = this
    for (let label = 0; label < LABEL_COUNT; label++) {
      let sum = -Infinity
      for (let to = 0; to < LABEL_COUNT; to++) {
        const next = (at + 1) * LABEL_COUNT + to
        const behind = (backward[next] as number) + (scores[next] as number)
        sum = logSum(sum, behind + (transitions[label * LABEL_COUNT + to] as number))
      }
      backward[at * LABEL_COUNT + label] = sum
    }
  }
}

function logSum(a: number, b: number): number {
  if (a === -Infinity) return b
  return a > b ? a + Math.log1p(Math.exp(b - a)) : b + Math.log1p(Math.exp(a - b))
}
