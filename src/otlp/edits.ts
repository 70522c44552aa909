import { ProtobufWriter, varintSize } from './protobuf-writer.ts'
import { fieldById, fieldId, REMOVED_FIELD } from './schema.ts'
import type { OtlpView } from './view.ts'
import { NODE_EDIT, NODE_FIELD, NODE_KEY, NODE_SIZE } from './walk.ts'

/** What an attribute appended by a processor can hold. */
export type AttributeValue = string | number | boolean | bigint | readonly string[]

export interface AppendedAttribute {
  readonly key: string
  readonly value: AttributeValue
}

/** A change is eight integers: the bytes [start, end) of the batch become the bytes [from, to) of the replacements. */
const CHANGE_SIZE = 8
const CHANGE_START = 0
const CHANGE_END = 1 // as start: an insertion
const CHANGE_NODE = 2 // the node whose content the range lies in: its length and those of all around it are mended
const CHANGE_FROM = 3
const CHANGE_TO = 4
const CHANGE_PREVIOUS = 5 // index + 1 of the change before this one with the same node
const CHANGE_ATTRIBUTE = 6 // index + 1 of the attribute that it appends

/** Chunks up to this size are copied faster byte by byte than by a call. */
const LOOP_BYTES_MAX = 48

/** Field number of the attributes in the messages that have some, by the field id of the node. */
const attributesField = new Map<number, number>()
for (const [message, name, attributes] of [
  ['ResourceSpans', 'resource', 1],
  ['ResourceMetrics', 'resource', 1],
  ['ResourceLogs', 'resource', 1],
  ['ScopeSpans', 'scope', 3],
  ['ScopeMetrics', 'scope', 3],
  ['ScopeLogs', 'scope', 3],
  ['ScopeSpans', 'spans', 9],
  ['Span', 'events', 3],
  ['Span', 'links', 4],
  ['ScopeLogs', 'logRecords', 6],
] as const) {
  attributesField.set(fieldId(message, name), attributes)
}

const KEY_VALUE_KEY = fieldId('KeyValue', 'key')

/**
 * The changes that processors make to a batch, collected as byte ranges and applied once. Ranges must not overlap;
 * a removed node swallows the changes inside it. Changes are kept as integers and their bytes in one piece of memory: a change
 * costs no object.
 */
export class Edits {
  readonly #view: OtlpView
  readonly #replacements = new ProtobufWriter()
  readonly #attributes: AppendedAttribute[] = []
  #changes = new Int32Array(CHANGE_SIZE * 32)
  #count = 0
  /** Whether the changes came in the order of the bytes so far. */
  #ordered = true

  constructor(view: OtlpView) {
    this.#view = view
    view.edits = this
  }

  get isEmpty(): boolean {
    return this.#count === 0
  }

