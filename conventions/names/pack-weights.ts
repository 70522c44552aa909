import { LABEL_COUNT, LABEL_NONE, LABEL_OTHER, LABEL_PERSON } from '../../src/redaction/names/name-tagger.ts'
import type { NameWeights } from '../../src/redaction/names/name-tagger.ts'
import type { FittedWeights } from './fit.ts'

const LEVELS = 16
const ROUNDS = 30

/** Four bits a weight: sixteen levels that lie where the weights do (k-means), one of them zero. Costs no quality that could be measured. */
export function packWeights({ rows, transitions }: FittedWeights): NameWeights {
  const count = rows.length / LABEL_COUNT
  // Only differences between labels count: what speaks for no name is taken off the others.
  const against = (row: number, label: number): number =>
    (rows[row * LABEL_COUNT + label] as number) - (rows[row * LABEL_COUNT + LABEL_NONE] as number)
  const weights: number[] = []
  for (let row = 0; row < count; row++)
    for (const label of [LABEL_PERSON, LABEL_OTHER]) if (against(row, label) !== 0) weights.push(against(row, label))
  const levels = levelsOf(weights.toSorted((a, b) => a - b))
  const packed = new Uint8Array(count)
  for (let row = 0; row < count; row++)
    packed[row] = nearest(levels, against(row, LABEL_PERSON)) | (nearest(levels, against(row, LABEL_OTHER)) << 4)
  return { rows: packed, levels, transitions }
}

/** The first level is zero, so that rows without weights are zero bytes. */
function levelsOf(weights: readonly number[]): Float32Array {
  const at = (share: number): number => weights[Math.floor(share * (weights.length - 1))] ?? 0
  let levels = [0, at(0.002), at(0.998)]
  for (let i = 1; i <= LEVELS - 3; i++) levels.push(at(i / (LEVELS - 2)))
  for (let round = 0; round < ROUNDS; round++) {
    const sums = levels.map(() => 0)
    const counts = levels.map(() => 0)
    for (const weight of weights) {
      const level = nearest(levels, weight)
      sums[level] = (sums[level] as number) + weight
      counts[level] = (counts[level] as number) + 1
    }
    levels = levels.map((old, level) =>
      level === 0 || counts[level] === 0 ? old : (sums[level] as number) / (counts[level] as number),
    )
  }
  return Float32Array.from(levels)
}

function nearest(levels: ArrayLike<number>, weight: number): number {
  let best = 0
  for (let level = 1; level < levels.length; level++)
    if (Math.abs((levels[level] as number) - weight) < Math.abs((levels[best] as number) - weight)) best = level
  return best
}
