/**
 * Looks an attribute key up by its bytes, without making a string: the id is its index in `keys` + 1, or 0 when it is none of them.
 */
export function keyTable(keys: readonly string[]): (bytes: Uint8Array, start: number, end: number) => number {
  const size = 1 << Math.ceil(Math.log2(Math.max(4, keys.length * 4)))
  const mask = size - 1
  const slots = new Int16Array(size)
  const encoded = keys.map((key) => new TextEncoder().encode(key))
  const lengthMax = encoded.reduce((max, key) => Math.max(max, key.length), 0)

  encoded.forEach((key, index) => {
    let slot = hash(key, 0, key.length) & mask
    while (slots[slot] !== 0) slot = (slot + 1) & mask
    slots[slot] = index + 1
  })

  return (bytes, start, end) => {
    const length = end - start
    if (length === 0 || length > lengthMax) return 0
    let slot = hash(bytes, start, end) & mask
    for (;;) {
      const id = slots[slot] as number
      if (id === 0) return 0
      const key = encoded[id - 1] as Uint8Array
      if (key.length === length) {
        let i = length - 1
        while (i >= 0 && key[i] === bytes[start + i]) i--
        if (i < 0) return id
      }
      slot = (slot + 1) & mask
    }
  }
}

/** Five bytes and the length tell almost all attribute names apart: they share prefixes, so the end counts most. */
function hash(bytes: Uint8Array, start: number, end: number): number {
  const length = end - start
  let value = length
  value = Math.imul(value, 31) + (bytes[end - 1] as number)
  value = Math.imul(value, 31) + (bytes[start + (length >> 1)] as number)
  value = Math.imul(value, 31) + (bytes[Math.max(start, end - 4)] as number)
  value = Math.imul(value, 31) + (bytes[start + ((length * 3) >> 2)] as number)
  value = Math.imul(value, 31) + (bytes[Math.max(start, end - 7)] as number)
  return value ^ (value >>> 11)
}
