import type { AppendedAttribute, Edits } from './edits.ts'
import { fieldId } from './schema.ts'
import type { Signal } from './schema.ts'
import {
  NODE_BODY,
  NODE_EDIT,
  NODE_END,
  NODE_FIELD,
  NODE_KEY,
  NODE_NEXT,
  NODE_PARENT,
  NODE_SIZE,
  NODE_START,
  releaseTape,
  walk,
  walkLimits,
} from './walk.ts'
import type { WalkLimits } from './walk.ts'

const KEY = fieldId('KeyValue', 'key')
const VALUE = fieldId('KeyValue', 'value')
const INT = fieldId('AnyValue', 'intValue')
const DOUBLE = fieldId('AnyValue', 'doubleValue')
const BOOL = fieldId('AnyValue', 'boolValue')
const STRING = fieldId('AnyValue', 'stringValue')
const NONE: readonly AppendedAttribute[] = []

/**
 * A batch as components see it: the bytes that came in and, over them, one node for every field. Nodes are numbers in document order;
 * node 0 is the request. Loop over the children of `n`:
 *
 *     for (let c = view.first(n); c < view.next(n); c = view.next(c)) switch (view.field(c)) { … }
 *
 * What is read honours the edits that were made before: a consumer behind the redaction processor sees redacted text.
 */
export class OtlpView {
  readonly signal: Signal
  readonly bytes: Buffer
  readonly nodes: Int32Array
  readonly count: number
  readonly #data: DataView
  /** Set by `new Edits(view)`. */
  edits: Edits | undefined

  /** Throws OtlpError when the bytes are not an Export<Signal>ServiceRequest or go beyond the limits. */
  constructor(signal: Signal, bytes: Uint8Array, limits: WalkLimits = walkLimits) {
    const tape = walk(signal, bytes, limits)
    this.signal = signal
    this.bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.nodes = tape.nodes
    this.count = tape.count
    this.#data = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  /** Hands the tape back; the view must not be read afterwards. */
  release(): void {
    releaseTape(this)
  }

  /** The field that the node is of: compare with `fieldId('Span', 'name')`. */
  field(n: number): number {
    return this.nodes[n * NODE_SIZE + NODE_FIELD] as number
  }
  /** Offset of the field's tag. */
  start(n: number): number {
    return this.nodes[n * NODE_SIZE + NODE_START] as number
  }
  /** Offset of the content. */
  body(n: number): number {
    return this.nodes[n * NODE_SIZE + NODE_BODY] as number
  }
  /** Offset after the content. */
  end(n: number): number {
    return this.nodes[n * NODE_SIZE + NODE_END] as number
  }
  parent(n: number): number {
    return this.nodes[n * NODE_SIZE + NODE_PARENT] as number
  }
  /** First child, if there is one: check that it is below `next(n)`. */
  first(n: number): number {
    return n + 1
  }
  /** First node after this one and everything in it. */
  next(n: number): number {
    return this.nodes[n * NODE_SIZE + NODE_NEXT] as number
  }
  /** Of a KeyValue: index in WIRE_KEYS + 1 of its key; 0 when it is none of them or was edited. */
  keyId(n: number): number {
    return this.nodes[n * NODE_SIZE + NODE_KEY] as number
  }
  isEdited(n: number): boolean {
    return this.nodes[n * NODE_SIZE + NODE_EDIT] !== 0
  }

  /** First child of that field, or -1. */
  child(n: number, field: number): number {
    for (let c = n + 1, end = this.next(n); c < end; c = this.next(c)) if (this.field(c) === field) return c
    return -1
  }

  /** Text of a string or bytes node, as it stands after the edits. */
  text(n: number): string {
    const edited = this.isEdited(n) ? this.edits?.bodyOf(n) : undefined
    return edited === undefined ? this.bytes.toString('utf8', this.body(n), this.end(n)) : edited.toString('utf8')
  }

  /** Hex text of an id node. */
  hex(n: number): string {
    return this.bytes.toString('hex', this.body(n), this.end(n))
  }

  /** Content of a string, bytes or id node after the edits. A view on the batch's memory: copy it to keep it. */
  content(n: number): Buffer {
    return (this.isEdited(n) ? this.edits?.bodyOf(n) : undefined) ?? this.bytes.subarray(this.body(n), this.end(n))
  }

  /** Value of a varint node as a number; exact up to 2^53, negative int64 included. */
  varint(n: number): number {
    const { bytes } = this
    let at = this.body(n)
    let low = 0
    let factor = 1
    let value = 0
    for (; ; at++) {
      low = bytes[at] as number
      value += (low & 0x7f) * factor
      if (low < 0x80) break
      factor *= 128
    }
    return value >= 0x8000000000000000 ? Number(BigInt.asIntN(64, this.varint64(n))) : value
  }

  /** Value of a varint node as an unsigned 64-bit integer. */
  varint64(n: number): bigint {
    let value = 0n
    let shift = 0n
    for (let at = this.body(n); at < this.end(n); at++, shift += 7n) {
      value |= BigInt((this.bytes[at] as number) & 0x7f) << shift
    }
    return BigInt.asUintN(64, value)
  }

  double(n: number): number {
    return this.#data.getFloat64(this.body(n), true)
  }

  fixed64(n: number): bigint {
    return this.#data.getBigUint64(this.body(n), true)
  }

  /** A fixed64 of nanoseconds in milliseconds, to a fraction of a microsecond. */
  unixMs(n: number): number {
    const at = this.body(n)
    return (this.#data.getUint32(at + 4, true) * 4294967296 + this.#data.getUint32(at, true)) / 1e6
  }

  /** Node of a KeyValue's key, or -1. */
  keyNode(n: number): number {
    return this.child(n, KEY)
  }

  /** Node of the value inside a KeyValue's AnyValue: a string, int, double, bool, bytes, array or kvlist node, or -1. The last one counts, as in Protocol Buffers. */
  valueNode(n: number): number {
    let value = -1
    for (let c = n + 1, end = this.next(n); c < end; c = this.next(c)) {
      if (this.field(c) !== VALUE) continue
      for (let v = c + 1, last = this.next(c); v < last; v = this.next(v)) value = v
    }
    return value
  }

  /** Value of a KeyValue as a string; undefined when it is not one. */
  stringValue(n: number): string | undefined {
    const value = this.valueNode(n)
    return value >= 0 && this.field(value) === STRING ? this.text(value) : undefined
  }

  /** Value of a KeyValue as a number, be it int or double on the wire (JavaScript exporters send 1.0 as 1); undefined when it is neither. */
  numberValue(n: number): number | undefined {
    const value = this.valueNode(n)
    if (value < 0) return undefined
    const field = this.field(value)
    if (field === INT) return this.varint(value)
    return field === DOUBLE ? this.double(value) : undefined
  }

  booleanValue(n: number): boolean | undefined {
    const value = this.valueNode(n)
    return value >= 0 && this.field(value) === BOOL ? this.varint(value) !== 0 : undefined
  }

  /** Attributes that processors appended to the message of this node. */
  appended(n: number): readonly AppendedAttribute[] {
    return this.edits?.appendedTo(n) ?? NONE
  }
}
