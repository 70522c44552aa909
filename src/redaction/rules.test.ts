import { describe, expect, test } from 'vitest'
import { createRedactor } from './redactor.ts'
import { rules, ruleTypes } from './rules.ts'

const redactor = createRedactor()

describe.each(rules)('rule $type', ({ type, examples, isDefault = true }) => {
  test.each(examples.matches)('finds %s', (example) => {
    const parts = example.split(/[«»]/)
    const text = parts.join('')
    const { hits } = (isDefault ? redactor : createRedactor({ rules: [type] })).redactText(text)
    const found = hits.filter(({ rule }) => rule === type).map(({ start, end }) => text.slice(start, end))
    expect(found).toEqual(parts.filter((_, i) => i % 2 === 1))
  })

  test.each(examples.misses)('leaves %s', (text) => {
    expect(createRedactor({ rules: [type] }).redactText(text)).toEqual({ text, hits: [] })
  })
})

test('every rule has a name of its own, examples, and triggers', () => {
  expect(new Set(ruleTypes).size).toBe(rules.length)
  for (const { type, examples, triggers } of rules) {
    expect([type, examples.matches.length > 0, examples.misses.length > 0, triggers.length > 0]).toEqual([
      type,
      true,
      true,
      true,
    ])
  }
})
