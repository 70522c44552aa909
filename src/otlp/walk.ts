import { WIRE_KEYS } from '../conventions.ts'
import { viewKeyTable } from './key-table.ts'
import { OtlpError } from './otlp-error.ts'
import { fieldId, messageSchema, requestMessage, UNKNOWN_FIELD } from './schema.ts'
import type { FieldSchema, MessageSchema, Signal } from './schema.ts'

/**
 * One pass over the wire. Every field of every message that OTLP knows becomes a node, in the order of the bytes, children after
 * their parent: eight 32-bit integers on a tape. Components read the tape; nobody parses the bytes a second time.
 */
export const NODE_SIZE = 8
export const NODE_FIELD = 0 // id of the field (schema.ts), 0 for the request, UNKNOWN_FIELD for an unknown length-delimited field
export const NODE_START = 1 // offset of the field's tag
export const NODE_BODY = 2 // offset of its content: after the length, or after the tag of a scalar
export const NODE_END = 3 // offset after its content
export const NODE_PARENT = 4 // index of the enclosing node
export const NODE_NEXT = 5 // index of the first node that is not inside this one
export const NODE_KEY = 6 // of a KeyValue: wire key id of its key (index in WIRE_KEYS + 1), 0 when the key is none of those
export const NODE_EDIT = 7 // 0, or what edits.ts keeps there

export interface WalkLimits {
  /** Messages inside messages. 100 is what Protocol Buffers implementations allow: 47 arrays in each other. */
  readonly nestingMax: number
  /** Fields in one batch: 32 bytes of memory each. */
  readonly nodesMax: number
}

export const walkLimits: WalkLimits = { nestingMax: 100, nodesMax: 4_000_000 }

export interface Tape {
  readonly nodes: Int32Array
  readonly count: number
}

/** Tapes of batches that are done with, to be written over: fresh memory costs more than the walk. At most 4 × 8 MiB are kept. */
const freeTapes: Int32Array[] = []
const FREE_TAPES_MAX = 4
const FREE_TAPE_NODES_MAX = 1 << 18
const TAPE_NODES_START = 4096

/** Fields of a message by number; 32 covers every number of OTLP. */
const TABLE = 32
const KIND_UNKNOWN = 0
const KIND_SCALAR = 1
const KIND_LEAF = 2
const KIND_MESSAGE = 3
const KIND_PACKED = 4
const KIND_SPAN_ID = 5
const KIND_TRACE_ID = 6

/** What the walk must know of a field, in one integer: id, kind, wire type, and the table of the message that it holds. */
const packEntry = (id: number, kind: number, wire: number, message: number): number =>
  id | (kind << 10) | (wire << 13) | (message << 16)
const idOf = (entry: number): number => entry & 0x3ff
const kindOf = (entry: number): number => (entry >> 10) & 7
const wireOf = (entry: number): number => (entry >> 13) & 7
const messageOf = (entry: number): number => entry >> 16

const messageIndex = new Map<MessageSchema, number>()
const entries: number[] = []
const requestIndex = {
  traces: indexOf(requestMessage.traces),
  metrics: indexOf(requestMessage.metrics),
  logs: indexOf(requestMessage.logs),
}
/** One table of 32 entries after the other. */
const tables = Int32Array.from(entries)
/** The table of the message that a field holds, by the id of the field. */
const tableOf = new Int32Array(UNKNOWN_FIELD + 1)
for (const entry of entries) tableOf[idOf(entry)] = messageOf(entry)

const KEY_VALUE = messageIndex.get(messageSchema('KeyValue'))
const KEY = fieldId('KeyValue', 'key')
const VALUE = fieldId('KeyValue', 'value')
/** The fields of AnyValue have the ids behind this number, in order of their numbers. */
const ANY_VALUE_FIELDS = fieldId('AnyValue', 'stringValue') - 1
const lookUpKey = viewKeyTable(WIRE_KEYS)

function indexOf(message: MessageSchema): number {
  const known = messageIndex.get(message)
  if (known !== undefined) return known
  const index = messageIndex.size
  messageIndex.set(message, index)
  entries.push(...Array.from({ length: TABLE }, () => 0))
  for (const field of message.fields) {
    const wire = wireType(field)
    const inner = field.message === undefined ? 0 : indexOf(field.message)
    const numeric = field.repeated ? KIND_PACKED : KIND_SCALAR
    const leaf = field.type !== 'id' ? KIND_LEAF : field.name === 'traceId' ? KIND_TRACE_ID : KIND_SPAN_ID
    const kind = field.message !== undefined ? KIND_MESSAGE : wire === 2 ? leaf : numeric
    entries[index * TABLE + field.number] = packEntry(field.id, kind, wire, inner)
  }
  return index
}

function wireType({ type }: FieldSchema): number {
  if (type === 'fixed64' || type === 'sfixed64' || type === 'double') return 1
  if (type === 'fixed32') return 5
  return type === 'message' || type === 'string' || type === 'bytes' || type === 'id' ? 2 : 0
}

