import { NameFeatures } from './name-features.ts'
import { RUN_WORDS_MAX } from './name-runs.ts'
import type { Run } from './name-runs.ts'
import type { NameTokens } from './name-tokens.ts'
import type { WordSets } from './word-sets.ts'

/** Labels of a word. Places and organisations are there to compete with persons; they are not reported. */
export const LABEL_NONE = 0
export const LABEL_PERSON = 1
export const LABEL_PLACE = 2
export const LABEL_ORGANISATION = 3
export const LABEL_COUNT = 4

/** What a feature speaks for, in four columns of weights, and what follows on what. */
export interface NameWeights {
  /** Number of features is a power of two; a feature's hash is its row. Four weights a row, as multiples of `unit`. */
  readonly rows: Int8Array | Float32Array
  readonly unit: number
  /** [label before * LABEL_COUNT + label]. */
  readonly transitions: Float32Array
}

/** A linear-chain conditional random field over the words of a run: how likely each label of each word is. */
export class NameTagger {
  readonly #weights: NameWeights
  readonly #features: NameFeatures
  readonly #mask: number
  readonly #lattice = new Lattice()

  constructor(weights: NameWeights, sets: WordSets) {
    this.#weights = weights
    this.#features = new NameFeatures(sets)
    this.#mask = weights.rows.length / LABEL_COUNT - 1
  }

  /** Probabilities, LABEL_COUNT for each word of the run; valid until the next call. */
  tag(bytes: Uint8Array, tokens: NameTokens, run: Run): Float64Array {
    const { rows, unit, transitions } = this.#weights
    const lattice = this.#lattice
    const { hashes } = this.#features
    for (let index = 0; index < run.length; index++) {
      this.#features.read(bytes, tokens, run, index)
      let none = 0
      let person = 0
      let place = 0
      let organisation = 0
      for (let i = 0; i < this.#features.length; i++) {
        const row = ((hashes[i] as number) & this.#mask) * LABEL_COUNT
        none += rows[row] as number
        person += rows[row + 1] as number
        place += rows[row + 2] as number
        organisation += rows[row + 3] as number
      }
      const at = index * LABEL_COUNT
      lattice.scores[at] = none * unit
      lattice.scores[at + 1] = person * unit
      lattice.scores[at + 2] = place * unit
      lattice.scores[at + 3] = organisation * unit
    }
    lattice.solve(run.length, transitions)
    return lattice.marginals
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
    for (let at = 1; at < length; at++) {
      for (let label = 0; label < LABEL_COUNT; label++) {
        let sum = -Infinity
        for (let from = 0; from < LABEL_COUNT; from++)
          sum = logSum(sum, (forward[(at - 1) * LABEL_COUNT + from] as number) + (transitions[from * LABEL_COUNT + label] as number))
        forward[at * LABEL_COUNT + label] = sum + (scores[at * LABEL_COUNT + label] as number)
      }
    }
    for (let at = length - 2; at >= 0; at--) {
      for (let label = 0; label < LABEL_COUNT; label++) {
        let sum = -Infinity
        for (let to = 0; to < LABEL_COUNT; to++) {
          const next = (at + 1) * LABEL_COUNT + to
          sum = logSum(sum, (backward[next] as number) + (scores[next] as number) + (transitions[label * LABEL_COUNT + to] as number))
        }
        backward[at * LABEL_COUNT + label] = sum
      }
    }
    let total = -Infinity
    for (let label = 0; label < LABEL_COUNT; label++) total = logSum(total, forward[(length - 1) * LABEL_COUNT + label] as number)
    this.total = total
    for (let i = 0; i < length * LABEL_COUNT; i++) marginals[i] = Math.exp((forward[i] as number) + (backward[i] as number) - total)
  }
}

function logSum(a: number, b: number): number {
  if (a === -Infinity) return b
  return a > b ? a + Math.log1p(Math.exp(b - a)) : b + Math.log1p(Math.exp(a - b))
}
