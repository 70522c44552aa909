import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { isLuhn, isMod11And10, isMod11Radix2, isVerhoeff } from './check-digits.ts'
import { WrittenId } from './written-id.ts'

const idOf = (text: string): WrittenId => {
  const id = new WrittenId()
  for (const char of text) id.push(char.charCodeAt(0))
  return id
}

// Published numbers: ISO/IEC 7812-1, Verhoeff's thesis, ISO 7064.
test.each([
  ['Luhn', isLuhn, '79927398713'],
  ['Verhoeff', isVerhoeff, '2363'],
  ['MOD 11,10', isMod11And10, '69435151530'],
  ['MOD 11-2', isMod11Radix2, '000000021825009'.concat('7')],
] as const)('%s passes a published number', (_, check, number) => {
  expect(check(idOf(number))).toBe(true)
})

const checks = { isLuhn, isVerhoeff, isMod11And10, isMod11Radix2 }

test.each(Object.entries(checks))('%s: exactly one last digit fits, and every wrong digit shows', (_, check) => {
  fc.assert(
    fc.property(fc.stringMatching(/^[0-9]{6,15}$/), fc.nat(), fc.integer({ min: 1, max: 9 }), (body, at, more) => {
      const fitting = [...'0123456789X'].filter((last) => last !== 'X' && check(idOf(body + last)))
      expect(fitting.length).toBeLessThanOrEqual(1)
      const [last] = fitting
      if (last === undefined) return
      const index = at % body.length
      const wrong = (Number(body.charAt(index)) + more) % 10
      expect(check(idOf(body.slice(0, index) + wrong + body.slice(index + 1) + last))).toBe(false)
    }),
  )
})
