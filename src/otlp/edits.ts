import { ProtobufWriter, varintSize } from './protobuf-writer.ts'
import { fieldById, fieldId, REMOVED_FIELD } from './schema.ts'
import type { OtlpView } from './view.ts'
import { NODE_BODY, NODE_EDIT, NODE_END, NODE_FIELD, NODE_KEY, NODE_PARENT, NODE_SIZE, NODE_START } from './walk.ts'

/** What an attribute appended by a processor can hold. */
export type AttributeValue = string | number | boolean | bigint | readonly string[]

export interface AppendedAttribute {
  readonly key: string
  readonly value: AttributeValue
}

interface Change {
  /** Byte range of the original batch that is replaced; an empty range is an insertion. */
  readonly start: number
  readonly end: number
  readonly replacement: Uint8Array
  /** The node whose content the range lies in: its length and those of all around it are mended. */
  readonly node: number
}

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
 * a removed node swallows the changes inside it.
 */
export class Edits {
  readonly #view: OtlpView
  readonly #changes: Change[] = []
  readonly #appended = new Map<number, AppendedAttribute[]>()
  /** Index of the changes by their node, made when a consumer reads an edited node. */
  readonly #byNode = new Map<number, Change[]>()
  #indexed = 0

  constructor(view: OtlpView) {
    this.#view = view
    view.edits = this
  }

  get isEmpty(): boolean {
    return this.#changes.length === 0
  }

