import { hostileBytes } from './hostile-bytes.ts'
import type { Random } from './random.ts'

export interface Frame {
  type: number
  flags: number
  stream: number
  payload: Buffer
  /** Written instead of the real length. */
  lie?: number
}

export const PREFACE: Buffer = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')
const DATA = 0
const HEADERS = 1
const SETTINGS = 4
const END_STREAM = 1
const END_HEADERS = 4

export const encodeFrames = (frames: readonly Frame[]): Buffer =>
  Buffer.concat([
    PREFACE,
    ...frames.flatMap(({ type, flags, stream, payload, lie }) => [
      frameHead(type, flags, stream, lie ?? payload.length),
      payload,
    ]),
  ])

function frameHead(type: number, flags: number, stream: number, length: number): Buffer {
  const head = Buffer.alloc(9)
  head.writeUIntBE(length & 0xffffff, 0, 3)
  head[3] = type
  head[4] = flags
  head.writeUInt32BE(stream >>> 0, 5)
  return head
}

/** One call of an Export method, as a client sends it. */
export function callFrames(stream: number, headers: readonly (readonly [string, string])[], message: Buffer): Frame[] {
  const block = Buffer.concat(
    headers.map(([name, value]) => Buffer.concat([Buffer.of(0), hpackText(name), hpackText(value)])),
  )
  return [
    { type: HEADERS, flags: END_HEADERS, stream, payload: block },
    { type: DATA, flags: END_STREAM, stream, payload: message },
  ]
}

export const settingsFrame = (): Frame => ({ type: SETTINGS, flags: 0, stream: 0, payload: Buffer.alloc(0) })

/** A literal without Huffman coding. */
function hpackText(text: string): Buffer {
  const bytes = Buffer.from(text)
  const length: number[] = []
  if (bytes.length < 127) length.push(bytes.length)
  else {
    length.push(127)
    let rest = bytes.length - 127
    for (; rest >= 128; rest >>= 7) length.push((rest & 0x7f) | 0x80)
    length.push(rest)
  }
  return Buffer.concat([Buffer.from(length), bytes])
}

export function mutateFrames(random: Random, frames: Frame[], changes: number): void {
  for (let i = 0; i < changes; i++) {
    const at = random.below(frames.length)
    const frame = frames[at]
    if (frame !== undefined) mutateFrame(random, frames, at, frame)
  }
}

function mutateFrame(random: Random, frames: Frame[], at: number, frame: Frame): void {
  switch (random.below(12)) {
    case 0:
      frame.type = random.below(12)
      return
    case 1:
      frame.flags = random.pick([0, END_STREAM, END_HEADERS, 0x8, 0x20, 0xff])
      return
    case 2:
      frame.stream = random.pick([0, 1, 2, 3, 5, 0x7fffffff, 0x80000001])
      return
    case 3:
      frames.splice(at, 1)
      return
    case 4:
      frames.splice(random.below(frames.length + 1), 0, { ...frame })
      return
    case 5:
      frame.lie = random.pick([0, 1, frame.payload.length + 1, 16_384, 16_385, 0xffffff])
      return
    case 6:
      frames.splice(at, 1, ...split(random, frame))
      return
    case 7:
      frames.splice(at, 0, ...Array.from({ length: 1 + random.size(40) }, () => controlFrame(random)))
      return
    case 8:
      frame.payload = hostileBytes(random)
      return
    case 9:
      frame.payload = frame.payload.subarray(0, random.below(frame.payload.length))
      return
    case 10:
      frames.push(...frames.splice(at, 1))
      return
    default: {
      const payload = Buffer.from(frame.payload)
      const place = random.below(payload.length)
      if (payload.length > 0) payload[place] = random.below(256)
      frame.payload = payload
    }
  }
}

/** A header block goes on in a CONTINUATION, data in more data. */
function split(random: Random, frame: Frame): Frame[] {
  const cut = random.below(frame.payload.length)
  const rest = { ...frame, type: frame.type === HEADERS ? 9 : frame.type, payload: frame.payload.subarray(cut) }
  const first = {
    ...frame,
    flags: frame.type === HEADERS ? frame.flags & ~END_HEADERS : 0,
    payload: frame.payload.subarray(0, cut),
  }
  return [first, rest]
}

/** PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, and one that there is not. */
function controlFrame(random: Random): Frame {
  const type = 2 + random.below(7)
  const size = random.chance(0.8) ? [5, 4, 6, 4, 8, 8, 4][type - 2] : random.below(20)
  return { type, flags: random.pick([0, 0, 1]), stream: random.pick([0, 0, 1, 3]), payload: random.bytes(size ?? 4) }
}
