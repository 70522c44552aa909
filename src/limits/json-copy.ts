import { BODY_DEPTH_MAX } from './call-bound/content-size.ts'

/**
 * What JSON.stringify would write now, as a value of its own: whoever has the original can't change it any more, and what runs in it (`toJSON`, getters) runs once. Texts are shared.
 * Throws where it is nested deeper than is looked at, and what the value's own code throws.
 */
export function jsonCopy(value: unknown, key = '', depth = 0): unknown {
  if (depth > BODY_DEPTH_MAX) throw new RangeError('nested too deep to be copied')
  const plain = unboxed(replaced(value, key))
  if (typeof plain === 'number') return Number.isFinite(plain) ? plain : null
  if (typeof plain === 'function' || typeof plain === 'symbol') return undefined
  if (typeof plain !== 'object' || plain === null || isRaw(plain)) return plain
  if (Array.isArray(plain))
    return Array.from({ length: plain.length }, (_, at) => jsonCopy(plain[at], String(at), depth + 1) ?? null)
  const entries = Object.keys(plain).map((name) => [name, jsonCopy(Reflect.get(plain, name), name, depth + 1)] as const)
  return Object.fromEntries(entries.filter(([, member]) => member !== undefined))
}

function replaced(value: unknown, key: string): unknown {
  const holder: unknown = typeof value === 'bigint' ? Object(value) : value
  const toJSON: unknown = typeof holder === 'object' && holder !== null ? Reflect.get(holder, 'toJSON') : undefined
  return typeof toJSON === 'function' ? Reflect.apply(toJSON, value, [key]) : value
}

/** Texts, numbers and booleans made with `new`. */
const unboxed = (value: unknown): unknown =>
  typeof value === 'object' && value !== null && BOXED.has(Object.prototype.toString.call(value))
    ? value.valueOf()
    : value

const BOXED: ReadonlySet<string> = new Set(['[object String]', '[object Number]', '[object Boolean]'])

/** A text of its own for one number or word; it is frozen. */
function isRaw(value: object): boolean {
  const isRawJson: unknown = Reflect.get(JSON, 'isRawJSON')
  return typeof isRawJson === 'function' && isRawJson(value) === true
}
