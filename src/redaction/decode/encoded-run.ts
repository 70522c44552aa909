import type { Derived } from '../matches.ts'
import { BASE64, CLASS, HEX } from '../subject.ts'
import { nibble, sextet, textState } from './encoded-text.ts'
import type { Hidden } from './hidden.ts'

/** What the trigger has looked at: token characters at the start of a run. */
const HEAD_CHARS = 12
const HEAD_BYTES = 9
const HEX_HEAD_BYTES = 4
/** When what follows is no text: so much of it is searched alone. */
const PREFIX_BYTES_MIN = 24
/** Encoders that break lines do it behind 64 or 76 characters. */
const LINE_CHARS_MIN = 60

/**
 * Base64, base64url or hex of a text, from the start of the run whose twelfth character is at `at`. Images and other binaries are left. A match in it takes out the whole
 * run: a part of it would say nothing to a reader, and much to a decoder.
 */
export function encodedRun(bytes: Uint8Array, start: number, end: number, at: number): Hidden {
  const from = at - HEAD_CHARS + 1
  if (from < start) return { until: at, text: undefined }
  const base64 = base64Run(bytes, from, end)
  if (base64?.text !== undefined) return base64
  // Digits of hex are base64, too, of bytes that may look like text for a while.
  return hexRun(bytes, from, end) ?? base64 ?? { until: at, text: undefined }
}

const isBase64 = (byte: number): boolean =>
  ((CLASS[byte] as number) & BASE64) !== 0 && byte !== 0x3d && byte !== 0x2e && byte !== 0x7e

function base64Run(bytes: Uint8Array, from: number, end: number): Hidden | undefined {
  let text = scratch
  let length = 0
  let good = 0
  let state = 0
  let bits = 0
  let held = 0
  let at = from
  let lineStart = from
  for (; at < end; at++) {
    const c = bytes[at] as number
    if (!isBase64(c)) {
      const next = at - lineStart >= LINE_CHARS_MIN ? lineBreakEnd(bytes, at, end) : at
      if (next === at) break
      lineStart = next
      at = next - 1
      continue
    }
    if (state < 0) continue
    bits = ((bits << 6) | sextet(c)) & 0xffff
    held += 6
    if (held < 8) continue
    held -= 8
    if (length === text.length) text = grown(text)
    const byte = (bits >> held) & 255
    state = textState(state, byte)
    text[length++] = byte
    if (state === 0) good = length
    else if (state < 0 && length <= HEAD_BYTES) return undefined
  }
  for (let pads = 0; pads < 2 && at < end && bytes[at] === 0x3d; pads++) at++
  return found(text, from, at, state < 0 && good < PREFIX_BYTES_MIN ? 0 : good)
}

/** Most runs are no text: what the first bytes decode to is written here, and copied when it is one. */
const scratch = new Uint8Array(4_096)

/** End of a line break, written out or escaped, before more base64; `at` itself when there is none. */
function lineBreakEnd(bytes: Uint8Array, at: number, end: number): number {
  let to = at
  while (to < end && to - at < 12 && (bytes[to] === 0x0d || bytes[to] === 0x0a || bytes[to] === 0x5c)) {
    const isEscape = bytes[to] === 0x5c
    to++
    if (isEscape && to < end && (bytes[to] === 0x6e || bytes[to] === 0x72)) to++
  }
  return to < end && isBase64(bytes[to] as number) ? to : at
}

function hexRun(bytes: Uint8Array, from: number, end: number): Hidden | undefined {
  let at = bytes[from] === 0x30 && ((bytes[from + 1] as number) | 0x20) === 0x78 ? from + 2 : from
  let to = at
  while (to < end && ((CLASS[bytes[to] as number] as number) & HEX) !== 0) to++
  let text = scratch
  let length = 0
  let state = 0
  for (; at + 1 < to && state >= 0; at += 2) {
    const byte = (nibble(bytes[at] as number) << 4) | nibble(bytes[at + 1] as number)
    state = textState(state, byte)
    if (length === text.length) text = grown(text)
    text[length++] = byte
  }
  if (length < HEX_HEAD_BYTES || (state < 0 && length < PREFIX_BYTES_MIN)) return undefined
  return found(text, from, to, state < 0 ? length - 1 : length)
}

function found(text: Uint8Array, from: number, to: number, length: number): Hidden {
  if (length === 0) return { until: to, text: undefined }
  return {
    until: to,
    text: { bytes: text.slice(0, length), origin: () => ({ start: from, end: to }) } satisfies Derived,
  }
}

function grown(array: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(array.length * 4)
  larger.set(array)
  return larger
}
