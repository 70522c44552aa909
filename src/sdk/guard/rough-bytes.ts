/** Values looked at, beyond which a value is taken for larger than any limit. */
const VALUES_MAX = 20_000
const POINTER_BYTES = 16

/** About how many bytes a value holds in memory; looks no further once that is more than `max`. Calls nothing of the value's own: getters are left alone. */
export function roughBytes(value: unknown, max: number): number {
  const seen = new Set<object>()
  const rest: unknown[] = [value]
  let bytes = 0
  for (let looked = 0; rest.length > 0; looked++) {
    if (looked >= VALUES_MAX || bytes > max) return Math.max(bytes, max + 1)
    const one = rest.pop()
    bytes += POINTER_BYTES
    if (typeof one === 'string') bytes += one.length * 2
    if (typeof one !== 'object' || one === null || seen.has(one)) continue
    seen.add(one)
    if (one instanceof ArrayBuffer || ArrayBuffer.isView(one)) bytes += one.byteLength
    else if (Array.isArray(one) && one.length > VALUES_MAX) bytes = max + 1
    else rest.push(...membersOf(one))
  }
  return bytes
}

function membersOf(value: object): unknown[] {
  if (value instanceof Map) return [...value.keys(), ...value.values()]
  if (value instanceof Set) return [...value]
  return Object.values(Object.getOwnPropertyDescriptors(value)).map((member): unknown => member.value)
}
