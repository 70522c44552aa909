import { hostileBytes } from './hostile-bytes.ts'
import type { Random } from './random.ts'

/** Protocol Buffers without a schema: what could be a message is one. */
export interface WireField {
  number: number
  wire: number
  /** Of a scalar, or of a length-delimited field that is no message. */
  content: Buffer
  fields: WireField[] | undefined
  /** Written instead of the real length, and the length in more bytes than it needs. */
  lie?: number
  overlong?: number
}

const DEPTH_MAX = 40
const FIELD_NUMBER_MAX = 0x1fff_ffff

/** Undefined when the bytes are no message. */
export function readTree(bytes: Buffer, depth = 0): WireField[] | undefined {
  const fields: WireField[] = []
  let at = 0
  while (at < bytes.length) {
    const tag = varintAt(bytes, at)
    if (tag === undefined) return undefined
    const number = Math.floor(tag.value / 8)
    const wire = tag.value % 8
    if (number === 0 || number > FIELD_NUMBER_MAX) return undefined
    const body = bodyAt(bytes, tag.end, wire)
    if (body === undefined) return undefined
    const content = bytes.subarray(body.from, body.end)
    const fields_ = wire === 2 && content.length > 1 && depth < DEPTH_MAX ? readTree(content, depth + 1) : undefined
    fields.push({ number, wire, content, fields: fields_ })
    at = body.end
  }
  return fields
}

function bodyAt(bytes: Buffer, at: number, wire: number): { from: number; end: number } | undefined {
  const varint = wire === 0 || wire === 2 ? varintAt(bytes, at) : undefined
  if (wire === 0) return varint === undefined ? undefined : { from: at, end: varint.end }
  if (wire === 2 && varint === undefined) return undefined
  const from = varint?.end ?? at
  const length = wire === 1 ? 8 : wire === 5 ? 4 : varint?.value
  if (length === undefined || from + length > bytes.length) return undefined
  return { from, end: from + length }
}

function varintAt(bytes: Buffer, from: number): { value: number; end: number } | undefined {
  let value = 0
  for (let i = 0; i < 10; i++) {
    const byte = bytes[from + i]
    if (byte === undefined) return undefined
    value += (byte & 0x7f) * 128 ** i
    if (byte < 0x80) return { value, end: from + i + 1 }
  }
  return undefined
}

export function writeTree(fields: readonly WireField[]): Buffer {
  return Buffer.concat(fields.map(writeField))
}

function writeField({ number, wire, content, fields, lie, overlong = 0 }: WireField): Buffer {
  const body = fields === undefined ? content : writeTree(fields)
  const head = varint(number * 8 + wire, 0)
  if (wire === 2) head.push(...varint(lie ?? body.length, overlong))
  return Buffer.concat([Uint8Array.from(head), body])
}

function varint(value: number, overlong: number): number[] {
  const bytes: number[] = []
  let rest = value
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80)
  bytes.push(rest)
  for (let i = 0; i < overlong; i++) {
    bytes.push((bytes.pop() ?? 0) | 0x80)
    bytes.push(0)
  }
  return bytes
}

const clone = (fields: readonly WireField[]): WireField[] =>
  fields.map((field) => ({ ...field, fields: field.fields === undefined ? undefined : clone(field.fields) }))

/** Changes fields, keeping lengths right unless they are to lie. */
export function mutateTree(
  random: Random,
  tree: readonly WireField[],
  others: readonly (readonly WireField[])[],
  changes: number,
): WireField[] {
  const result = clone(tree)
  for (let i = 0; i < changes; i++) {
    const siblings = randomSiblings(random, result)
    const at = random.below(siblings.length)
    const field = siblings[at]
    if (field === undefined) siblings.push(...clone(random.pick(others)))
    else mutateField(random, siblings, at, field, others)
  }
  return result
}

/** Deep ones as likely as shallow ones. */
function randomSiblings(random: Random, tree: WireField[]): WireField[] {
  let siblings = tree
  while (random.chance(0.85)) {
    const inner = siblings.filter(({ fields }) => fields !== undefined)
    if (inner.length === 0) break
    siblings = random.pick(inner).fields ?? siblings
  }
  return siblings
}

function mutateField(
  random: Random,
  siblings: WireField[],
  at: number,
  field: WireField,
  others: readonly (readonly WireField[])[],
): void {
  switch (random.below(14)) {
    case 0:
      field.number = random.pick([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 15, 16, 31, 32, 100, 4096, FIELD_NUMBER_MAX])
      return
    case 1:
      field.wire = random.below(8)
      return
    case 2:
      siblings.splice(at, 1)
      return
    case 3:
      siblings.splice(random.below(siblings.length + 1), 0, ...clone([field]))
      return
    case 4:
      siblings.push(...siblings.splice(at, 1))
      return
    case 5:
      siblings.splice(
        at,
        1,
        ...clone(randomSiblings(random, [...random.pick(others)]))
          .slice(0, 1)
          .map((other) => ({ ...other, number: field.number })),
      )
      return
    case 6:
      siblings.push(...clone(randomSiblings(random, [...random.pick(others)])))
      return
    case 7:
      siblings[at] = nested(random, field, random.chance(0.1) ? random.below(120) : random.below(6))
      return
    case 8:
      field.lie = random.pick([0, 1, field.content.length + 1, 127, 128, 0x7fffffff, 0xffffffff, 2 ** 40])
      return
    case 9:
      field.overlong = random.pick([1, 2, 4, 5, 9, 10])
      return
    case 10:
      field.wire = 0
      field.content = random.pick(varints)
      field.fields = undefined
      return
    case 11:
      if (field.wire === 1 || field.wire === 5) field.content = random.bytes(field.content.length)
      else if (field.wire === 2) field.content = Buffer.alloc(0)
      return
    default:
      if (field.wire !== 2) return
      field.fields = undefined
      field.content = hostileBytes(random)
  }
}

/** Arrays in arrays, or maps in maps, around a value. */
function nested(random: Random, field: WireField, levels: number): WireField {
  const message = (number: number, fields: WireField[]): WireField => ({
    number,
    wire: 2,
    content: Buffer.alloc(0),
    fields,
  })
  let inner: WireField[] = [{ ...field, number: random.pick([1, 2, 3, 7]) }]
  for (let i = 0; i < levels; i++) inner = [message(random.chance(0.7) ? 5 : 6, [message(1, inner)])]
  return message(field.number, inner)
}

const varints = [
  '00',
  '01',
  '7f',
  'ffffffff07',
  'ffffffff0f',
  '8080808008',
  'ffffffffffffffffff01',
  '80808080808080808001',
  'ffffffffffffffffffff01',
  'ffffffffffffffffff7f',
].map((hex) => Buffer.from(hex, 'hex'))