/**
 * Walks the bytes of an Export<Signal>ServiceRequest. Hand the tape back with `releaseTape` when nothing reads it any more.
 * Throws OtlpError when the bytes are not OTLP, nested too deep or made of too many fields.
 */
export function walk(signal: Signal, input: Uint8Array, limits: WalkLimits = walkLimits): Tape {
  const tape = freeTapes.pop() ?? new Int32Array(NODE_SIZE * TAPE_NODES_START)
  try {
    return fillTape(tape, signal, input, limits)
  } catch (error) {
    freeTapes.push(tape)
    throw error
  }
}

/**
 * One loop for all messages, with its state in local variables: faster than a function for each message. What a message
 * inside another needs to know of the outer one stands on the tape.
 */
function fillTape(tape: Int32Array, signal: Signal, input: Uint8Array, limits: WalkLimits): Tape {
  const bytes = new Uint8Array(input.buffer, input.byteOffset, input.byteLength)
  const view = new DataView(input.buffer, input.byteOffset, input.byteLength)
  const root = requestIndex[signal]
  let nodes = tape
  let room = Math.min(nodes.length, limits.nodesMax * NODE_SIZE)
  let count = 1
  let depth = 1
  let parent = 0
  let table = root * TABLE
  let end = bytes.length
  let at = 0
  writeRoot(nodes, end)
  for (;;) {
    while (at === end) {
      nodes[parent * NODE_SIZE + NODE_NEXT] = count
      if (parent === 0) return { nodes, count }
      parent = nodes[parent * NODE_SIZE + NODE_PARENT] as number
      end = nodes[parent * NODE_SIZE + NODE_END] as number
      table = (parent === 0 ? root : (tableOf[nodes[parent * NODE_SIZE] as number] as number)) * TABLE
      depth--
    }
    const start = at
    let tag = bytes[at++] as number
    if (tag > 0x7f) {
      tag = readVarint(bytes, start, end)
      at = position
    }
    const number = tag >>> 3
    const wire = tag & 7
    if (number === 0) throw malformed('a field number 0', start)
    const entry = number < TABLE ? (tables[table + number] as number) : 0
    const kind = kindOf(entry)
    let field = idOf(entry)
    let body = at
    if (wire === 2) {
      let length = at < end ? (bytes[at] as number) : 0x80
      if (length < 0x80) at++
      else {
        length = readVarint(bytes, at, end)
        at = position
      }
      body = at
      at += length
      if (at > end) throw malformed('a length that goes beyond the enclosing message', start)
      if (kind === KIND_PACKED) checkPacked(bytes, wireOf(entry), body, at, start)
      else if (kind <= KIND_SCALAR) field = UNKNOWN_FIELD
      else if (kind >= KIND_SPAN_ID) checkId(kind, at - body, start)
    } else {
      at = scalarEnd(bytes, wire, at, end, start)
      if (kind === KIND_UNKNOWN || wireOf(entry) !== wire) continue
    }
    const node = count * NODE_SIZE
    if (node >= room) {
      nodes = growTape(nodes, limits)
      room = nodes.length
    }
    setNode(nodes, node, field, start, body, at, parent, count + 1)
    if (field === KEY) nodes[parent * NODE_SIZE + NODE_KEY] = lookUpKey(view, body, at)
    else if (kind === KIND_MESSAGE && wire === 2) {
      if (depth >= limits.nestingMax) {
        throw new OtlpError('malformed', `nested deeper than ${limits.nestingMax} messages, at byte ${start}`)
      }
      if (messageOf(entry) === KEY_VALUE && depth + 2 <= limits.nestingMax && node + 4 * NODE_SIZE <= room) {
        if (pushPlainAttribute(nodes, count, bytes, view, body, at)) {
          count += 4
          continue
        }
      }
      depth++
      parent = count
      table = messageOf(entry) * TABLE
      end = at
      at = body
    }
    count++
  }
}

/** As strict as collectors are: a backend would refuse the whole batch for it. */
function checkId(kind: number, length: number, start: number): void {
  const expected = kind === KIND_TRACE_ID ? 16 : 8
  if (length !== expected && length !== 0) throw malformed(`an id of ${length} bytes in place of ${expected}`, start)
}

/**
 * Nearly all attributes are a key and a value, each once and in this order, and nearly all that a batch consists of are attributes: their
 * nodes are written without a turn of the loop for each. Returns false, and the loop does it, when anything else is there.
 */
