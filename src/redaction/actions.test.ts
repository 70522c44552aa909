import { assert, constantFrom, property, string, tuple } from 'fast-check'
import { describe, expect, test } from 'vitest'
import { anySecret } from '../../test/support/secrets.ts'
import { actionFor, REPLACE, replacementsOf } from './actions.ts'
import type { Action } from './actions.ts'
import { isOwnMark } from './own-marks.ts'
import { createRedactor } from './redactor.ts'
import type { Redactor } from './redactor.ts'
import { rules } from './rules.ts'

const familyOf = (type: string) => rules.find((rule) => rule.type === type)?.family
/** A token of the right form, the same for the same text: only its form matters here. */
const token = (type: string, text: string): string => {
  let hash = 7
  for (const char of text) hash = (Math.imul(hash, 31) + (char.codePointAt(0) ?? 0)) >>> 0
  return `<${type}:${hash
    .toString(32)
    .replaceAll(/[^a-z2-7]/g, 'x')
    .padEnd(16, 'q')
    .slice(0, 16)}~k3>`
}
const with_ = (action: Action): Redactor =>
  createRedactor({ replacement: replacementsOf(() => action, familyOf, token) })
const mask: Action = { kind: 'mask', keepLast: 4, keepDomain: false }
const maskKeepingDomain: Action = { ...mask, keepDomain: true }
const actions: readonly Action[] = [REPLACE, mask, maskKeepingDomain, { kind: 'pseudonym' }]
const card = '4111 1111 1111 1111'
const mail = 'Nora.Jones@Example.com'

describe('actions', () => {
  test.each<[Action, string, string]>([
    [REPLACE, `card ${card}`, 'card [REDACTED:CREDIT_CARD]'],
    [mask, `card ${card}`, 'card ****1111'],
    [mask, `{"card":4111111111111111}`, '{"card":"****1111"}'],
    [mask, `to ${mail}!`, 'to ****ecom!'],
    [maskKeepingDomain, `to ${mail}!`, 'to ****@Example.com!'],
    [{ kind: 'drop_attribute' }, `to ${mail}!`, 'to [REDACTED:EMAIL]!'],
  ])('%j: %s', (action, text, redacted) => expect(with_(action).redactText(text).text).toBe(redacted))

  test('the same value has the same pseudonym, however it is written', () => {
    const redactor = with_({ kind: 'pseudonym' })
    const same = (texts: readonly string[]): void => {
      const tokens = texts.map((text) => /<[A-Z_]+:[a-z2-7]{16}~k3>/.exec(redactor.redactText(text).text)?.[0])
      expect(tokens[0]).toBeDefined()
      expect(new Set(tokens).size).toBe(1)
    }
    same([`mail ${mail}`, `{"m":"nora.jones@example.com"}`, String.raw`{"m":"nora.jones\u0040example.com"}`])
    same([`card ${card}`, '{"card":4111111111111111}', 'card 4111-1111-1111-1111'])
    expect(redactor.redactText(`${mail} x@example.com`).text).not.toMatch(/(<EMAIL:[a-z2-7]{16}~k3>) \1/)
  })

  test('twice is once, with every action; JSON stays valid', () => {
    const redactors = actions.map(with_)
    const input = tuple(string(), anySecret, constantFrom(' ', '"', '\n', ','), string(), constantFrom(...redactors))
    assert(
      property(input, ([before, { value }, border, after, redactor]) => {
        for (const text of [
          before + border + value + border + after,
          JSON.stringify({ a: value, b: [before, value] }),
        ]) {
          const once = redactor.redactText(text).text
          expect(redactor.redactText(once).text).toBe(once)
        }
        const json = redactor.redactText(JSON.stringify({ a: value, b: [before, value] })).text
        expect(() => void JSON.parse(json)).not.toThrow()
        expect(json).not.toContain(value)
      }),
      { numRuns: 300 },
    )
  })

  test('what is chosen for the type goes before the family, that before the default', () => {
    const table = {
      default: { kind: 'pseudonym' } as const,
      byFamily: new Map([['payment', mask] as const]),
      byType: new Map<string, Action>([['IBAN', { kind: 'block' }]]),
    }
    expect(actionFor(table, 'IBAN', 'payment').kind).toBe('block')
    expect(actionFor(table, 'CREDIT_CARD', 'payment').kind).toBe('mask')
    expect(actionFor(table, 'EMAIL', 'contact').kind).toBe('pseudonym')
    expect(actionFor(table, 'POSTAL_CODE', 'contact').kind).toBe('replace')
  })
})

describe('own marks', () => {
  const isMark = (text: string): boolean => {
    const bytes = new TextEncoder().encode(text)
    const from = bytes.indexOf(0x7c)
    const to = bytes.lastIndexOf(0x7c)
    return isOwnMark(
      Uint8Array.from([...bytes.subarray(0, from), ...bytes.subarray(from + 1, to), ...bytes.subarray(to + 1)]),
      from,
      to - 1,
    )
  }
  // The range between the bars.
  test.each([
    ['|[REDACTED:EMAIL]|', true],
    ['to [REDACTED:|EMAIL|]', true],
    ['|<EMAIL:abcdefghij234567>|', true],
    ['<EMAIL:|abcdefghij234567|~k3>', true],
    ['|****1111|', true],
    ['|****|', true],
    ['|****@example.com|', true],
    ['|<EMAIL:abcdefghij234567> hunter2|', false],
    ['|[REDACTED:hunter2]|', false],
    ['|<EMAIL:hunter2hunter2hunter2>|', false],
    ['|****hunter2hunter2|', false],
    ['|****11 11|', false],
    ['[|hunter2|]', false],
    ['<b>|hunter2|</b>', false],
  ])('%s', (text, expected) => expect(isMark(text)).toBe(expected))
})
