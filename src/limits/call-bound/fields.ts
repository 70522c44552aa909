/** An object of a request, whose fields may be anything. */
export type Fields = Readonly<Record<string, unknown>>

export const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null

const NONE: Fields = Object.freeze({})

export const fieldsOf = (value: unknown): Fields => (isFields(value) ? value : NONE)

export const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])

export const textOf = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined

/** A whole number, 0 or more; undefined when it is absent, NaN when it is anything else: what is not understood must not count as nothing. */
export const countOf = (value: unknown): number | undefined =>
  value === undefined || value === null
    ? undefined
    : typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
      ? value
      : Number.NaN

/** `maxOutputTokens` as `max_output_tokens`. */
export const snakeCased = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)

/** What stands at a path of names; undefined where there is none. */
export const valueAt = (body: unknown, path: readonly string[]): unknown =>
  path.reduce((value, key) => fieldsOf(value)[key], body)

/** A copy in which `value` stands at the path; everything else is shared with the original. */
export function withValueAt(body: Fields, [key, ...rest]: readonly string[], value: unknown): Fields {
  if (key === undefined) return body
  return { ...body, [key]: rest.length === 0 ? value : withValueAt(fieldsOf(body[key]), rest, value) }
}
