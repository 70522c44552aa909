import { JsonCursor } from './json-cursor.ts'
import { copyText, writeBase64, writeHex, writeText } from './json-text.ts'
import { viewKeyTable } from './key-table.ts'
import { varintSize, writeVarint } from './protobuf-writer.ts'
import { requestMessage } from './schema.ts'
import type { FieldSchema, FieldType, MessageSchema, Signal } from './schema.ts'
import { walkLimits } from './walk.ts'
import type { WalkLimits } from './walk.ts'

/**
 * OTLP/JSON to Protocol Buffers in one pass over the bytes, led by the schema. Lossless: 64-bit integers never become doubles.
 *
 * Beyond the OTLP/JSON rules it takes what collectors take: names in snake_case, integers bare or quoted, enums by name, both base64 alphabets,
 * `null` for an absent field and for an empty message in an array, unknown fields, a byte order mark. A name that comes twice is written twice, which
 * Protocol Buffers defines: the last value counts, messages merge, arrays join. Lone surrogates and bytes that are not UTF-8 become U+FFFD.
 *
 * `allocate(size)` gives memory of at least that size; it is asked again for more when short numbers grow to eight bytes.
 * Throws OtlpError; its message names the place by field names and indexes, never by content.
 */
export function jsonToProtobuf(
  signal: Signal,
  body: Uint8Array,
  allocate: (size: number) => Buffer = (size) => Buffer.allocUnsafe(size),
  limits: WalkLimits = walkLimits,
): Buffer {
  return new Transcoder(body, allocate, limits.nestingMax).request(shapeOf(requestMessage[signal]))
}

/** A message as the transcoder knows it. */
interface Shape {
  /** Index in `fields` + 1 of the field with that name in JSON, or 0. */
  readonly lookUp: (bytes: DataView, start: number, end: number) => number
  readonly names: ReadonlyMap<string, number>
  readonly fields: Field[]
}

interface Field {
  readonly name: string
  readonly type: FieldType
  readonly repeated: boolean
  /** Repeated numbers share one tag. */
  readonly packed: boolean
  readonly number: number
  readonly wire: number
  readonly shape: Shape | undefined
  readonly enumNames: Readonly<Record<string, number>>
  /** Bytes of an id. */
  readonly idSize: number
  /** Bytes that the length of the last such field took: a guess for the next one. */
  lengthSize: number
}

/** Bytes that any single number with its tag fits in. */
const MARGIN = 32
const shapes = new Map<MessageSchema, Shape>()

