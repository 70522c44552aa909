import { LABEL_COUNT } from './name-tagger.ts'
import type { NameWeights } from './name-tagger.ts'
import { NAME_MODEL } from './name-model.gen.ts'
import { SET_COUNT, WordSets } from './word-sets.ts'

export interface NameModel {
  readonly weights: NameWeights
  readonly sets: WordSets
}

const LEVELS = 16

/** Unpacks the model that conventions/train-names.ts wrote. */
export function loadNameModel(): NameModel {
  return unpackNameModel(Uint8Array.from(atob(NAME_MODEL), (char) => char.charCodeAt(0)))
}

/**
 * One byte array, little-endian: levels and transitions (float32), number of rows and sizes of the lists (uint32), the lists, a bit for each row that is
 * not zero, those rows.
 */
export function packNameModel(weights: NameWeights, filters: readonly Uint8Array[]): Uint8Array {
  const { rows } = weights
  const head = new Uint8Array(HEAD_BYTES)
  const view = new DataView(head.buffer)
  for (const [index, value] of [...weights.levels, ...weights.transitions].entries())
    view.setFloat32(index * 4, value, true)
  for (const [index, value] of [rows.length, ...filters.map(({ length }) => length)].entries())
    view.setUint32((FLOATS + index) * 4, value, true)
  const used = new Uint8Array(rows.length / 8)
  for (const [row, value] of rows.entries())
    if (value !== 0) used[row >>> 3] = (used[row >>> 3] as number) | (1 << (row & 7))
  const parts = [head, ...filters, used, rows.filter((value) => value !== 0)]
  const packed = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    packed.set(part, at)
    at += part.length
  }
  return packed
}

export function unpackNameModel(packed: Uint8Array): NameModel {
  const view = new DataView(packed.buffer, packed.byteOffset, packed.length)
  const floats = (count: number, from: number): Float32Array =>
    Float32Array.from({ length: count }, (_, index) => view.getFloat32((from + index) * 4, true))
  let at = HEAD_BYTES
  const filters = Array.from({ length: SET_COUNT }, (_, index) => {
    const size = view.getUint32((FLOATS + 1 + index) * 4, true)
    at += size
    return packed.subarray(at - size, at)
  })
  const rows = new Uint8Array(view.getUint32(FLOATS * 4, true))
  let next = at + rows.length / 8
  for (let row = 0; row < rows.length; row++)
    if (((packed[at + (row >>> 3)] as number) & (1 << (row & 7))) !== 0) rows[row] = packed[next++] as number
  const weights = { levels: floats(LEVELS, 0), transitions: floats(LABEL_COUNT * LABEL_COUNT, LEVELS), rows }
  return { weights, sets: new WordSets(filters) }
}

const FLOATS = LEVELS + LABEL_COUNT * LABEL_COUNT
const HEAD_BYTES = (FLOATS + 1 + SET_COUNT) * 4
