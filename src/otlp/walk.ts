import { WIRE_KEYS } from '../conventions.ts'
import { keyTable } from './key-table.ts'
import { OtlpError } from './otlp-error.ts'
import { fieldId, fieldIdMax, messageSchema, requestMessage, UNKNOWN_FIELD } from './schema.ts'
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

/** Tapes of batches that are done with, to be written over: fresh memory costs more than the walk. */
const freeTapes: Int32Array[] = []
const FREE_TAPES_MAX = 4
const FREE_TAPE_NODES_MAX = 1_000_000

/** Fields of a message by number; 32 covers every number of OTLP. */
const TABLE = 32
const KIND_SCALAR = 0
const KIND_LEAF = 1
const KIND_MESSAGE = 2
const KIND_PACKED = 3

const messageIndex = new Map<MessageSchema, number>()
const tables: Int16Array[] = []
const kindOf = new Uint8Array(fieldIdMax + 1)
const wireOf = new Uint8Array(fieldIdMax + 1)
const messageOf = new Int16Array(fieldIdMax + 1)
const requestIndex = {
  traces: indexOf(requestMessage.traces),
  metrics: indexOf(requestMessage.metrics),
  logs: indexOf(requestMessage.logs),
}
const KEY_VALUE = indexOf(messageSchema('KeyValue'))
const KEY = fieldId('KeyValue', 'key')
const lookUpKey = keyTable(WIRE_KEYS)

function indexOf(message: MessageSchema): number {
  const known = messageIndex.get(message)
  if (known !== undefined) return known
  const index = tables.length
  const table = new Int16Array(TABLE)
  messageIndex.set(message, index)
  tables.push(table)
  for (const field of message.fields) {
    table[field.number] = field.id
    wireOf[field.id] = wireType(field)
    if (field.message !== undefined) {
      kindOf[field.id] = KIND_MESSAGE
      messageOf[field.id] = indexOf(field.message)
    } else if (wireOf[field.id] === 2) kindOf[field.id] = KIND_LEAF
    else kindOf[field.id] = field.repeated ? KIND_PACKED : KIND_SCALAR
  }
  return index
}

function wireType({ type }: FieldSchema): number {
  if (type === 'fixed64' || type === 'sfixed64' || type === 'double') return 1
  if (type === 'fixed32') return 5
  return type === 'message' || type === 'string' || type === 'bytes' || type === 'id' ? 2 : 0
}

// One walk at a time: the state of the walk in module variables is worth a third of its time against closing over it.
let bytes: Uint8Array = new Uint8Array(0)
let nodes: Int32Array = new Int32Array(0)
let count = 0
let position = 0
let limits: WalkLimits = walkLimits

/**
 * Walks the bytes of an Export<Signal>ServiceRequest. Hand the tape back with `releaseTape` when nothing reads it any more.
 * Throws OtlpError when the bytes are not OTLP, nested too deep or made of too many fields.
 */
export function walk(signal: Signal, input: Uint8Array, walkLimit: WalkLimits = walkLimits): Tape {
  bytes = input
  limits = walkLimit
  count = 0
  nodes = freeTapes.pop() ?? new Int32Array(NODE_SIZE * 4096)
  try {
    const root = push(0, 0, 0, input.length, 0)
    walkMessage(requestIndex[signal], 0, input.length, root, 1)
    nodes[NODE_NEXT] = count
    return { nodes, count }
  } finally {
    bytes = new Uint8Array(0)
    nodes = new Int32Array(0)
  }
}

export function releaseTape({ nodes: tape }: Tape): void {
  if (freeTapes.length < FREE_TAPES_MAX && tape.length <= FREE_TAPE_NODES_MAX * NODE_SIZE) freeTapes.push(tape)
}

function push(field: number, start: number, body: number, end: number, parent: number): number {
  const at = count * NODE_SIZE
  if (at === nodes.length) growTape()
  nodes[at] = field
  nodes[at + 1] = start
  nodes[at + 2] = body
  nodes[at + 3] = end
  nodes[at + 4] = parent
  nodes[at + 5] = count + 1
  nodes[at + 6] = 0
  nodes[at + 7] = 0
  return count++
}

function growTape(): void {
  if (count >= limits.nodesMax) {
    throw new OtlpError('too_large', `more than ${limits.nodesMax} fields in one batch; send smaller batches`)
  }
  const grown = new Int32Array(Math.min(nodes.length * 2, NODE_SIZE * Math.max(limits.nodesMax, 4096)))
  grown.set(nodes)
  nodes = grown
}

function walkMessage(message: number, from: number, end: number, parent: number, depth: number): void {
  const table = tables[message] as Int16Array
  let at = from
  while (at < end) {
    const start = at
    let tag = bytes[at] as number
    if (tag < 0x80) at++
    else {
      tag = readVarint(at, end)
      at = position
    }
    const number = tag >>> 3
    const wire = tag & 7
    const field = number < TABLE ? (table[number] as number) : 0
    if (number === 0) throw malformed('a field number 0', start)
    if (wire === 2) {
      let length = at < end ? (bytes[at] as number) : 0x80
      if (length < 0x80) at++
      else {
        length = readVarint(at, end)
        at = position
      }
      const next = at + length
      if (next > end) throw malformed('a length that goes beyond the enclosing message', start)
      walkDelimited(field, message, start, at, next, parent, depth)
      at = next
    } else {
      const next = scalarEnd(wire, at, end, start)
      if (field !== 0 && wireOf[field] === wire) push(field, start, at, next, parent)
      at = next
    }
  }
}

function walkDelimited(
  field: number,
  message: number,
  start: number,
  body: number,
  end: number,
  parent: number,
  depth: number,
): void {
  const kind = field === 0 ? -1 : (kindOf[field] as number)
  if (kind === KIND_MESSAGE) {
    if (depth >= limits.nestingMax) {
      throw new OtlpError('malformed', `nested deeper than ${limits.nestingMax} messages, at byte ${start}`)
    }
    const node = push(field, start, body, end, parent)
    walkMessage(messageOf[field] as number, body, end, node, depth + 1)
    nodes[node * NODE_SIZE + NODE_NEXT] = count
    return
  }
  if (kind === KIND_LEAF) {
    push(field, start, body, end, parent)
    if (field === KEY && message === KEY_VALUE) {
      nodes[parent * NODE_SIZE + NODE_KEY] = lookUpKey(bytes, body, end)
    }
    return
  }
  push(kind === KIND_PACKED ? field : UNKNOWN_FIELD, start, body, end, parent)
}

function scalarEnd(wire: number, at: number, end: number, start: number): number {
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

/** Reads a varint of at most 32 bits (tags and lengths) into the return value, and the offset after it into `position`. */
function readVarint(from: number, end: number): number {
  let value = 0
  let shift = 0
  let at = from
  while (at < end) {
    const byte = bytes[at++] as number
    if (shift === 28 && byte > 0x07) break // a length or a tag beyond 2 GiB
    value |= (byte & 0x7f) << shift
    if (byte < 0x80) {
      position = at
      return value
    }
    shift += 7
    if (shift > 28) break
  }
  throw malformed('a tag or length that is cut off or too large', from)
}

const malformed = (what: string, offset: number): OtlpError =>
  new OtlpError('malformed', `not an OTLP message: ${what}, at byte ${offset}`)
