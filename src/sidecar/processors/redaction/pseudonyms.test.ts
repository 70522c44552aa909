import { expect, test } from 'vitest'
import { isOwnMark } from '../../../redaction/own-marks.ts'
import { Pseudonyms } from './pseudonyms.ts'

const make = (options: Partial<ConstructorParameters<typeof Pseudonyms>[0]> = {}): Pseudonyms =>
  new Pseudonyms({ key: Buffer.alloc(32, 1), cacheMax: 2, ...options })

test('a token is the same for the same value, and for nothing else', () => {
  const { token } = make({ keyId: 'k3' })
  expect(token('EMAIL', 'a@b.co')).toMatch(/^<EMAIL:[a-z2-7]{16}~k3>$/)
  expect(make({ keyId: 'k3', cacheMax: 0 }).token('EMAIL', 'a@b.co')).toBe(token('EMAIL', 'a@b.co'))
  const others = [
    token('EMAIL', 'a@b.com'),
    token('PHONE', 'a@b.co'),
    make({ tenant: 'acme' }).token('EMAIL', 'a@b.co'),
    make({ key: Buffer.alloc(32, 2) }).token('EMAIL', 'a@b.co'),
  ].map((one) => one.slice(one.indexOf(':')).slice(0, 17))
  expect(new Set([...others, token('EMAIL', 'a@b.co').slice(6, 23)]).size).toBe(5)
})

test('the tenant may change in between, and the cache runs full', () => {
  const pseudonyms = make()
  const first = pseudonyms.token('EMAIL', 'a@b.co')
  pseudonyms.tenant = 'acme'
  expect(pseudonyms.token('EMAIL', 'a@b.co')).not.toBe(first)
  pseudonyms.tenant = ''
  for (let i = 0; i < 5; i++) pseudonyms.token('EMAIL', `${i}@b.co`)
  expect(pseudonyms.token('EMAIL', 'a@b.co')).toBe(first)
})

test('a token is known as ours', () => {
  for (let i = 0; i < 500; i++) {
    const mark = Buffer.from(make({ keyId: 'k3' }).token('CREDIT_CARD', String(i)))
    expect(isOwnMark(mark, 0, mark.length)).toBe(true)
  }
})