function shapeOf(message: MessageSchema): Shape {
  const known = shapes.get(message)
  if (known !== undefined) return known
  const camel = message.fields.map(({ name }) => name)
  const snake = camel.map((name) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`))
  const names = new Map([...camel, ...snake].map((name, i) => [name, (i % camel.length) + 1]))
  const keys = [...names.keys()]
  const ids = [0, ...names.values()]
  const find = viewKeyTable(keys)
  const shape: Shape = { names, fields: [], lookUp: (bytes, start, end) => ids[find(bytes, start, end)] as number }
  shapes.set(message, shape)
  for (const field of message.fields) shape.fields.push(fieldOf(field))
  return shape
}

function fieldOf({ name, type, repeated, number, message, enumNames = {} }: FieldSchema): Field {
  const fixed = type === 'fixed64' || type === 'sfixed64' || type === 'double'
  const delimited = type === 'message' || type === 'string' || type === 'bytes' || type === 'id'
  return {
    name,
    type,
    repeated,
    packed: repeated && !delimited,
    number,
    wire: delimited ? 2 : fixed ? 1 : type === 'fixed32' ? 5 : 0,
    shape: message === undefined ? undefined : shapeOf(message),
    enumNames,
    idSize: name === 'traceId' ? 16 : 8,
    lengthSize: 1,
  }
}

class Transcoder extends JsonCursor {
  readonly #allocate: (size: number) => Buffer
  readonly #nestingMax: number
  #output: Buffer
  #view: DataView
  #to = 0
  /** The fields that are open and the index in each, for error messages. */
  readonly #path: Field[] = []
  readonly #indexes: number[] = []
  #depth = 0
  /** Messages that are open, the request among them. */
  #messages = 1

  constructor(body: Uint8Array, allocate: (size: number) => Buffer, nestingMax: number) {
    super(body)
    this.#allocate = allocate
    this.#nestingMax = nestingMax
    this.#output = allocate(body.length + 2 * MARGIN)
    this.#view = viewOf(this.#output)
  }

  request(shape: Shape): Buffer {
    const { bytes } = this
    if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) this.at = 3
    if (this.next() !== 0x7b) throw this.malformed('no object')
    this.#object(shape)
    this.next()
    if (this.at < bytes.length) throw this.malformed('something behind the request')
    return this.#output.subarray(0, this.#to)
  }

  override place(): string {
    let place = ''
    for (let i = 0; i < this.#depth; i++) {
      const index = this.#indexes[i] as number
      place += `${i === 0 ? '' : '.'}${(this.#path[i] as Field).name}${index < 0 ? '' : `[${index}]`}`
    }
    return place === '' ? '' : `${place}, `
  }

  #object(shape: Shape): void {
    this.at++
    if (this.next() === 0x7d) {
      this.at++
      return
    }
    for (;;) {
      if (this.next() !== 0x22) throw this.malformed('no name of a field where one must be')
      this.string()
      const id =
        this.escapeCount > 0 ? (shape.names.get(this.text()) ?? 0) : shape.lookUp(this.view, this.from, this.to)
      this.expect(0x3a)
      if (id === 0) this.skip(this.#nestingMax)
      else this.#field(shape.fields[id - 1] as Field)
      const byte = this.next()
      if (byte !== 0x2c && byte !== 0x7d) throw this.malformed('no comma or end of the object')
      this.at++
      if (byte === 0x7d) return
    }
  }

  #field(field: Field): void {
    const byte = this.next()
    if (byte === 0x6e) return this.literal('null')
    const depth = this.#depth++
    this.#path[depth] = field
    this.#indexes[depth] = -1
    if (!field.repeated) this.#value(field, byte)
    else if (byte !== 0x5b) throw this.malformed('no array')
    else if (field.packed) this.#packed(field, depth)
    else this.#array(field, depth)
    this.#depth = depth
  }

  #array(field: Field, depth: number): void {
    this.at++
    if (this.next() === 0x5d) {
      this.at++
      return
    }
    for (let i = 0; ; i++) {
      this.#indexes[depth] = i
      const byte = this.next()
      if (byte === 0x6e && field.shape !== undefined) {
        this.literal('null')
        this.#tag(field.number, 2)
        this.#output[this.#to++] = 0
        this.#reserve()
      } else this.#value(field, byte)
      const after = this.next()
      if (after !== 0x2c && after !== 0x5d) throw this.malformed('no comma or end of the array')
      this.at++
      if (after === 0x5d) return
    }
  }

  #packed(field: Field, depth: number): void {
    this.#tag(field.number, 2)
    const start = this.#open(field.lengthSize)
    this.at++
    if (this.next() === 0x5d) this.at++
    else {
      for (let i = 0; ; i++) {
        this.#indexes[depth] = i
        this.#number(field, this.next())
        const after = this.next()
        if (after !== 0x2c && after !== 0x5d) throw this.malformed('no comma or end of the array')
        this.at++
        if (after === 0x5d) break
      }
    }
    field.lengthSize = this.#close(start, field.lengthSize)
  }

  #value(field: Field, byte: number): void {
    const { shape } = field
    if (shape !== undefined) {
      if (byte !== 0x7b) throw this.malformed('no object')
      if (this.#messages >= this.#nestingMax) throw this.malformed(`nested deeper than ${this.#nestingMax} messages`)
      this.#messages++
      this.#tag(field.number, 2)
      const reserved = field.lengthSize
      const start = this.#open(reserved)
      this.#object(shape)
      field.lengthSize = this.#close(start, reserved)
      this.#messages--
      return
    }
    if (field.wire === 2) {
      if (byte !== 0x22) throw this.malformed('no string')
      this.string()
      this.#tag(field.number, 2)
      if (field.type === 'string') this.#text()
      else if (field.type === 'id') this.#id(field.idSize)
      else this.#base64()
      return
    }
    this.#tag(field.number, field.wire)
    this.#number(field, byte)
  }
  #number(field: Field, byte: number): void {
    const { type } = field
    if (type === 'bool') this.#boolean(byte)
    else {
      const quoted = byte === 0x22
      if (quoted) this.string()
      else this.number()
      if (type === 'double') {
        const value = this.double(quoted)
        if (value === undefined) throw this.malformed('no number')
        this.#view.setFloat64(this.#to, value, true)
        this.#to += 8
      } else if (type === 'enum' && quoted && this.#enumByName(field)) {
        // written
      } else this.#integer(type)
    }
    this.#reserve()
  }

  #boolean(byte: number): void {
    this.literal(byte === 0x74 ? 'true' : 'false')
    this.#output[this.#to++] = byte === 0x74 ? 1 : 0
  }

  #enumByName(field: Field): boolean {
    const first = this.bytes[this.from] as number
    if (first === 0x2d || (first >= 0x30 && first <= 0x39)) return false
    const name = this.text()
    if (!Object.hasOwn(field.enumNames, name)) throw this.malformed('a name that the enum does not have')
    this.#to = writeVarint(this.#output, this.#to, field.enumNames[name] as number)
    return true
  }

  #integer(type: FieldType): void {
    const small = type === 'enum' || type === 'int32' || type === 'sint32' || type === 'uint32' || type === 'fixed32'
    const signed = type !== 'uint32' && type !== 'fixed32' && type !== 'uint64' && type !== 'fixed64'
    if (!this.integer(small ? 32 : 64, signed)) throw this.malformed('no integer of that size')
    const { high, low } = this
    if (type === 'fixed32') {
      this.#view.setUint32(this.#to, low, true)
      this.#to += 4
    } else if (type === 'fixed64' || type === 'sfixed64') {
      this.#view.setUint32(this.#to, low, true)
      this.#view.setUint32(this.#to + 4, high, true)
      this.#to += 8
    } else if (type === 'sint32') {
      this.#to = writeVarint(this.#output, this.#to, ((low << 1) ^ (low >> 31)) >>> 0)
    } else this.#varint64(high, low)
  }

  #varint64(high: number, low: number): void {
    if (high === 0) {
      this.#to = writeVarint(this.#output, this.#to, low)
      return
    }
    const output = this.#output
    let to = this.#to
    let rest = low
    // Four groups of seven bits come from the low half, the fifth has four bits of it.
    for (let i = 0; i < 4; i++, rest >>>= 7) output[to++] = (rest & 0x7f) | 0x80
    let upper = high >>> 3
    output[to++] = ((rest | (high << 4)) & 0x7f) | (upper === 0 ? 0 : 0x80)
    while (upper !== 0) {
      output[to++] = upper > 0x7f ? (upper & 0x7f) | 0x80 : upper
      upper >>>= 7
    }
    this.#to = to
  }

  /** Length and content of the string that was gone over. */
  #text(): void {
    const size = this.to - this.from
    if (this.escapeCount === 0 && this.ascii) {
      this.#to = writeVarint(this.#output, this.#to, size)
      this.#to = copyText(this.bytes, this.from, this.to, this.#output, this.#to)
      this.#reserve()
      return
    }
    const reserved = varintSize(size)
    const start = this.#open(reserved)
    const to = writeText(this, this.#output, start)
    if (to >= 0) this.#to = to
    else {
      // Bytes that are not UTF-8 become three each.
      this.#reserve(3 * size + this.bytes.length - this.at)
      this.#to = writeText(this, this.#output, start, true)
    }
    this.#close(start, reserved)
  }

  #id(idSize: number): void {
    const to = writeHex(this, this.#output, this.#to + 1)
    const size = to - this.#to - 1
    if (size !== 0 && size !== idSize) throw this.malformed(`no id of ${idSize} bytes in hex`)
    this.#output[this.#to] = size
    this.#to = to
  }

  #base64(): void {
    const reserved = varintSize(Math.ceil(((this.to - this.from) * 3) / 4))
    const start = this.#open(reserved)
    this.#to = writeBase64(this, this.#output, start)
    this.#close(start, reserved)
  }

  #tag(number: number, wire: number): void {
    const tag = number * 8 + wire
    if (tag > 0x7f) {
      this.#output[this.#to++] = (tag & 0x7f) | 0x80
      this.#output[this.#to++] = tag >> 7
    } else this.#output[this.#to++] = tag
  }

  #open(reserved: number): number {
    this.#to += reserved
    return this.#to
  }

  /** Puts the length in front of what was written since `start`, and moves that when the guess was wrong. Returns the size of the length. */
  #close(start: number, reserved: number): number {
    const output = this.#output
    const size = this.#to - start
    const needed = varintSize(size)
    if (needed !== reserved) {
      const shift = needed - reserved
      if (size > 48) output.copyWithin(start + shift, start, this.#to)
      else if (shift < 0) for (let i = start; i < this.#to; i++) output[i + shift] = output[i] as number
      else for (let i = this.#to - 1; i >= start; i--) output[i + shift] = output[i] as number
      this.#to += shift
    }
    writeVarint(output, start - reserved, size)
    this.#reserve()
    return needed
  }

  /** Keeps room for everything that is still to come at its size in JSON: only what grows needs to ask. */
  #reserve(rest: number = this.bytes.length - this.at): void {
    if (this.#output.length - this.#to >= rest + MARGIN) return
    const grown = this.#allocate(
      Math.max(this.#output.length + (this.#output.length >> 1), this.#to + rest + 2 * MARGIN),
    )
    this.#output.copy(grown, 0, 0, this.#to)
    this.#output = grown
    this.#view = viewOf(grown)
  }
}

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