  /** Replaces the bytes [start, end) inside the content of a string or bytes node. */
  replaceRange(node: number, start: number, end: number, replacement: string | Uint8Array): void {
    if (start < this.#view.body(node) || end > this.#view.end(node) || start > end) {
      throw new RangeError(`an edit of bytes ${start} to ${end} is outside of its field`)
    }
    const from = this.#replacements.length
    if (typeof replacement === 'string') this.#replacements.text(replacement)
    else this.#replacements.raw(replacement)
    this.#link(node, this.#push(start, end, node, from))
    if (this.#view.field(node) === KEY_VALUE_KEY) this.#forgetKey(this.#view.parent(node))
  }

  /** Replaces the whole content of a string or bytes node. */
  replace(node: number, replacement: string | Uint8Array): void {
    this.replaceRange(node, this.#view.body(node), this.#view.end(node), replacement)
  }

  /** Takes the node out of the batch, with everything in it. */
  remove(node: number): void {
    const view = this.#view
    const field = view.field(node)
    if (field === REMOVED_FIELD) return
    this.#push(view.start(node), view.end(node), view.parent(node), this.#replacements.length)
    if (field === KEY_VALUE_KEY) this.#forgetKey(view.parent(node))
    view.nodes[node * NODE_SIZE + NODE_FIELD] = REMOVED_FIELD
  }

  /** Appends encoded Protocol Buffers fields to the message of a node. */
  append(node: number, fields: Uint8Array): void {
    const from = this.#replacements.length
    this.#replacements.raw(fields)
    this.#appendFrom(node, from)
  }

  /** Appends an attribute to a resource, scope, span, event, link or log record. Integers are written as int, other numbers as double. */
  appendAttribute(node: number, key: string, value: AttributeValue, asDouble = false): void {
    const number = attributesField.get(this.#view.field(node))
    if (number === undefined) {
      throw new TypeError(`${fieldById(this.#view.field(node))?.name ?? 'the request'} has no attributes`)
    }
    const from = this.#replacements.length
    this.#replacements.keyValue(number, key, value, asDouble)
    const change = this.#appendFrom(node, from)
    this.#changes[change * CHANGE_SIZE + CHANGE_ATTRIBUTE] = this.#attributes.push({ key, value })
  }

  appendedTo(node: number): readonly AppendedAttribute[] | undefined {
    let appended: AppendedAttribute[] | undefined
    for (const change of this.#changesOf(node)) {
      const attribute = this.#changes[change * CHANGE_SIZE + CHANGE_ATTRIBUTE] as number
      if (attribute === 0) continue
      appended ??= []
      appended.push(this.#attributes[attribute - 1] as AppendedAttribute)
    }
    return appended
  }

  /** Content of an edited string or bytes node after the edits. */
  bodyOf(node: number): Buffer {
    const { bytes } = this.#view
    const replacements = this.#replacements.finish()
    const changes = this.#changes
    const parts: Uint8Array[] = []
    let at = this.#view.body(node)
    for (const index of this.#changesOf(node).sort((a, b) => compare(changes, a, b))) {
      const change = index * CHANGE_SIZE
      parts.push(bytes.subarray(at, changes[change + CHANGE_START]))
      parts.push(replacements.subarray(changes[change + CHANGE_FROM], changes[change + CHANGE_TO]))
      at = changes[change + CHANGE_END] as number
    }
    parts.push(bytes.subarray(at, this.#view.end(node)))
    return Buffer.concat(parts)
  }

  /**
   * The batch with all changes made, in one pass: the same bytes object when there are none.
   * `allocate(size)` gives the memory for the result; it must be at least that long.
   */
  apply(allocate: (size: number) => Buffer = (size) => Buffer.allocUnsafe(size)): Buffer {
    const view = this.#view
    if (this.#count === 0) return view.bytes
    const changes = withoutSwallowed(view, this.#inOrder())
    const { nodes, growths } = lengthsAround(view, changes)
    const size = view.bytes.length + (growths[0] as number)
    const output = allocate(size).subarray(0, size)
    const { bytes } = view
    const replacements = this.#replacements.finish()

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
      to = copy(
        replacements,
        changes[change + CHANGE_FROM] as number,
        changes[change + CHANGE_TO] as number,
        output,
        to,
      )
      from = changes[change + CHANGE_END] as number
    }
    copy(bytes, from, bytes.length, output, to)
    return output
  }

  #appendFrom(node: number, from: number): number {
    const end = this.#view.end(node)
    const change = this.#push(end, end, node, from)
    this.#link(node, change)
    return change
  }

  #push(start: number, end: number, node: number, from: number): number {
    const index = this.#count++
    const change = index * CHANGE_SIZE
    if (change === this.#changes.length) {
      const grown = new Int32Array(this.#changes.length * 2)
      grown.set(this.#changes)
      this.#changes = grown
    }
    const changes = this.#changes
    changes[change + CHANGE_START] = start
    changes[change + CHANGE_END] = end
    changes[change + CHANGE_NODE] = node
    changes[change + CHANGE_FROM] = from
    changes[change + CHANGE_TO] = this.#replacements.length
    if (this.#ordered && index > 0) this.#ordered = compare(changes, index - 1, index) < 0
    return index
  }

  /** The node carries the index + 1 of its last change. */
  #link(node: number, change: number): void {
    const { nodes } = this.#view
    this.#changes[change * CHANGE_SIZE + CHANGE_PREVIOUS] = nodes[node * NODE_SIZE + NODE_EDIT] as number
    nodes[node * NODE_SIZE + NODE_EDIT] = change + 1
  }

  /** Changes of the content of one node, as they were made. */
  #changesOf(node: number): number[] {
    const changes: number[] = []
    let last = this.#view.nodes[node * NODE_SIZE + NODE_EDIT] as number
    while (last !== 0) {
      changes.push(last - 1)
      last = this.#changes[(last - 1) * CHANGE_SIZE + CHANGE_PREVIOUS] as number
    }
    return changes.reverse()
  }

  #inOrder(): Int32Array {
    const changes = this.#changes.subarray(0, this.#count * CHANGE_SIZE)
    if (this.#ordered) return changes
    const order = Array.from({ length: this.#count }, (_, i) => i).sort((a, b) => compare(changes, a, b))
    const sorted = new Int32Array(changes.length)
    order.forEach((index, i) => {
      sorted.set(changes.subarray(index * CHANGE_SIZE, (index + 1) * CHANGE_SIZE), i * CHANGE_SIZE)
    })
    return sorted
  }

  #forgetKey(keyValue: number): void {
    this.#view.nodes[keyValue * NODE_SIZE + NODE_KEY] = 0
  }
}

/**
 * Order of two changes, by their indexes. At one place an insertion comes before what is replaced there, the one into the inner
 * message before the one into the outer, then the one that was made first.
 */
function compare(changes: Int32Array, a: number, b: number): number {
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

/** Without the changes inside a removed node. Throws when two others overlap. */
function withoutSwallowed(view: OtlpView, sorted: Int32Array): Int32Array {
  const kept = new Int32Array(sorted.length)
  let size = 0
  let from = -1
  let until = -1
  for (let change = 0; change < sorted.length; change += CHANGE_SIZE) {
    const start = sorted[change] as number
    const end = sorted[change + CHANGE_END] as number
    const node = sorted[change + CHANGE_NODE] as number
    if (start <= until && node !== 0 && view.start(node) >= from && view.end(node) <= until) continue
    if (start < until) throw new RangeError(`two edits overlap at byte ${start}`)
    if (end > start) [from, until] = [start, end]
    for (let i = 0; i < CHANGE_SIZE; i++) kept[size++] = sorted[change + i] as number
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
  for (let change = 0; change < changes.length; change += CHANGE_SIZE) {
    const node = changes[change + CHANGE_NODE] as number
    let depth = open.length
    while (
      node < (nodes[open[depth - 1] as number] as number) ||
      node >= view.next(nodes[open[depth - 1] as number] as number)
    )
      depth--
    closeUntil(depth)
    const around = nodes[open[depth - 1] as number] as number
    for (let n = node; n !== around; n = view.parent(n)) path.push(n)
    while (path.length > 0) {
      open.push(nodes.length)
      nodes.push(path.pop() as number)
      growths.push(0)
    }
    const at = open.at(-1) as number
    const replaced = (changes[change + CHANGE_END] as number) - (changes[change] as number)
    const by = (changes[change + CHANGE_TO] as number) - (changes[change + CHANGE_FROM] as number)
    growths[at] = (growths[at] as number) + by - replaced
  }
  closeUntil(1)
  return { nodes, growths }
}

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

function writeVarint(output: Uint8Array, at: number, value: number): number {
  let rest = value
  let to = at
  while (rest > 0x7f) {
    output[to++] = (rest & 0x7f) | 0x80
    rest = Math.floor(rest / 128)
  }
  output[to++] = rest
  return to
}
