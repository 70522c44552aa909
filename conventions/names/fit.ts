import { NameFeatures } from '../../src/redaction/names/name-features.ts'
import { emptyRun, nextRun } from '../../src/redaction/names/name-runs.ts'
import { LABEL_COUNT, Lattice } from '../../src/redaction/names/name-tagger.ts'
import { NameTokens } from '../../src/redaction/names/name-tokens.ts'
import {
  SET_FIRST,
  SET_FIRST_COMMON,
  SET_LAST,
  SET_LAST_COMMON,
  WordSets,
} from '../../src/redaction/names/word-sets.ts'
import { labelled } from './examples.ts'
import type { Example } from './examples.ts'
import { random } from './random.ts'

/** Chosen by cross-validation. */
export const fitOptions: FitOptions = {
  rowBits: 18,
  epochs: 10,
  averaged: 6,
  rate: 0.1,
  decay: 1e-4,
  dropout: 0.3,
  countMin: 2,
  forget: 0.15,
}

export interface FitOptions {
  /** Logarithm of the number of rows. */
  readonly rowBits: number
  readonly epochs: number
  /** The last passes, whose mean is the result. */
  readonly averaged: number
  readonly rate: number
  /** Strength of the pull towards zero. */
  readonly decay: number
  /** Share of the features of a word that are left out in each pass, so that none is relied on alone. */
  readonly dropout: number
  /** Features that come up in fewer runs are left out: they would only take the rows of others. */
  readonly countMin: number
  /** Share of the texts that are read as if the lists of names were not there: most names are in no list. */
  readonly forget: number
}

/** An example and how much it counts, 1 unless it says so. */
export type Weighted = Example & { readonly weight?: number }

/** A run as training sees it: rows of the features of each word, and its labels. */
interface Chain {
  readonly rows: readonly Int32Array[]
  readonly labels: Uint8Array
  readonly weight: number
}

/** Weights before they are packed. */
export interface FittedWeights {
  /** LABEL_COUNT a row. */
  readonly rows: Float32Array
  readonly transitions: Float32Array
}

/** Fits the weights by stochastic gradient with AdaGrad steps; the same examples give the same weights. */
export function fit(examples: readonly Weighted[], sets: WordSets, options: FitOptions): FittedWeights {
  const chains = chainsOf(examples, sets, options)
  const size = 2 ** options.rowBits * LABEL_COUNT
  const model = new Fitting(size, options)
  const chance = random(7)
  const rows = new Float32Array(size)
  const transitions = new Float32Array(LABEL_COUNT * LABEL_COUNT)
  for (let epoch = 1; epoch <= options.epochs; epoch++) {
    shuffle(chains, chance)
    for (const chain of chains) model.step(chain, chance)
    // The mean over the later passes depends less on the order of the texts than the last one does.
    if (epoch <= options.epochs - options.averaged) continue
    for (const [at, weight] of model.rows.entries()) rows[at] = (rows[at] as number) + weight / options.averaged
    for (const [at, weight] of model.transitions.entries())
      transitions[at] = (transitions[at] as number) + weight / options.averaged
  }
  return { rows, transitions }
}

function chainsOf(examples: readonly Weighted[], sets: WordSets, options: FitOptions): Chain[] {
  const tokens = new NameTokens()
  const forgetful = new ForgetfulSets(sets)
  const features = new NameFeatures(forgetful)
  const run = emptyRun()
  const mask = 2 ** options.rowBits - 1
  const chance = random(5)
  const counts = new Map<number, number>()
  const read: Chain[] = []
  for (const example of examples) {
    const { bytes, labels } = labelled(example, tokens)
    forgetful.forgets = chance() < options.forget
    for (let at = nextRun(tokens, sets, 0, run); at >= 0; at = nextRun(tokens, sets, at, run)) {
      const rows: Int32Array[] = []
      for (let index = 0; index < run.length; index++) {
        features.read(bytes, tokens, run, index)
        const hashes = features.hashes.slice(0, features.length)
        for (const hash of hashes) counts.set(hash, (counts.get(hash) ?? 0) + 1)
        rows.push(hashes)
      }
      const own = Uint8Array.from(run.words.subarray(0, run.length), (word) => labels[word] as number)
      read.push({ rows, labels: own, weight: example.weight ?? 1 })
    }
  }
  const isKnown = (hash: number): boolean => (counts.get(hash) ?? 0) >= options.countMin
  return read.map((chain) => ({
    ...chain,
    rows: chain.rows.map((hashes) => hashes.filter(isKnown).map((hash) => (hash & mask) * LABEL_COUNT)),
  }))
}

