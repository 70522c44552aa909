/** What takes the sensitive parts out of one text; `path`: the keys that lead to it, joined by dots. */
export type RedactText = (text: string, path: string) => string

/** Levels of objects in objects; what lies deeper is masked. */
export const VALUE_DEPTH_MAX = 64
const TOO_DEEP = '[REDACTED:DEPTH]'
/** In place of what could not be read: a getter or `toJSON` that throws. */
const UNREADABLE = '[REDACTED:UNREADABLE]'

/**
 * A copy of the value with every string in it redacted: in objects and their keys, arrays, maps, sets, errors (message, stack, cause, own properties) and in
 * bytes that are UTF-8 text. Numbers that are sensitive (a card, by their own or by their key) become a string. Other primitives, dates and functions stay. Objects with `toJSON`
 * count as what it returns; other instances become plain objects. Cycles stay cycles. The value itself is not changed.
 */
export function redactValue(value: unknown, redact: RedactText): unknown {
  return copyOf(value, { redact, copies: new Map(), depth: 0 }, '')
}

interface Walk {
  readonly redact: RedactText
  readonly copies: Map<object, unknown>
  depth: number
}

function copyOf(value: unknown, walk: Walk, path: string): unknown {
  if (typeof value === 'string') return walk.redact(value, path)
  if (typeof value === 'number' || typeof value === 'bigint') return ofNumber(value, walk, path)
  if (typeof value !== 'object' || value === null || value instanceof Date || value instanceof RegExp) return value
  const known = walk.copies.get(value)
  if (known !== undefined) return known
  if (walk.depth === VALUE_DEPTH_MAX) return TOO_DEEP
  walk.depth++
  try {
    return ofObject(value, walk, path)
  } catch {
    return UNREADABLE
  } finally {
    walk.depth--
  }
}

function ofNumber(value: number | bigint, walk: Walk, path: string): unknown {
  const text = String(value)
  const redacted = walk.redact(text, path)
  return redacted === text ? value : redacted
}

function ofObject(value: object, walk: Walk, path: string): unknown {
  if (value instanceof Uint8Array) return ofBytes(value, walk, path)
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return value
  if (Array.isArray(value)) {
    const copy: unknown[] = []
    walk.copies.set(value, copy)
    for (const item of value) copy.push(copyOf(item, walk, path))
    return copy
  }
  if (value instanceof Map) return ofMap(value, walk, path)
  if (value instanceof Set) {
    const copy = new Set()
    walk.copies.set(value, copy)
    for (const item of value) copy.add(copyOf(item, walk, path))
    return copy
  }
  if (value instanceof Error) return ofError(value, walk, path)
  if ('toJSON' in value && typeof value.toJSON === 'function') {
    const plain: unknown = value.toJSON(path.slice(path.lastIndexOf('.') + 1))
    if (plain !== value) return copyOf(plain, walk, path)
  }
  const copy: Record<string, unknown> = {}
  walk.copies.set(value, copy)
  copyProperties(value, copy, walk, path)
  return copy
}

function ofMap(map: ReadonlyMap<unknown, unknown>, walk: Walk, path: string): Map<unknown, unknown> {
  const copy = new Map<unknown, unknown>()
  walk.copies.set(map, copy)
  for (const [key, item] of map)
    copy.set(copyOf(key, walk, path), copyOf(item, walk, typeof key === 'string' ? joined(path, key) : path))
  return copy
}

/** Stays an error of the same class, so that loggers and `instanceof` see one. */
function ofError(error: Error, walk: Walk, path: string): Error {
  const copy: Error = Object.create(Object.getPrototypeOf(error))
  walk.copies.set(error, copy)
  const hidden = { enumerable: false, configurable: true, writable: true }
  for (const name of ['message', 'stack', 'cause'] as const) {
    if (error[name] === undefined || (name !== 'stack' && !Object.hasOwn(error, name))) continue
    Object.defineProperty(copy, name, { ...hidden, value: copyOf(error[name], walk, path) })
  }
  copyProperties(error, copy, walk, path)
  return copy
}

function copyProperties(from: object, to: object, walk: Walk, path: string): void {
  for (const key of Object.keys(from)) {
    const value = readOf(from, key)
    Object.defineProperty(to, unusedName(to, walk.redact(key, path)), {
      value: value === UNREADABLE ? UNREADABLE : copyOf(value, walk, joined(path, key)),
      enumerable: true,
      configurable: true,
      writable: true,
    })
  }
}

function readOf(from: object, key: string): unknown {
  try {
    return Reflect.get(from, key)
  } catch {
    return UNREADABLE
  }
}

/** Two keys may become the same placeholder: no value is lost. */
function unusedName(to: object, name: string): string {
  let unused = name
  for (let i = 2; Object.hasOwn(to, unused); i++) unused = `${name}#${i}`
  return unused
}

function ofBytes(bytes: Uint8Array, walk: Walk, path: string): unknown {
  const text = textOf(bytes)
  if (text === undefined) return bytes
  const redacted = walk.redact(text, path)
  return redacted === text ? bytes : new TextEncoder().encode(redacted)
}

function textOf(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return undefined
  }
}

const joined = (path: string, key: string): string => (path === '' ? key : `${path}.${key}`)
