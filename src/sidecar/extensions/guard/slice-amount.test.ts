import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { sliceAmount } from './slice-amount.ts'

const CAP = 5_000_000_000

test('a slice is what is asked for at least, and a sixteenth of what is left at most', () => {
  fc.assert(
    fc.property(fc.nat(CAP), fc.nat(1000), fc.nat(CAP), (left, open, asked) => {
      const amount = sliceAmount(left, open, asked)
      const isRight = amount === undefined ? asked > left / 16 : amount >= asked && amount <= left / 16
      expect(isRight).toBe(true)
    }),
  )
})

test('processes that draw slices and use nothing leave nine tenths to the others', () => {
  for (const processes of [1, 8, 50, 400]) {
    let left = CAP
    for (let open = 0; open < processes; open++) left -= sliceAmount(left, open, 100) ?? 0
    expect(left).toBeGreaterThan(CAP * (processes <= 50 ? 0.9 : 0.88))
  }
})

test('8 processes with 50 calls each use 90 % of a cap that is 4,000 of their bounds', () => {
  const bound = CAP / 4000
  // A call costs a third of its bound. Each process has one slice at a time; calls for which there is none are held for by themselves.
  const processes = Array.from({ length: 8 }, () => ({ slice: 0, isUsing: true }))
  let [committed, held] = [0, 0]
  for (let denied = 0; denied < processes.length * 50;) {
    for (const one of processes) {
      for (let call = 0; call < 50; call++) {
        if (one.slice < bound) {
          held -= one.slice
          one.slice = sliceAmount(CAP - committed - held, processes.length - 1, 4 * bound) ?? 0
          held += one.slice
        }
        const isSliced = one.slice >= bound
        if (!isSliced && committed + held + bound > CAP) {
          denied++
          continue
        }
        denied = 0
        committed += bound / 3
        if (isSliced) {
          one.slice -= bound / 3
          held -= bound / 3
        }
      }
    }
  }
  expect(committed).toBeGreaterThan(CAP * 0.9)
  expect(committed + held).toBeLessThanOrEqual(CAP + 1)
})
