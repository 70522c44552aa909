import { loadAnnotated } from './annotated.ts'
import type { Half } from './annotated.ts'
import type { Detector } from './detector.ts'
import { isHalfRecoverable, isRecoverable } from '../../support/recoverable.ts'

/** How much of what was hidden by one encoding can be read out of the redacted texts. */
export interface Leak {
  readonly variant: string
  all: number
  leaked: number
  /** Half of the value or more. */
  halfLeaked: number
  readonly examples: string[]
}

/** The encodings that need judgement; the others are mechanical. */
const JUDGED: ReadonlySet<string> = new Set(['spaced', 'at_dot', 'upper', 'underscore_glue'])

export const isMechanical = ({ variant }: Leak): boolean => !JUDGED.has(variant)

/** In per cent, the mean over the variants. */
export const meanLeak = (leaks: readonly Leak[], which: 'leaked' | 'halfLeaked' = 'leaked'): number =>
  (100 * leaks.reduce((sum, leak) => sum + leak[which] / leak.all, 0)) / leaks.length

/** Each value of encoded_variants in each encoding; those that the decoders cannot read to begin with are no test and left out. */
export async function measureLeaks(detector: Detector, half?: Half): Promise<Leak[]> {
  const records = loadAnnotated('encoded_variants', half)
  const leaks = new Map<string, Leak>()
  for (const { text, value, variant, label } of records) {
    if (!isRecoverable(value, text)) continue
    const leak = leaks.get(variant) ?? { variant, all: 0, leaked: 0, halfLeaked: 0, examples: [] }
    leaks.set(variant, leak)
    const [found] = await detector.find([text])
    const redacted = found?.redacted ?? ''
    leak.all++
    if (isHalfRecoverable(value, redacted)) leak.halfLeaked++
    if (!isRecoverable(value, redacted)) continue
    leak.leaked++
    leak.examples.push(`${label} ${value} → ${redacted}`)
  }
  return [...leaks.values()]
}
