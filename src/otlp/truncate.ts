import { Edits } from './edits.ts'
import { fieldId } from './schema.ts'
import type { Signal } from './schema.ts'
import { itemFields } from './split.ts'
import { OtlpView } from './view.ts'

/** What is left of a value at least: the beginning of a text says what it was. */
export const VALUE_BYTES_MIN = 256

const STRING = fieldId('AnyValue', 'stringValue')
const BYTES = fieldId('AnyValue', 'bytesValue')
/** What can be as long as anybody likes and is worth less than the item that it stands in. */
const cuttable = new Set([STRING, BYTES, fieldId('Span', 'name'), fieldId('Status', 'message')])

export interface Truncated {
  readonly bytes: Buffer
  /** Bytes of values that are gone. */
  readonly cutBytes: number
}

/**
 * Cuts the longest values of a request down to one length, so that the request has `bytesMax` bytes or, where short values alone are more, as few as can
 * be. Each item is marked with an attribute `markKey`: how many bytes are gone. Returns undefined when nothing is long enough to be cut. Throws OtlpError
 * when the bytes are not a request of that signal.
 */
export function truncateRequest(
  signal: Signal,
  bytes: Uint8Array,
  bytesMax: number,
  markKey: string,
): Truncated | undefined {
  const view = new OtlpView(signal, bytes)
  try {
    const values: number[] = []
    const items: number[] = []
    for (let n = 1; n < view.count; n++) {
      if (itemFields.has(view.field(n))) items.push(n)
      else if (cuttable.has(view.field(n)) && lengthOf(view, n) > VALUE_BYTES_MIN) values.push(n)
    }
    if (values.length === 0) return undefined
    const tooMany = bytes.length + items.length * markBytes(markKey) - bytesMax
    const length = commonLength(
      values.map((value) => lengthOf(view, value)),
      tooMany,
    )
    return cut(view, values, items, length, markKey)
  } finally {
    view.release()
  }
}

/** The length to which all longer values have to be cut, so that at least `tooMany` bytes go. */
function commonLength(lengths: readonly number[], tooMany: number): number {
  const longestFirst = lengths.toSorted((a, b) => b - a)
  let sum = 0
  for (const [i, length] of longestFirst.entries()) {
    sum += length
    const shortest = Math.floor((sum - tooMany) / (i + 1))
    if (shortest >= (longestFirst[i + 1] ?? 0)) return Math.max(shortest, VALUE_BYTES_MIN)
  }
  return VALUE_BYTES_MIN
}

function cut(
  view: OtlpView,
  values: readonly number[],
  items: readonly number[],
  length: number,
  markKey: string,
): Truncated | undefined {
  const edits = new Edits(view)
  let cutBytes = 0
  for (const value of values) {
    if (lengthOf(view, value) <= length) continue
    let end = view.body(value) + length
    // Not in the middle of a character.
    if (view.field(value) !== BYTES) while (isContinuation(view.bytes[end])) end--
    cutBytes += view.end(value) - end
    edits.replaceRange(value, end, view.end(value), '')
  }
  if (cutBytes === 0) return undefined
  for (const item of items) edits.appendAttribute(item, markKey, cutBytes)
  return { bytes: Buffer.from(edits.apply()), cutBytes }
}

const lengthOf = (view: OtlpView, node: number): number => view.end(node) - view.body(node)
const isContinuation = (byte: number | undefined): boolean => byte !== undefined && (byte & 0xc0) === 0x80

/** An attribute with this key and a number, and what the lengths around it may grow by. */
const markBytes = (key: string): number => key.length + 32
