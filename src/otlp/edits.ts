import {
  applyChanges,
  CHANGE_ATTRIBUTE,
  CHANGE_END,
  CHANGE_FROM,
  CHANGE_NODE,
  CHANGE_PREVIOUS,
  CHANGE_SIZE,
  CHANGE_START,
  CHANGE_TO,
  compareChanges,
  mergeRuns,
} from './apply-changes.ts'
import { ProtobufWriter } from './protobuf-writer.ts'
import { fieldById, fieldId, REMOVED_FIELD } from './schema.ts'
import type { OtlpView } from './view.ts'
import { NODE_EDIT, NODE_FIELD, NODE_KEY, NODE_SIZE } from './walk.ts'

/** What an attribute appended by a processor can hold. */
export type AttributeValue = string | number | boolean | bigint | readonly string[]

export interface AppendedAttribute {
  readonly key: string
  readonly value: AttributeValue
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
  ['Gauge', 'dataPoints', 7],
  ['Sum', 'dataPoints', 7],
  ['Histogram', 'dataPoints', 9],
  ['ExponentialHistogram', 'dataPoints', 1],
  ['Summary', 'dataPoints', 7],
] as const) {
  attributesField.set(fieldId(message, name), attributes)
}

/** Whether `appendAttribute` can append to nodes of this field. */
export const takesAttributes = (field: number): boolean => attributesField.has(field)

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
  /** Where runs of changes in the order of the bytes begin: each processor makes one. */
  readonly #runs = [0]

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

  /** Appends encoded Protocol Buffers fields to the message of a node; `attribute` is the one among them that readers of the view are told of. */
  append(node: number, fields: Uint8Array, attribute?: AppendedAttribute): void {
    const from = this.#replacements.length
    this.#replacements.raw(fields)
    this.#appendFrom(node, from, attribute)
  }

  /** Appends an attribute to a resource, scope, span, event, link, log record or data point. Integers are written as int, other numbers as double. */
  appendAttribute(node: number, key: string, value: AttributeValue, asDouble = false): void {
    const number = attributesField.get(this.#view.field(node))
    if (number === undefined) {
      throw new TypeError(`${fieldById(this.#view.field(node))?.name ?? 'the request'} has no attributes`)
    }
    const from = this.#replacements.length
    this.#replacements.keyValue(number, key, value, asDouble)
    this.#appendFrom(node, from, { key, value })
  }

  appendedTo(node: number): readonly AppendedAttribute[] | undefined {
    let appended: AppendedAttribute[] | undefined
    let last = this.#view.nodes[node * NODE_SIZE + NODE_EDIT] as number
    while (last !== 0) {
      const change = (last - 1) * CHANGE_SIZE
      const attribute = this.#changes[change + CHANGE_ATTRIBUTE] as number
      if (attribute !== 0) (appended ??= []).push(this.#attributes[attribute - 1] as AppendedAttribute)
      last = this.#changes[change + CHANGE_PREVIOUS] as number
    }
    return appended?.reverse()
  }

  /** Content of an edited string or bytes node after the edits. */
  bodyOf(node: number): Buffer {
    const { bytes } = this.#view
    const replacements = this.#replacements.finish()
    const changes = this.#changes
    const parts: Uint8Array[] = []
    let at = this.#view.body(node)
    for (const index of this.#changesOf(node).sort((a, b) => compareChanges(changes, a, b))) {
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
    if (this.#count === 0) return this.#view.bytes
    const ordered = mergeRuns(this.#changes.subarray(0, this.#count * CHANGE_SIZE), this.#runs)
    return applyChanges(this.#view, ordered, this.#replacements.finish(), allocate)
  }

  #appendFrom(node: number, from: number, attribute: AppendedAttribute | undefined): void {
    const end = this.#view.end(node)
    const change = this.#push(end, end, node, from)
    this.#link(node, change)
    if (attribute !== undefined)
      this.#changes[change * CHANGE_SIZE + CHANGE_ATTRIBUTE] = this.#attributes.push(attribute)
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
    if (index > 0 && compareChanges(changes, index - 1, index) >= 0) this.#runs.push(index)
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

  #forgetKey(keyValue: number): void {
    this.#view.nodes[keyValue * NODE_SIZE + NODE_KEY] = 0
  }
}
