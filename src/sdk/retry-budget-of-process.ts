import { RetryBudget } from '../limits/retry/retry-budget.ts'

type Budget = Pick<RetryBudget, 'call' | 'take'>

/** One for the process: the preload and the agent have copies of this module, and an outage is one for all of its calls. */
export function retryBudgetOfProcess(): Budget {
  const known: unknown = Reflect.get(globalThis, symbol)
  if (isBudget(known)) return known
  const made = new RetryBudget()
  Reflect.set(globalThis, symbol, made)
  return made
}

const symbol = Symbol.for('spanwarden.retry-budget')

const isBudget = (value: unknown): value is Budget =>
  typeof value === 'object' &&
  value !== null &&
  typeof Reflect.get(value, 'call') === 'function' &&
  typeof Reflect.get(value, 'take') === 'function'
