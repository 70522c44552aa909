/**
 * Looks an attribute key up by its bytes, without making a string: the id is its index in `keys` + 1, or 0 when it is none of them.
 */
export function keyTable(keys: readonly string[]): (bytes: Uint8Array, start: number, end: number) => number {
  const lookUp = viewKeyTable(keys)
  return (bytes, start, end) => lookUp(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), start, end)
}

/** The same for loops: a DataView compares four bytes at a time, wherever they stand. */
export function viewKeyTable(keys: readonly string[]): (bytes: DataView, start: number, end: number) => number {
  const mask = (1 << Math.ceil(Math.log2(Math.max(4, keys.length * 4)))) - 1
  const slots = new Int16Array(mask + 1)
  const encoded = keys.map((key) => new TextEncoder().encode(key))
  const lengths = Int32Array.from([0, ...encoded.map(({ length }) => length)])
  const lengthMax = lengths.reduce((max, length) => Math.max(max, length), 0)
  // The bytes of the key with id n stand at n * stride.
  const stride = (lengthMax + 4) & ~3
  const known = new Uint8Array(stride * (keys.length + 1))
  const knownView = new DataView(known.buffer)

  encoded.forEach((key, index) => {
    const at = (index + 1) * stride
    known.set(key, at)
    let slot = hash(knownView, at, key.length) & mask
    while (slots[slot] !== 0) slot = (slot + 1) & mask
    slots[slot] = index + 1
  })

  return (bytes, start, end) => {
    const length = end - start
    if (length <= 0 || length > lengthMax) return 0
    let slot = hash(bytes, start, length) & mask
    for (;;) {
      const id = slots[slot] as number
      if (id === 0) return 0
      if (lengths[id] === length && equal(knownView, id * stride, bytes, start, length)) return id
      slot = (slot + 1) & mask
    }
  }
}

/** Attribute names share prefixes, so the end and the middle tell them apart. */
function hash(bytes: DataView, start: number, length: number): number {
  if (length < 4) return bytes.getUint8(start) * 31 + bytes.getUint8(start + length - 1) + length * 7
  const last = Math.imul(bytes.getInt32(start + length - 4, true) ^ length, 0x9e3779b1)
  const mixed = Math.imul((last ^ (last >>> 15)) + bytes.getInt32(start + ((length - 4) >> 1), true), 0x85ebca6b)
  return mixed ^ (mixed >>> 13)
}

function equal(a: DataView, aStart: number, b: DataView, bStart: number, length: number): boolean {
  const last = length - 4
  if (last < 0) {
    let i = 0
    while (i < length && a.getUint8(aStart + i) === b.getUint8(bStart + i)) i++
    return i === length
  }
  for (let i = 0; i < last; i += 4) if (a.getInt32(aStart + i, true) !== b.getInt32(bStart + i, true)) return false
  return a.getInt32(aStart + last, true) === b.getInt32(bStart + last, true)
}
