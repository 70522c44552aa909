import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createRedactor } from '../../src/redaction/redactor.ts'
import { exampleUnits, hardUnits, wordUnits } from '../support/hard-texts.ts'

const unlimited = createRedactor({ limits: { stepsPerByteMax: Number.MAX_SAFE_INTEGER } })

function steps(unit: string, length: number): number {
  unlimited.redactText(unit.repeat(Math.ceil(length / unit.length)))
  return unlimited.steps
}

/** Twice the text takes at most this much more. */
const RATIO_MAX = 2.1
/** What a start and an end cost beyond what grows. */
const STEPS_FIXED = 10_000

function superlinear(units: readonly string[], length: number): string[] {
  // What grows faster up to some limit is found again in a text that is much longer.
  return units.filter((unit) => unit !== '' && grows(unit, length) && grows(unit, length * 32))
}

function grows(unit: string, length: number): boolean {
  const once = steps(unit, length)
  return steps(unit, 2 * length) > RATIO_MAX * once + STEPS_FIXED
}

/** Which ones differs from run to run: all of them take a minute. */
const oneIn = (n: number, units: readonly string[]): readonly string[] => {
  const first = Math.floor(Math.random() * n)
  return units.filter((_, i) => i % n === first)
}

describe('twice the text takes twice the steps', () => {
  test('what triggers and decoders begin with', () => expect(superlinear(hardUnits, 20_000)).toEqual([]))
  test('words that rules ask for', () => expect(superlinear(wordUnits, 4_000)).toEqual([]), 120_000)
  test(
    'examples of rules, whole and half',
    () => expect(superlinear(oneIn(3, exampleUnits), 4_000)).toEqual([]),
    120_000,
  )

  test('two of them in turn', () => {
    const unit = fc.constantFrom(...hardUnits, ...wordUnits, ...exampleUnits)
    fc.assert(
      fc.property(unit, unit, fc.integer({ min: 1, max: 4 }), (a, b, times) => {
        expect(superlinear([a.repeat(times) + b], 16_000)).toEqual([])
      }),
      { numRuns: 150 },
    )
  }, 120_000)

  test('behind one opening that never closes', () => {
    const openings = [
      '{"a":"',
      '[',
      '{"password":"',
      '"',
      "'",
      '\\"',
      '<name>',
      'data:image/png;base64,',
      '{"a":'.repeat(1000),
    ]
    const problems = openings.flatMap((opening) =>
      oneIn(3, hardUnits)
        .filter((unit) => {
          const once = stepsOf(opening + unit.repeat(Math.ceil(40_000 / unit.length)))
          return stepsOf(opening + unit.repeat(Math.ceil(80_000 / unit.length))) > RATIO_MAX * once + STEPS_FIXED
        })
        .map((unit) => `${opening.slice(0, 20)} … ${unit}`),
    )
    expect(problems).toEqual([])
  }, 120_000)
})

function stepsOf(text: string): number {
  unlimited.redactText(text)
  return unlimited.steps
}