function pushPlainAttribute(
  nodes: Int32Array,
  keyValue: number,
  bytes: Uint8Array,
  view: DataView,
  start: number,
  end: number,
): boolean {
  // The shortest has a key of no bytes, and a value of two.
  if (end - start < 6 || bytes[start] !== 0x0a) return false
  const key = start + 2
  const value = key + (bytes[start + 1] as number)
  if (value - key > 0x7f || value + 4 > end || bytes[value] !== 0x12) return false
  const anyValue = bodyWithEnd(bytes, value + 1, end)
  if (anyValue < 0 || anyValue + 2 > end) return false
  const tag = bytes[anyValue] as number
  let body = anyValue + 1
  if (tag === 0x0a) body = bodyWithEnd(bytes, body, end)
  else if (tag === 0x21) body = end - body === 8 ? body : -1
  else if (tag === 0x18 || tag === 0x10) body = varintEnd(bytes, body, end) === end ? body : -1
  else return false
  if (body < 0) return false
  let at = keyValue * NODE_SIZE
  nodes[at + NODE_NEXT] = keyValue + 4
  nodes[at + NODE_KEY] = lookUpKey(view, key, value)
  at = setNode(nodes, at + NODE_SIZE, KEY, start, key, value, keyValue, keyValue + 2)
  at = setNode(nodes, at, VALUE, value, anyValue, end, keyValue, keyValue + 4)
  setNode(nodes, at, ANY_VALUE_FIELDS + (tag >> 3), anyValue, body, end, keyValue + 2, keyValue + 4)
  return true
}

/** Offset behind the length at `at` when what has that length ends exactly at `end`, or -1. */
function bodyWithEnd(bytes: Uint8Array, at: number, end: number): number {
  const first = bytes[at] as number
  if (first < 0x80) return at + 1 + first === end ? at + 1 : -1
  const second = at + 1 < end ? (bytes[at + 1] as number) : 0x80
  if (second < 0x80) return at + 2 + (first & 0x7f) + second * 128 === end ? at + 2 : -1
  const third = at + 2 < end ? (bytes[at + 2] as number) : 0x80
  return third < 0x80 && at + 3 + (first & 0x7f) + (second & 0x7f) * 128 + third * 16384 === end ? at + 3 : -1
}

/** Offset behind the varint at `at`; not `end` when it is longer. */
function varintEnd(bytes: Uint8Array, at: number, end: number): number {
  const most = Math.min(end, at + 10)
  for (let next = at; next < most; next++) if ((bytes[next] as number) < 0x80) return next + 1
  return -1
}

function setNode(
  nodes: Int32Array,
  at: number,
  field: number,
  start: number,
  body: number,
  end: number,
  parent: number,
  next: number,
): number {
  nodes[at] = field
  nodes[at + NODE_START] = start
  nodes[at + NODE_BODY] = body
  nodes[at + NODE_END] = end
  nodes[at + NODE_PARENT] = parent
  nodes[at + NODE_NEXT] = next
  nodes[at + NODE_KEY] = 0
  nodes[at + NODE_EDIT] = 0
  return at + NODE_SIZE
}

export function releaseTape({ nodes: tape }: Tape): void {
  if (freeTapes.length < FREE_TAPES_MAX && tape.length <= FREE_TAPE_NODES_MAX * NODE_SIZE) freeTapes.push(tape)
}

function writeRoot(nodes: Int32Array, end: number): void {
  nodes.fill(0, 0, NODE_SIZE)
  nodes[NODE_END] = end
}

function growTape(nodes: Int32Array, { nodesMax }: WalkLimits): Int32Array {
  const size = Math.min(nodes.length * 2, NODE_SIZE * nodesMax)
  if (size <= nodes.length) {
    throw new OtlpError('too_large', `more than ${nodesMax} fields in one batch; send smaller batches`)
  }
  const grown = new Int32Array(size)
  grown.set(nodes)
  return grown
}

function scalarEnd(bytes: Uint8Array, wire: number, at: number, end: number, start: number): number {
  let next = end + 1
  if (wire === 0) {
    next = at
    while (next < end && (bytes[next] as number) >= 0x80) next++
    next++
    if (next - at > 10) throw malformed('a varint of more than ten bytes', start)
  } else if (wire === 1) next = at + 8
  else if (wire === 5) next = at + 4
  else throw malformed(`wire type ${wire}`, start)
  if (next > end) throw malformed('a value that ends beyond the enclosing message', start)
  return next
}

/** Numbers that share one length must fill it. */
function checkPacked(bytes: Uint8Array, wire: number, body: number, end: number, start: number): void {
  if (wire !== 0) {
    if ((end - body) % (wire === 1 ? 8 : 4) !== 0) throw malformed('numbers that do not fill their length', start)
    return
  }
  for (let at = body; at < end;) at = scalarEnd(bytes, wire, at, end, start)
}

/** The offset behind what `readVarint` read. */
let position = 0

/** Reads a varint of at most 32 bits (tags and lengths). */
function readVarint(bytes: Uint8Array, from: number, end: number): number {
  let value = 0
  let shift = 0
  let at = from
  while (at < end) {
    const byte = bytes[at++] as number
    if (shift === 28 && byte > 0x0f) break
    value |= (byte & 0x7f) << shift
    if (byte < 0x80) {
      position = at
      return value >>> 0
    }
    shift += 7
    if (shift > 28) break
  }
  throw malformed('a tag or length that is cut off or too large', from)
}

const malformed = (what: string, offset: number): OtlpError =>
  new OtlpError('malformed', `not an OTLP message: ${what}, at byte ${offset}`)
