import { varintSize, writeVarint } from './protobuf-writer.ts'
import type { OtlpView } from './view.ts'

/**
 * A change is eight integers: the bytes [start, end) of the batch become the bytes [from, to) of the replacements.
 */
export const CHANGE_SIZE = 8
export const CHANGE_START = 0
export const CHANGE_END = 1 // as start: an insertion
export const CHANGE_NODE = 2 // the node whose content the range lies in: its length and those of all around it are mended
export const CHANGE_FROM = 3
export const CHANGE_TO = 4
export const CHANGE_PREVIOUS = 5 // index + 1 of the change before this one with the same node
export const CHANGE_ATTRIBUTE = 6 // index + 1 of the attribute that it appends

/** Chunks up to this size are copied faster byte by byte than by a call. */
const LOOP_BYTES_MAX = 48

/**
 * Makes ordered changes in one pass over the bytes: what did not change is copied, the lengths of all messages around a change are
 * mended. Changes inside a removed node are left out; two that overlap throw a RangeError.
 */
export function applyChanges(
  view: OtlpView,
  ordered: Int32Array,
  replacements: Buffer,
  allocate: (size: number) => Buffer,
): Buffer {
  const changes = withoutSwallowed(view, ordered)
  const { nodes, growths } = lengthsAround(view, changes)
  const size = view.bytes.length + (growths[0] as number)
  const output = allocate(size).subarray(0, size)
  const { bytes } = view

  let from = 0
  let to = 0
  let next = 1
  for (let change = 0; change < changes.length; change += CHANGE_SIZE) {
    const start = changes[change + CHANGE_START] as number
    // The lengths of all messages that begin before the change.
    for (; next < nodes.length; next++) {
      const node = nodes[next] as number
      const body = view.body(node)
      if (body > start) break
      const lengthStart = afterTag(bytes, view.start(node))
      to = copy(bytes, from, lengthStart, output, to)
      to = writeVarint(output, to, view.end(node) - body + (growths[next] as number))
      from = body
    }
    to = copy(bytes, from, start, output, to)
    to = copy(replacements, changes[change + CHANGE_FROM] as number, changes[change + CHANGE_TO] as number, output, to)
    from = changes[change + CHANGE_END] as number
  }
  copy(bytes, from, bytes.length, output, to)
  return output
}

/**
 * Order of two changes, by their indexes. At one place an insertion comes before what is replaced there, the one into the inner
 * message before the one into the outer, then the one that was made first.
 */
export function compareChanges(changes: Int32Array, a: number, b: number): number {
  const x = a * CHANGE_SIZE
  const y = b * CHANGE_SIZE
  const xStart = changes[x] as number
  const yStart = changes[y] as number
  if (xStart !== yStart) return xStart - yStart
  const xInserts = changes[x + CHANGE_END] === xStart
  const yInserts = changes[y + CHANGE_END] === yStart
  if (xInserts !== yInserts) return xInserts ? -1 : 1
  return (changes[y + CHANGE_NODE] as number) - (changes[x + CHANGE_NODE] as number) || a - b
}

/** The changes in order, when they are in order from each of `starts` to the next: the same array when there is one start. */
export function mergeRuns(changes: Int32Array, starts: readonly number[]): Int32Array {
  let sorted = changes
  let runs = [...starts, changes.length / CHANGE_SIZE]
  while (runs.length > 2) {
    const merged = new Int32Array(changes.length)
    for (let i = 0; i + 1 < runs.length; i += 2) mergeTwoRuns(sorted, merged, runs, i)
    runs = [...runs.slice(0, -1).filter((_, i) => i % 2 === 0), runs.at(-1) as number]
    sorted = merged
  }
  return sorted
}

