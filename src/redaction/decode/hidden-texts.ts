import type { Derived } from '../matches.ts'

/** Between two texts: no rule looks across it. */
const BORDER = new Uint8Array([0x0a, 0x00, 0x00, 0x0a])

/** Many short texts as one, so that they are searched at once. What goes beyond one of them does not count. */
export function joinTexts(texts: readonly Derived[]): Derived {
  const places = new Int32Array(texts.length)
  let length = 0
  for (const [i, { bytes }] of texts.entries()) {
    places[i] = length
    length += bytes.length + BORDER.length
  }
  const joined = new Uint8Array(length)
  for (const [i, { bytes }] of texts.entries()) {
    const place = places[i] as number
    joined.set(bytes, place)
    joined.set(BORDER, place + bytes.length)
  }
  return {
    bytes: joined,
    origin(start, end) {
      const index = indexAt(places, start)
      const text = texts[index] as Derived
      const place = places[index] as number
      return end - place > text.bytes.length ? undefined : text.origin(start - place, end - place)
    },
  }
}

/** The last place that is not behind the offset. */
function indexAt(places: Int32Array, offset: number): number {
  let low = 0
  let high = places.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((places[middle] as number) <= offset) low = middle + 1
    else high = middle
  }
  return low - 1
}
