import type { WrittenId } from './written-id.ts'

/** Luhn (ISO/IEC 7812-1, annex B) over the digits [from, to). */
export function isLuhn(id: WrittenId, from = 0, to = id.length): boolean {
  let sum = 0
  for (let i = to - 1, isDoubled = false; i >= from; i--, isDoubled = !isDoubled) {
    const digit = isDoubled ? id.digit(i) * 2 : id.digit(i)
    sum += digit > 9 ? digit - 9 : digit
  }
  return sum % 10 === 0
}

/** Sum of digits times weights, from the digit `from` on. */
export function weightedSum(id: WrittenId, weights: readonly number[], from = 0): number {
  let sum = 0
  for (let i = 0; i < weights.length; i++) sum += id.digit(from + i) * (weights[i] as number)
  return sum
}

/** The digits [from, to) modulo `modulus`, behind a number whose remainder is `start`. */
export function remainder(id: WrittenId, modulus: number, from: number, to: number, start = 0): number {
  let rest = start
  for (let i = from; i < to; i++) rest = (rest * 10 + id.digit(i)) % modulus
  return rest
}

/** ISO 7064, MOD 11,10, over all digits. */
export function isMod11And10(id: WrittenId): boolean {
  let product = 10
  for (let i = 0; i < id.length - 1; i++) {
    const sum = (product + id.digit(i)) % 10
    product = ((sum === 0 ? 10 : sum) * 2) % 11
  }
  return (product + id.digit(id.length - 1)) % 10 === 1
}

/** ISO 7064, MOD 11-2, where X is 10. */
export function isMod11Radix2(id: WrittenId): boolean {
  let rest = 0
  for (let i = 0; i < id.length - 1; i++) rest = ((rest + id.digit(i)) * 2) % 11
  const last = id.letter(id.length - 1) === 'X' ? 10 : id.digit(id.length - 1)
  return (rest + last) % 11 === 1
}

/** Verhoeff: the dihedral group D5. */
export function isVerhoeff(id: WrittenId): boolean {
  let check = 0
  for (let i = 0; i < id.length; i++) check = inD5(check, permuted(i % 8, id.digit(id.length - 1 - i)))
  return check === 0
}

function inD5(a: number, b: number): number {
  if (a < 5) return b < 5 ? (a + b) % 5 : 5 + ((a + b) % 5)
  return b < 5 ? 5 + ((a - b + 5) % 5) : (a - b + 5) % 5
}

const PERMUTATION = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4]
function permuted(times: number, digit: number): number {
  let value = digit
  for (let i = 0; i < times; i++) value = PERMUTATION[value] as number
  return value
}

/** Value of a character in base 36: A is 10. */
export const base36 = (id: WrittenId, index: number): number =>
  id.isDigit(index) ? id.digit(index) : (id.chars[index] as number) - 0x37
