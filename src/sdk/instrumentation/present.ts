import type { Attributes } from '@opentelemetry/api'

/** The attributes that have a value. */
export function present(entries: Readonly<Record<string, Attributes[string] | undefined>>): Attributes {
  const attributes: Attributes = {}
  for (const key in entries) {
    const value = entries[key]
    if (value !== undefined) attributes[key] = value
  }
  return attributes
}
