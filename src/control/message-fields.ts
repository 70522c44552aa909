/** A message is not as the protocol has it. Says which field, and nothing of what is in it. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError'
}

/** Reads the value of a field. Throws ProtocolError with the field's name. */
export type Field<T> = (value: unknown, name: string) => T

/** An object of known fields; others are left out. */
export function fields<T extends object>(shape: { readonly [K in keyof T]-?: Field<T[K]> }): Field<T> {
  const known = Object.entries<Field<unknown>>(shape)
  return (value, name) => {
    const from = record(value, name)
    const read: Record<string, unknown> = {}
    for (const [key, field] of known) {
      const one = field(Object.hasOwn(from, key) ? from[key] : undefined, name === '' ? key : `${name}.${key}`)
      if (one !== undefined) read[key] = one
    }
    return read as T
  }
}

/** A message of one of these types. */
export function messageOf<T extends { readonly type: string }>(shapes: {
  readonly [Type in T['type']]: Field<Extract<T, { readonly type: Type }>>
}): (value: unknown) => T {
  const byType = new Map<unknown, Field<T>>(Object.entries<Field<T>>(shapes))
  return (value) => {
    const field = byType.get(record(value, 'the message')['type'])
    if (field === undefined) throw new ProtocolError('the type of a message is not known')
    return field(value, '')
  }
}

export const optional =
  <T>(field: Field<T>): Field<T | undefined> =>
  (value, name) =>
    value === undefined ? undefined : field(value, name)

/** Exactly this text. */
export const word = <T extends string>(expected: T): Field<T> => oneOf([expected])

export const oneOf = <T extends string>(words: readonly T[]): Field<T> => {
  const known = new Map<unknown, T>(words.map((one) => [one, one]))
  return (value, name) => known.get(value) ?? wrong(name)
}

export const flag: Field<boolean> = (value, name) => (typeof value === 'boolean' ? value : wrong(name))

/** A whole number, not negative and exact: nano-USD, milliseconds, a count. */
export const count: Field<number> = (value, name) =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : wrong(name)

/** Milliseconds, which may have a fraction. */
export const milliseconds: Field<number> = (value, name) =>
  typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : wrong(name)

/** Chosen at random, or a trace or span id: printable and short. */
export const id: Field<string> = (value, name) =>
  typeof value === 'string' && /^[\x21-\x7e]{1,128}$/.test(value) ? value : wrong(name)

/** Of an agent, a tool, a model: a line of text. */
export const label: Field<string> = (value, name) =>
  typeof value === 'string' && value.length <= LABEL_CHARS_MAX && !CONTROL.test(value) ? value : wrong(name)

/** A sentence, or a structure as text. */
export const sentence: Field<string> = (value, name) =>
  typeof value === 'string' && value.length <= SENTENCE_CHARS_MAX ? value : wrong(name)

export const listOf =
  <T>(field: Field<T>, max: number): Field<readonly T[]> =>
  (value, name) =>
    Array.isArray(value) && value.length <= max ? value.map((one) => field(one, name)) : wrong(name)

export const mapOf =
  <T>(field: Field<T>, max: number): Field<Readonly<Record<string, T>>> =>
  (value, name) => {
    const entries = Object.entries(record(value, name))
    if (entries.length > max) return wrong(name)
    return Object.fromEntries(entries.map(([key, one]) => [label(key, name), field(one, name)]))
  }

/** Characters of a name; longer ones are cut by who sends them. */
export const LABEL_CHARS_MAX = 256
export const SENTENCE_CHARS_MAX = 2000
const CONTROL = /[\p{Cc}\p{Cs}\u2028\u2029]/u

const record = (value: unknown, name: string): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? Object(value) : wrong(name)

function wrong(name: string): never {
  throw new ProtocolError(`${name} is missing or wrong`)
}
