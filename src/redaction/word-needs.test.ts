import { array, assert, constantFrom, nat, oneof, property } from 'fast-check'
import { expect, test } from 'vitest'
import { KeyedMatches } from './keys/keyed-matches.ts'
import type { Match } from './matches.ts'
import { RuleSearch } from './rule-search.ts'
import type { Search } from './rule-search.ts'
import { rules } from './rules.ts'
import { candidate, noCandidates, reserve, TRIGGER_WORD } from './triggers.ts'
import { isWordEnd } from './word-list.ts'

const encoder = new TextEncoder()
const indexOf = new Map(rules.map(({ type }, i) => [type, i]))
const keys = new KeyedMatches(indexOf, { learn: () => undefined, learnPerson: () => undefined })
const all: readonly Search[] = [...rules, keys.search]
const withNeeds = new RuleSearch(all, indexOf)
const withoutNeeds = new RuleSearch(
  all.map(({ type, confidence, triggers, words = [], find }) => ({ type, confidence, triggers, words, find })),
  indexOf,
)

/** What the rules find at words, with the candidates that are left. */
function matchesOf(search: RuleSearch, text: string): Match[] {
  const bytes = encoder.encode(text)
  const { subject } = search
  subject.reset(bytes, 0, bytes.length)
  const found = noCandidates()
  reserve(found, bytes.length)
  for (let at = 0; at < bytes.length; at++)
    if (isWordEnd(bytes, bytes.length, at)) found.entries[found.length++] = candidate(at, TRIGGER_WORD)
  search.dropVain(bytes, 0, bytes.length, found, 0)
  const matches: Match[] = []
  for (let i = 0; i < found.length; i++) search.find(TRIGGER_WORD, (found.entries[i] as number) >>> 5, matches)
  return matches
}

test('where needs are not met nothing is found', () => {
  const examples = rules
    .filter(({ words }) => words !== undefined)
    .flatMap(({ examples: { matches } }) => matches.map((text) => text.replaceAll(/[«»]/g, '')))
  const word = constantFrom(...new Set(all.flatMap(({ words = [] }) => words)))
  const filler = constantFrom(
    ...'number is no. of the my your customer for and please are è --flag _id Id s -1 4111111111111111 257-95-9759 1990-04-05 A1234567 Mia'.split(
      ' ',
    ),
  )
  const gap = constantFrom(
    ' ',
    '  ',
    ': ',
    ' = ',
    '": "',
    '\\":\\"',
    ' -> ',
    '\n',
    '\\n',
    '=',
    '#',
    ' # ',
    '**: ',
    '](',
    '>',
    '-',
    "'",
    '`: ',
    '\t',
    '/',
    ' (',
    ')',
  )
  const part = oneof(
    { weight: 3, arbitrary: word },
    { weight: 2, arbitrary: filler },
    { weight: 4, arbitrary: gap },
    { weight: 1, arbitrary: constantFrom(...examples) },
    { weight: 1, arbitrary: nat({ max: 120 }).map((length) => 'x '.repeat(length)) },
  )
  assert(
    property(array(part, { maxLength: 12 }), (parts) => {
      const text = parts.join('')
      expect(matchesOf(withNeeds, text)).toEqual(matchesOf(withoutNeeds, text))
    }),
    { numRuns: 2_000 },
  )
})

test('in prose most words are dropped', () => {
  const text =
    'Please book the basic economy with a card and travel insurance at no cost; the member is one of us, '.repeat(20)
  const bytes = encoder.encode(text)
  const left = (search: RuleSearch): number => {
    const found = noCandidates()
    reserve(found, bytes.length)
    for (let at = 0; at < bytes.length; at++)
      if (isWordEnd(bytes, bytes.length, at)) found.entries[found.length++] = candidate(at, TRIGGER_WORD)
    search.dropVain(bytes, 0, bytes.length, found, 0)
    return found.length
  }
  expect(left(withNeeds) * 2).toBeLessThan(left(withoutNeeds))
})
