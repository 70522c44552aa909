import { NameFeatures } from '../../src/redaction/names/name-features.ts'
import { emptyRun, nextRun } from '../../src/redaction/names/name-runs.ts'
import { LABEL_COUNT, Lattice } from '../../src/redaction/names/name-tagger.ts'
import type { NameWeights } from '../../src/redaction/names/name-tagger.ts'
import { NameTokens } from '../../src/redaction/names/name-tokens.ts'
import type { WordSets } from '../../src/redaction/names/word-sets.ts'
import { labelled } from './examples.ts'
import type { Example } from './examples.ts'
import { random } from './random.ts'

export interface FitOptions {
  /** Logarithm of the number of rows. */
  readonly rowBits: number
  readonly epochs: number
  readonly rate: number
  /** Strength of the pull towards zero. */
  readonly decay: number
  /** Share of the features of a word that are left out in each pass, so that none is relied on alone. */
  readonly dropout: number
  /** How much more a step counts at words that are persons. */
  readonly personWeight: number
}

/** A run as training sees it: rows of the features of each word, and its labels. */
interface Chain {
  readonly rows: readonly Int32Array[]
  readonly labels: Uint8Array
  readonly weight: number
}

/** Fits the weights by stochastic gradient with AdaGrad steps; the same examples give the same weights. */
export function fit(examples: readonly (Example & { weight?: number })[], sets: WordSets, options: FitOptions): NameWeights {
  const chains = chainsOf(examples, sets, options.rowBits)
  const size = 2 ** options.rowBits * LABEL_COUNT
  const model = new Fitting(size, options)
  const chance = random(7)
  for (let epoch = 0; epoch < options.epochs; epoch++) {
    shuffle(chains, chance)
    for (const chain of chains) model.step(chain, chance)
  }
  return { rows: model.rows, unit: 1, transitions: model.transitions }
}

function chainsOf(examples: readonly (Example & { weight?: number })[], sets: WordSets, rowBits: number): Chain[] {
  const tokens = new NameTokens()
  const features = new NameFeatures(sets)
  const run = emptyRun()
  const mask = 2 ** rowBits - 1
  const chains: Chain[] = []
  for (const example of examples) {
    const { bytes, labels } = labelled(example, tokens)
    for (let at = nextRun(tokens, sets, 0, run); at >= 0; at = nextRun(tokens, sets, at, run)) {
      const rows: Int32Array[] = []
      for (let index = 0; index < run.length; index++) {
        features.read(bytes, tokens, run, index)
        rows.push(features.hashes.slice(0, features.length).map((hash) => (hash & mask) * LABEL_COUNT))
      }
      const own = Uint8Array.from(run.words.subarray(0, run.length), (word) => labels[word] as number)
      chains.push({ rows, labels: own, weight: example.weight ?? 1 })
    }
  }
  return chains
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
    const { rate, decay, personWeight } = this.#options
    const { rows } = this
    const squares = this.#squares
    const { marginals } = this.#lattice
    for (let index = 0; index < kept.length; index++) {
      const gold = labels[index] as number
      const stress = weight * (gold === 1 ? personWeight : 1)
      for (let label = 0; label < LABEL_COUNT; label++) {
        const slope = ((gold === label ? 1 : 0) - (marginals[index * LABEL_COUNT + label] as number)) * stress * scale
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
