/** A JSON text that is a list or an object; undefined for any other text. Numbers that JavaScript can't hold stay as they are written. */
export function parseJson(text: string): unknown {
  const first = text.trimStart()[0]
  if (first !== '[' && first !== '{') return undefined
  try {
    return HUGE_NUMBER.test(text) ? JSON.parse(text, keepHuge) : JSON.parse(text)
  } catch {
    return undefined
  }
}

export function toJson(value: unknown): string {
  try {
    return JSON.stringify(value)
  } catch (error) {
    // Integers of attributes are bigints; looking at every value takes three times as long.
    if (!(error instanceof TypeError)) throw error
    return JSON.stringify(value, (_, inner: unknown) => (typeof inner === 'bigint' ? numberOf(inner) : inner))
  }
}

const numberOf = (value: bigint): number | string =>
  Number.isSafeInteger(Number(value)) ? Number(value) : String(value)

/** A number in a JSON text that may not come back as it was: 16 digits or more, or an exponent. */
const HUGE_NUMBER = /\d{16}|\d[eE]/

interface RawJson {
  rawJSON(text: string): unknown
}
const hasRaw = (value: object): value is RawJson => 'rawJSON' in value

function keepHuge(_key: string, value: unknown, context?: { readonly source?: string }): unknown {
  if (typeof value !== 'number' || context?.source === undefined) return value
  const isSame = Number.isFinite(value) && (!Number.isInteger(value) || Number.isSafeInteger(value))
  if (isSame && context.source.length < 17) return value
  return hasRaw(JSON) ? JSON.rawJSON(context.source) : context.source
}
