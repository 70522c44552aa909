/** A field of a small message of our own protocols; the hot path has the tape of otlp/walk.ts. */
export interface ProtobufField {
  readonly number: number
  /** Of length-delimited fields; empty for others. */
  readonly bytes: Buffer
}

const WIRE_VARINT = 0
const WIRE_64 = 1
const WIRE_BYTES = 2
const WIRE_32 = 5

/** The fields of a message, in order. Undefined when it is malformed. */
export function protobufFields(message: Buffer): readonly ProtobufField[] | undefined {
  const fields: ProtobufField[] = []
  let at = 0
  const varint = (): number => {
    let value = 0
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = message[at++]
      if (byte === undefined) return NaN
      value += (byte & 0x7f) * 2 ** shift
      if (byte < 0x80) return value
    }
    return NaN
  }
  while (at < message.length) {
    const tag = varint()
    const wire = tag % 8
    const size =
      wire === WIRE_BYTES || wire === WIRE_VARINT ? varint() : wire === WIRE_64 ? 8 : wire === WIRE_32 ? 4 : NaN
    if (Number.isNaN(size)) return undefined
    const start = at
    if (wire !== WIRE_VARINT) at += size
    if (at > message.length || tag < 8) return undefined
    fields.push({ number: Math.floor(tag / 8), bytes: wire === WIRE_BYTES ? message.subarray(start, at) : EMPTY })
  }
  return fields
}

const EMPTY = Buffer.alloc(0)