  /** Replaces the bytes [start, end) inside the content of a string or bytes node. */
  replaceRange(node: number, start: number, end: number, replacement: string | Uint8Array): void {
    if (start < this.#view.body(node) || end > this.#view.end(node) || start > end) {
      throw new RangeError(`an edit of bytes ${start} to ${end} is outside of its field`)
    }
    const bytes = typeof replacement === 'string' ? Buffer.from(replacement) : replacement
    this.#changes.push({ start, end, replacement: bytes, node })
    this.#mark(node)
    if (this.#view.field(node) === KEY_VALUE_KEY) this.#forgetKey(this.#view.parent(node))
  }

  /** Replaces the whole content of a string or bytes node. */
  replace(node: number, replacement: string | Uint8Array): void {
    this.replaceRange(node, this.#view.body(node), this.#view.end(node), replacement)
  }

  /** Takes the node out of the batch, with everything in it. */
  remove(node: number): void {
    const { start, end, parent } = this.#range(node)
    this.#changes.push({ start, end, replacement: new Uint8Array(0), node: parent })
    this.#view.nodes[node * NODE_SIZE + NODE_FIELD] = REMOVED_FIELD
  }

  /** Appends encoded Protocol Buffers fields to the message of a node. */
  append(node: number, fields: Uint8Array): void {
    const end = this.#view.end(node)
    this.#changes.push({ start: end, end, replacement: fields, node })
  }

  /** Appends an attribute to a resource, scope, span, event, link or log record. Integers are written as int, other numbers as double. */
  appendAttribute(node: number, key: string, value: AttributeValue, asDouble = false): void {
    const number = attributesField.get(this.#view.field(node))
    if (number === undefined) {
      throw new TypeError(`${fieldById(this.#view.field(node))?.name ?? 'the request'} has no attributes`)
    }
    this.append(node, new ProtobufWriter().keyValue(number, key, value, asDouble).finish())
    const attributes = this.#appended.get(node)
    if (attributes === undefined) this.#appended.set(node, [{ key, value }])
    else attributes.push({ key, value })
  }

  appendedTo(node: number): readonly AppendedAttribute[] | undefined {
    return this.#appended.get(node)
  }

  /** Content of an edited string or bytes node after the edits. */
  bodyOf(node: number): Buffer {
    const { bytes } = this.#view
    const parts: Uint8Array[] = []
    let at = this.#view.body(node)
    for (const change of (this.#changesByNode().get(node) ?? []).toSorted(byPosition)) {
      parts.push(bytes.subarray(at, change.start), change.replacement)
      at = change.end
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
    if (this.#changes.length === 0) return view.bytes
    const changes = withoutSwallowed(view, this.#changes.toSorted(byPosition))
    const growth = this.#growth(changes)
    // Node 0 is the request itself: it has no length of its own on the wire.
    const size = view.bytes.length + (growth.get(0) ?? 0)
    growth.delete(0)
    const output = allocate(size).subarray(0, size)
    const lengths = [...growth.keys()].sort((a, b) => a - b)

    let from = 0
    let to = 0
    let next = 0
    const copyUntil = (end: number): void => {
      if (end > from) to += view.bytes.copy(output, to, from, end)
      from = end
    }
    const mendLengthsBefore = (position: number): void => {
      for (; next < lengths.length; next++) {
        const node = lengths[next] as number
        const body = view.body(node)
        if (body > position) return
        const lengthStart = afterTag(view.bytes, view.start(node))
        copyUntil(lengthStart)
        to = writeVarint(output, to, view.end(node) - body + (growth.get(node) as number))
        from = body
      }
    }
    for (const { start, end, replacement } of changes) {
      mendLengthsBefore(start)
      copyUntil(start)
      output.set(replacement, to)
      to += replacement.length
      from = end
    }
    copyUntil(view.bytes.length)
    return output
  }

  /** By how many bytes each node that encloses a change grows; the change of its own length field counts for its parents. */
  #growth(changes: readonly Change[]): Map<number, number> {
    const growth = new Map<number, number>()
    const { nodes } = this.#view
    for (const { start, end, replacement, node } of changes) {
      growth.set(node, (growth.get(node) ?? 0) + replacement.length - (end - start))
      for (let n = node; n !== 0;) {
        n = nodes[n * NODE_SIZE + NODE_PARENT] as number
        if (growth.has(n)) break
        growth.set(n, 0)
      }
    }
    // Children stand after their parents, so the highest node first.
    for (const node of [...growth.keys()].sort((a, b) => b - a)) {
      if (node === 0) break
      const own = growth.get(node) as number
      const at = node * NODE_SIZE
      const body = nodes[at + NODE_BODY] as number
      const before = (nodes[at + NODE_END] as number) - body
      const lengthSize = body - afterTag(this.#view.bytes, nodes[at + NODE_START] as number)
      const parent = nodes[at + NODE_PARENT] as number
      growth.set(parent, (growth.get(parent) ?? 0) + own + varintSize(before + own) - lengthSize)
    }
    return growth
  }

  #changesByNode(): Map<number, Change[]> {
    const known = this.#byNode
    for (let i = this.#indexed; i < this.#changes.length; i++) {
      const change = this.#changes[i] as Change
      const same = known.get(change.node)
      if (same === undefined) known.set(change.node, [change])
      else same.push(change)
    }
    this.#indexed = this.#changes.length
    return known
  }

  #mark(node: number): void {
    this.#view.nodes[node * NODE_SIZE + NODE_EDIT] = 1
  }

  #forgetKey(keyValue: number): void {
    this.#view.nodes[keyValue * NODE_SIZE + NODE_KEY] = 0
  }

  #range(node: number): { start: number; end: number; parent: number } {
    return { start: this.#view.start(node), end: this.#view.end(node), parent: this.#view.parent(node) }
  }
}

/** At one place an insertion comes before what is replaced there, the one into the inner message before the one into the outer; sort is stable. */
const byPosition = (a: Change, b: Change): number =>
  a.start - b.start || Number(a.end > a.start) - Number(b.end > b.start) || b.node - a.node

/** Without the changes inside a removed node. Throws when two others overlap. */
function withoutSwallowed(view: OtlpView, sorted: readonly Change[]): readonly Change[] {
  let from = -1
  let until = -1
  return sorted.filter(({ start, end, node }) => {
    if (view.start(node) >= from && view.end(node) <= until && node !== 0) return false
    if (start < until) throw new RangeError(`two edits overlap at byte ${start}`)
    if (end > start) [from, until] = [start, end]
    return true
  })
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
