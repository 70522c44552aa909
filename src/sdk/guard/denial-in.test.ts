import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { denialError } from './denial-error.ts'
import { denialIn } from './denial-in.ts'

const denial = denialError({ code: 'BUDGET_EXHAUSTED', rule: 'daily', message: 'the budget is spent' })

/** How libraries put one error into another. */
const WRAPPINGS: readonly ((error: unknown) => unknown)[] = [
  (cause) => new Error('Connection error.', { cause }),
  (error) => new AggregateError([new Error('an outage'), error], 'all have failed'),
  (lastError) => Object.assign(new Error('Failed after 3 attempts'), { lastError, errors: [lastError] }),
  (error) => ({ type: 'error', error }),
  (originalError) => Object.assign(new Error('tool'), { originalError }),
]
const wrapping = fc.array(fc.constantFrom(...WRAPPINGS), { maxLength: 5 })

test('is found in whatever is put around it, and nothing else is', () => {
  fc.assert(
    fc.property(wrapping, (around) => {
      const wrap = (error: unknown): unknown => around.reduce((inner, wrapped) => wrapped(inner), error)
      expect(denialIn(wrap(denial))).toBe(denial)
      expect(denialIn(wrap(new TypeError('fetch failed')))).toBeUndefined()
    }),
  )
})

test.each([[undefined], [null], ['BUDGET_EXHAUSTED'], [{ code: 'BUDGET_EXHAUSTED', name: 'BudgetExhaustedError' }]])(
  'is not in %s',
  (error) => expect(denialIn(error)).toBeUndefined(),
)

test('an error that is its own cause ends the search, and one that throws when it is looked at does not end it', () => {
  const circle = new Error('circle')
  circle.cause = circle
  expect(denialIn(circle)).toBeUndefined()
  const closed = Object.defineProperty(new Error('closed'), 'cause', {
    get() {
      throw new Error('no')
    },
  })
  expect(denialIn(closed)).toBeUndefined()
  expect(denialIn(new AggregateError([closed, denial]))).toBe(denial)
})

test('the search is bounded', () => {
  let looked = 0
  const endless = (): object => ({
    get cause() {
      looked += 1
      return endless()
    },
  })
  expect(denialIn(endless())).toBeUndefined()
  expect(looked).toBeLessThan(100)
})
