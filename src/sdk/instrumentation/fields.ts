/**
 * Reading values that a library or a provider made. Their types are promises of somebody else, so each read checks:
 * a field of the wrong type counts as absent and never throws.
 */
export type Fields = Readonly<Record<string, unknown>>

const NO_FIELDS: Fields = Object.freeze({})

export const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null

/** The value as an object; an empty one when it is none. */
export const fieldsOf = (value: unknown): Fields => (isFields(value) ? value : NO_FIELDS)

export const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])

/** What stands under a symbol with this description. */
export function symbolOf(target: unknown, description: string): unknown {
  if (!isFields(target)) return undefined
  const symbol = Object.getOwnPropertySymbols(target).find((one) => one.description === description)
  return symbol === undefined ? undefined : Reflect.get(target, symbol)
}

export const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)

/** A string with at least one character. */
export const nameOf = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined

export const numberOf = (value: unknown): number | undefined =>
  typeof value === 'number' && Number.isFinite(value) ? value : undefined

/** A number of things: an integer, zero or more. */
export const countOf = (value: unknown): number | undefined =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined

export const textsOf = (value: unknown): string[] | undefined =>
  typeof value === 'string'
    ? [value]
    : Array.isArray(value)
      ? value.filter((item) => typeof item === 'string')
      : undefined