class ForgetfulSets extends WordSets {
  forgets = false
  readonly #sets: WordSets

  constructor(sets: WordSets) {
    super([])
    this.#sets = sets
  }

  override maskOf(hash: number): number {
    const mask = this.#sets.maskOf(hash)
    return this.forgets ? mask & ~(SET_FIRST_COMMON | SET_FIRST | SET_LAST_COMMON | SET_LAST) : mask
  }
}

class Fitting {
  readonly rows: Float32Array
  readonly transitions = new Float32Array(LABEL_COUNT * LABEL_COUNT)
  readonly #squares: Float32Array
  readonly #transitionSquares = new Float32Array(LABEL_COUNT * LABEL_COUNT)
  readonly #lattice = new Lattice()
  readonly #options: FitOptions

  constructor(size: number, options: FitOptions) {
    this.rows = new Float32Array(size)
    this.#squares = new Float32Array(size)
    this.#options = options
  }

  step(chain: Chain, chance: () => number): void {
    const { rows } = this
    const { dropout } = this.#options
    const lattice = this.#lattice
    const scale = 1 / (1 - dropout)
    const kept = chain.rows.map((features) => (dropout === 0 ? features : features.filter(() => chance() >= dropout)))
    for (let index = 0; index < kept.length; index++) {
      for (let label = 0; label < LABEL_COUNT; label++) {
        let sum = 0
        for (const row of kept[index] as Int32Array) sum += rows[row + label] as number
        lattice.scores[index * LABEL_COUNT + label] = sum * scale
      }
    }
    lattice.solve(kept.length, this.transitions)
    this.#learnRows(chain, kept, scale)
    this.#learnTransitions(chain)
  }

  #learnRows({ labels, weight }: Chain, kept: readonly Int32Array[], scale: number): void {
    const { rate, decay } = this.#options
    const { rows } = this
    const squares = this.#squares
    const { marginals } = this.#lattice
    for (let index = 0; index < kept.length; index++) {
      const gold = labels[index] as number
      for (let label = 0; label < LABEL_COUNT; label++) {
        const slope = ((gold === label ? 1 : 0) - (marginals[index * LABEL_COUNT + label] as number)) * weight * scale
        if (Math.abs(slope) < 1e-4) continue
        for (const row of kept[index] as Int32Array) {
          const at = row + label
          const pull = slope - decay * (rows[at] as number)
          const square = (squares[at] as number) + pull * pull
          squares[at] = square
          rows[at] = (rows[at] as number) + (rate * pull) / Math.sqrt(square + 1e-8)
        }
      }
    }
  }

  #learnTransitions({ labels, weight }: Chain): void {
    const { scores, forward, backward, total } = this.#lattice
    const { transitions } = this
    const squares = this.#transitionSquares
    for (let index = 1; index < labels.length; index++) {
      for (let pair = 0; pair < LABEL_COUNT * LABEL_COUNT; pair++) {
        const from = Math.floor(pair / LABEL_COUNT)
        const to = pair % LABEL_COUNT
        const next = index * LABEL_COUNT + to
        const likely = Math.exp(
          (forward[(index - 1) * LABEL_COUNT + from] as number) +
            (transitions[pair] as number) +
            (scores[next] as number) +
            (backward[next] as number) -
            total,
        )
        const slope = ((labels[index - 1] === from && labels[index] === to ? 1 : 0) - likely) * weight
        const square = (squares[pair] as number) + slope * slope
        squares[pair] = square
        transitions[pair] = (transitions[pair] as number) + (this.#options.rate * slope) / Math.sqrt(square + 1e-8)
      }
    }
  }
}

function shuffle<T>(items: T[], chance: () => number): void {
  for (let i = items.length - 1; i > 0; i--) {
    const j = Math.floor(chance() * (i + 1))
    const other = items[j] as T
    items[j] = items[i] as T
    items[i] = other
  }
}
