/** One frame of a Zstandard stream (RFC 8878, 3.1). */
export interface ZstdFrame {
  readonly start: number
  readonly end: number
  /** Bytes of its content, when it says so; not to be believed. */
  readonly claimed: number | undefined
}

const MAGIC = 0xfd2fb528
const SKIPPABLE_MAGIC = 0x184d2a50
const BLOCK_RLE = 1
const BLOCK_RESERVED = 3
const BLOCK_HEADER_BYTES = 3

/**
 * The frames that `bytes` consists of, without skippable ones. Undefined when it is no such stream, ends in the middle of one, or has more than
 * `framesMax`. Node.js decompresses the first frame only and says nothing of the others.
 */
export function zstdFrames(bytes: Buffer, framesMax: number): readonly ZstdFrame[] | undefined {
  const frames: ZstdFrame[] = []
  for (let at = 0, seen = 0; at < bytes.length; seen++) {
    if (at + 8 > bytes.length || seen === framesMax) return undefined
    const magic = bytes.readUInt32LE(at)
    if ((magic & 0xfffffff0) >>> 0 === SKIPPABLE_MAGIC) {
      at += 8 + bytes.readUInt32LE(at + 4)
      if (at > bytes.length) return undefined
      continue
    }
    const frame = magic === MAGIC ? frameAt(bytes, at) : undefined
    if (frame === undefined) return undefined
    frames.push(frame)
    at = frame.end
  }
  return frames.length === 0 ? undefined : frames
}

function frameAt(bytes: Buffer, start: number): ZstdFrame | undefined {
  const descriptor = bytes[start + 4] ?? 0
  const isSingleSegment = (descriptor & 0x20) !== 0
  const dictionaryBytes = [0, 1, 2, 4][descriptor & 3] ?? 0
  const sizeBytes = [isSingleSegment ? 1 : 0, 2, 4, 8][descriptor >> 6] ?? 0
  const sizeAt = start + 5 + (isSingleSegment ? 0 : 1) + dictionaryBytes
  const claimed = sizeAt + sizeBytes <= bytes.length ? claimedSize(bytes, sizeAt, sizeBytes) : undefined
  for (let at = sizeAt + sizeBytes; at + BLOCK_HEADER_BYTES <= bytes.length;) {
    const header = bytes.readUIntLE(at, BLOCK_HEADER_BYTES)
    const type = (header >> 1) & 3
    if (type === BLOCK_RESERVED) return undefined
    at += BLOCK_HEADER_BYTES + (type === BLOCK_RLE ? 1 : header >> 3)
    if ((header & 1) === 0) continue
    const end = at + ((descriptor & 4) === 0 ? 0 : 4)
    return end > bytes.length ? undefined : { start, end, claimed }
  }
  return undefined
}

function claimedSize(bytes: Buffer, at: number, length: number): number | undefined {
  if (length === 0) return undefined
  if (length === 1) return bytes[at]
  if (length === 2) return bytes.readUInt16LE(at) + 256
  return length === 4 ? bytes.readUInt32LE(at) : Number(bytes.readBigUInt64LE(at))
}
