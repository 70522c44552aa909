import { array, assert, constantFrom, pre, property, tuple } from 'fast-check'
import { RE2JS } from 're2js'
import { describe, expect, test } from 'vitest'
import { requiredLiteral } from './required-literal.ts'
import { PATTERN_MS_MAX, regexProblem, userPattern } from './user-pattern.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

function found(regex: string, text: string, clock = (): number => 0): string[] {
  const pattern = userPattern('CUSTOM', regex, clock)
  const all = bytes(`<<${text}>>`)
  const [start, end] = [2, all.length - 2]
  const parts: string[] = []
  if (pattern.mayMatch(all, start, end))
    pattern.find(all, start, end, (from, to) => parts.push(new TextDecoder().decode(all.subarray(from, to))))
  return parts
}

describe('userPattern', () => {
  test.each<[string, string, string[]]>([
    ['ORD-\\d{6}', 'see ORD-123456, ORD-654321', ['ORD-123456', 'ORD-654321']],
    ['^\\d+$', '123', ['123']],
    ['(?i)sécurité: \\w+', 'SÉCURITÉ: abc é', ['SÉCURITÉ: abc']],
    ['x|y', 'xay', ['x', 'y']],
    ['ORD-\\d+', 'nothing', []],
  ])('%s in %s', (regex, text, expected) => expect(found(regex, text)).toEqual(expected))

  test('what takes too long is masked to the end of the value', () => {
    let ms = 0
    const parts = found('a', 'a'.repeat(1_000), () => (ms += PATTERN_MS_MAX))
    expect(parts.join('').length).toBeGreaterThanOrEqual(1_000)
    expect(parts.length).toBeLessThan(100)
  })
})

test.each([
  ['a*', /empty text/],
  ['(?=x)', /RE2/],
  ['(a)\\1', /RE2/],
  ['[', /missing closing/],
  ['x'.repeat(2_001), /2000 characters/],
  ['(?:\\pL{1000}){1}\\pL{1000}'.repeat(20), /repeat less/],
])('%.20s is refused', (regex, problem) => expect(regexProblem(regex)).toMatch(problem))

test('every match holds the literal', () => {
  const atom = constantFrom(
    'a',
    'b',
    'cd',
    '-',
    '.',
    '\\d',
    '[ab]',
    '[^]x]',
    '[[:alpha:]-]',
    '\\.',
    '\\x61',
    '\\pL',
    '(ab)',
    '(?:c|d)',
    '(?P<n>ab)',
    '(?:a(b))',
    '\\b',
    'é',
    '\\061',
  )
  const quantifier = constantFrom('', '', '', '?', '*', '+', '{2}', '{0,2}', '{0}', '{1,}', '+?', '??')
  const regex = array(tuple(atom, quantifier), { minLength: 1, maxLength: 4 }).map((parts) =>
    parts.map(([a, q]) => (a === '\\b' ? a : a + q)).join(''),
  )
  const alternatives = array(regex, { minLength: 1, maxLength: 2 }).map((parts) => parts.join('|'))
  const text = array(constantFrom('a', 'b', 'c', 'd', '-', '.', '1', ' ', 'é', 'x'), { maxLength: 60 }).map((parts) =>
    parts.join(''),
  )
  let matches = 0
  assert(
    property(alternatives, text, (source, input) => {
      pre(!/\(\?P<n>.*\(\?P<n>/.test(source))
      const literal = requiredLiteral(source)
      const matcher = RE2JS.compile(source).matcher(input)
      while (matcher.find()) {
        if (literal !== '') matches++
        expect(matcher.group()).toContain(literal)
      }
    }),
    { numRuns: 5_000 },
  )
  expect(matches).toBeGreaterThan(50)
})
