import type { AccountState, OpenHold } from './ledger.ts'
import type { NanoUsd } from './nano-usd.ts'

type Row = Record<string, unknown>

export interface HoldRow {
  readonly amount: NanoUsd
  readonly step: number
  readonly keys: readonly string[]
  readonly state: string
}

export const holdRow = (row: Row): HoldRow => ({
  amount: numberIn(row, 'amount'),
  step: numberIn(row, 'step'),
  keys: keysIn(row),
  state: textIn(row, 'state'),
})

export const openHold = (row: Row): OpenHold => ({
  id: textIn(row, 'id'),
  amount: numberIn(row, 'amount'),
  process: textIn(row, 'process'),
  model: textIn(row, 'model'),
  createdAt: numberIn(row, 'created'),
  state: textIn(row, 'state') === 'open' ? 'open' : 'suspense',
})

export const accountState = (row: Row): AccountState => ({
  key: textIn(row, 'key'),
  budget: textIn(row, 'budget'),
  scope: textIn(row, 'scope'),
  value: textIn(row, 'value'),
  window: textIn(row, 'window'),
  endsAt: numberIn(row, 'ends_at'),
  cap: numberIn(row, 'cap'),
  committed: numberIn(row, 'committed'),
  held: numberIn(row, 'held'),
  suspense: numberIn(row, 'suspense'),
})

/** Of the accounts that a hold is in. */
export const keysIn = (row: Row): string[] => {
  const keys: unknown = JSON.parse(textIn(row, 'accounts'))
  return Array.isArray(keys) ? keys.map(String) : []
}

export const numberIn = (row: Row | undefined, column: string): number => {
  const value = row?.[column]
  return typeof value === 'number' ? value : 0
}

export const textIn = (row: Row, column: string): string => {
  const value = row[column]
  return typeof value === 'string' ? value : ''
}
