import { isFields } from '../fields.ts'
import type { Fields } from '../fields.ts'

/** The fields of an object under the names that they have on the wire; what is in them stays as it is. */
export function wireFields(value: Fields): Fields {
  const named: Record<string, unknown> = {}
  for (const key of Object.keys(value)) named[wireName(key)] = value[key]
  return named
}

/** The same for all that is in it. */
export function wireNames(value: unknown, depth = 0): unknown {
  if (depth > DEPTH_MAX || !isFields(value) || ArrayBuffer.isView(value)) return value
  if (Array.isArray(value)) return value.map((item) => wireNames(item, depth + 1))
  const named: Record<string, unknown> = {}
  for (const key of Object.keys(value)) named[wireName(key)] = wireNames(value[key], depth + 1)
  return named
}

/** Nesting that is looked at. */
const DEPTH_MAX = 32

function wireName(key: string): string {
  const known = names.get(key)
  if (known !== undefined) return known
  if (names.size >= NAMES_MAX) names.clear()
  const name = key.replace(CAPITAL, (letter) => `_${letter.toLowerCase()}`)
  names.set(key, name)
  return name
}

const CAPITAL = /[A-Z]/g
/** Names kept; one more starts the map anew. */
const NAMES_MAX = 1_000
const names = new Map<string, string>()
