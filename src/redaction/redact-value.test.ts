import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { redactValue, VALUE_DEPTH_MAX } from './redact-value.ts'

/** Stands for the engine: takes out SECRET wherever it is, and all that is called password. */
const redact = (value: unknown): unknown =>
  redactValue(value, (text, path) =>
    /(^|\.)password$/.test(path) && text !== 'password' ? '[X]' : text.replaceAll('SECRET', '[X]'),
  )

describe('redactValue', () => {
  test('strings, keys, numbers and bytes at any depth; the rest stays', () => {
    const date = new Date(0)
    const call = (): void => {}
    const value = {
      text: 'a SECRET',
      SECRET: [1, 'SECRET', null, undefined, true, date, call],
      password: 12_345,
      nested: {
        password: 'x',
        map: new Map<unknown, unknown>([
          ['k', 'SECRET'],
          ['password', 'y'],
        ]),
        set: new Set(['SECRET']),
      },
      text_bytes: new TextEncoder().encode('SECRET'),
      binary: new Uint8Array([255, 254, 0]),
    }
    expect(redact(value)).toEqual({
      text: 'a [X]',
      '[X]': [1, '[X]', null, undefined, true, date, call],
      password: '[X]',
      nested: {
        password: '[X]',
        map: new Map<unknown, unknown>([
          ['k', '[X]'],
          ['password', '[X]'],
        ]),
        set: new Set(['[X]']),
      },
      text_bytes: new TextEncoder().encode('[X]'),
      binary: new Uint8Array([255, 254, 0]),
    })
    expect(value.text).toBe('a SECRET')
  })

  test('an error stays one, with message, stack, cause and what else it carries redacted', () => {
    const error = Object.assign(new TypeError('no SECRET', { cause: new Error('SECRET') }), { password: 'x' })
    const copy = redact(error)
    if (!(copy instanceof TypeError) || !(copy.cause instanceof Error)) throw new Error('no error')
    expect([copy.message, copy.cause.message]).toEqual(['no [X]', '[X]'])
    expect(copy.stack).toContain('no [X]')
    expect(copy.stack).not.toContain('SECRET')
    expect(copy).toMatchObject({ password: '[X]' })
    expect(Object.keys(copy)).toEqual(['password'])
  })

  test('toJSON is asked, a getter that throws hides, two keys that become one stay two', () => {
    const value = {
      made: { toJSON: (key: string) => `SECRET of ${key}` },
      get broken(): string {
        throw new Error('SECRET')
      },
      bad: {
        toJSON(): unknown {
          throw new Error('SECRET')
        },
      },
      '1SECRET': 1,
      '1[X]': 2,
    }
    expect(redact(value)).toEqual({
      made: '[X] of made',
      broken: '[REDACTED:UNREADABLE]',
      bad: '[REDACTED:UNREADABLE]',
      '1[X]': 1,
      '1[X]#2': 2,
    })
  })

  test('__proto__ as a key is a key', () => {
    const copy = redact(JSON.parse('{"__proto__":{"admin":"SECRET"}}'))
    expect(JSON.stringify(copy)).toBe('{"__proto__":{"admin":"[X]"}}')
    expect(Object.getPrototypeOf(copy)).toBe(Object.prototype)
  })

  test('cycles stay cycles, and what is too deep is masked', () => {
    const value: Record<string, unknown> = { text: 'SECRET' }
    value['self'] = value
    const copy = redact(value) as Record<string, unknown>
    expect(copy['self']).toBe(copy)
    expect(copy['text']).toBe('[X]')
    let deep: unknown = 'SECRET'
    for (let i = 0; i < VALUE_DEPTH_MAX + 5; i++) deep = [deep]
    expect(JSON.stringify(redact(deep))).toContain('[REDACTED:DEPTH]')
    expect(JSON.stringify(redact(deep))).not.toContain('SECRET')
  })

  test('JSON without anything sensitive stays as it is; planted anywhere it is gone', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(JSON.stringify(redact(value))).toBe(JSON.stringify(value))
      }),
    )
    const tree = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 5 },
        fc.constantFrom('SECRET', 'x SECRET y', 1),
        fc.array(tie('value'), { maxLength: 3 }),
        fc.dictionary(fc.constantFrom('a', 'SECRET', 'password'), tie('value')),
      ),
    })).value
    fc.assert(
      fc.property(tree, (value) => {
        expect(JSON.stringify(redact(value)) ?? '').not.toContain('SECRET')
      }),
    )
  })
})