/** Merges the runs i and i + 1 of `from` into `to`, at the same place; what was made first comes first where two are equal. */
function mergeTwoRuns(from: Int32Array, to: Int32Array, runs: readonly number[], i: number): void {
  let left = runs[i] as number
  const leftEnd = runs[i + 1] as number
  let right = leftEnd
  const end = runs[i + 2] ?? leftEnd
  for (let write = left; write < end; write++) {
    const isLeft = left < leftEnd && (right === end || compareChanges(from, left, right) < 0)
    const read = (isLeft ? left++ : right++) * CHANGE_SIZE
    for (let k = 0; k < CHANGE_SIZE; k++) to[write * CHANGE_SIZE + k] = from[read + k] as number
  }
}

/** Without the changes inside a removed node. Throws when two others overlap. */
function withoutSwallowed(view: OtlpView, sorted: Int32Array): Int32Array {
  let kept = sorted
  let size = 0
  let from = -1
  let until = -1
  for (let change = 0; change < sorted.length; change += CHANGE_SIZE) {
    const start = sorted[change] as number
    const end = sorted[change + CHANGE_END] as number
    if (start <= until) {
      const node = sorted[change + CHANGE_NODE] as number
      if (node !== 0 && view.start(node) >= from && view.end(node) <= until) {
        if (kept === sorted) kept = sorted.slice()
        continue
      }
      if (start < until) throw new RangeError(`two edits overlap at byte ${start}`)
    }
    if (end > start) [from, until] = [start, end]
    if (kept !== sorted) kept.set(sorted.subarray(change, change + CHANGE_SIZE), size)
    size += CHANGE_SIZE
  }
  return kept.subarray(0, size)
}

/**
 * The nodes around the changes, in the order of the bytes, and by how many bytes the content of each grows: by its changes, by
 * what is inside it, and by the lengths of what is inside it. The first is the request itself, which has no length on the wire.
 */
function lengthsAround(view: OtlpView, changes: Int32Array): { nodes: number[]; growths: number[] } {
  const nodes = [0]
  const growths = [0]
  /** Where the nodes stand that are around the last change, the outermost first. */
  const open = [0]
  const path: number[] = []
  const closeUntil = (depth: number): void => {
    while (open.length > depth) {
      const inner = open.pop() as number
      const node = nodes[inner] as number
      const growth = growths[inner] as number
      const body = view.body(node)
      const lengthSize = body - afterTag(view.bytes, view.start(node))
      const outer = open.at(-1) as number
      growths[outer] = (growths[outer] as number) + growth + varintSize(view.end(node) - body + growth) - lengthSize
    }
  }
  const openAround = (node: number): void => {
    let depth = open.length
    while (depth > 1 && !isWithin(view, node, nodes[open[depth - 1] as number] as number)) depth--
    closeUntil(depth)
    const around = nodes[open[depth - 1] as number] as number
    for (let n = node; n !== around; n = view.parent(n)) path.push(n)
    while (path.length > 0) {
      open.push(nodes.length)
      nodes.push(path.pop() as number)
      growths.push(0)
    }
  }
  let last = 0
  for (let change = 0; change < changes.length; change += CHANGE_SIZE) {
    const node = changes[change + CHANGE_NODE] as number
    if (node !== last) openAround(node)
    last = node
    const at = open.at(-1) as number
    const replaced = (changes[change + CHANGE_END] as number) - (changes[change] as number)
    const by = (changes[change + CHANGE_TO] as number) - (changes[change + CHANGE_FROM] as number)
    growths[at] = (growths[at] as number) + by - replaced
  }
  closeUntil(1)
  return { nodes, growths }
}

const isWithin = (view: OtlpView, node: number, outer: number): boolean => node >= outer && node < view.next(outer)

/** Copies [from, end) and returns the offset behind it in the output. */
function copy(bytes: Buffer, from: number, end: number, output: Buffer, to: number): number {
  const size = end - from
  if (size <= 0) return to
  if (size > LOOP_BYTES_MAX) bytes.copy(output, to, from, end)
  else for (let i = 0; i < size; i++) output[to + i] = bytes[from + i] as number
  return to + size
}

function afterTag(bytes: Uint8Array, start: number): number {
  let at = start
  while ((bytes[at] as number) >= 0x80) at++
  return at + 1
}
