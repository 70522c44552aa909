import { promisify } from 'node:util'
import {
  constants,
  gunzip,
  gunzipSync,
  inflate,
  inflateRaw,
  inflateRawSync,
  inflateSync,
  zstdDecompress,
  zstdDecompressSync,
} from 'node:zlib'
import type { ZlibOptions } from 'node:zlib'
import { RefusedError } from '../../component.ts'
import { tooLarge } from './body-memory.ts'
import type { BodyMemory } from './body-memory.ts'
import { zstdFrames } from './zstd-frames.ts'

type Limits = Pick<ZlibOptions, 'maxOutputLength' | 'chunkSize'>

interface Algorithm {
  now(bytes: Uint8Array, limits: Limits): Buffer
  later(bytes: Uint8Array, limits: Limits): Promise<Buffer>
}

const gzip: Algorithm = { now: gunzipSync, later: promisify(gunzip) }
const zlib: Algorithm = { now: inflateSync, later: promisify(inflate) }
const rawDeflate: Algorithm = { now: inflateRawSync, later: promisify(inflateRaw) }
/** RFC 9659: no window above 8 MiB. A frame that asks for more would have that memory before its first byte is out. */
const zstdParams = { params: { [constants.ZSTD_d_windowLogMax]: 23 } }
const zstdLater = promisify(zstdDecompress)
const zstd: Algorithm = {
  now: (bytes, limits) => zstdDecompressSync(bytes, { ...limits, ...zstdParams }),
  later: (bytes, limits) => zstdLater(bytes, { ...limits, ...zstdParams }),
}

/** Names of Content-Encoding and grpc-encoding that can be read. */
export const COMPRESSIONS: readonly string[] = ['gzip', 'zstd', 'zlib', 'deflate']

const CHUNK_BYTES_MIN = 16 * 1024
/** A stream may say how long it is inside; one that claims more than this ratio is not believed. */
const RATIO_BELIEVED_MAX = 30
/** What turns out to be longer than expected is begun again with so many times the memory: all tries together cost 8/7 of the last. */
const GROWTH = 8
/** A client that flushes has one; more than this are there to keep us busy. */
const FRAMES_MAX = 1000

/** Small bodies are decompressed at once, up to this output: the way to another thread and back takes four times as long as the work. */
const SMALL_BYTES_MAX = 16 * 1024
const SMALL_OUTPUT_BYTES_MAX = 256 * 1024

type Memory = Pick<BodyMemory, 'hold'>

export interface Decompressed {
  readonly bytes: Buffer
  /** To be called when the bytes are read no longer. */
  free(): void
}

/**
 * Decompresses, larger bodies off the event loop. `name` is one of COMPRESSIONS. What the output takes is held in `memory` before it is there, so a
 * thousand bombs at once are too many requests. Throws RefusedError: `invalid`, `too_large` beyond `bytesMax` before the rest is inflated, `busy`
 * without memory.
 */
export async function decompress(name: string, bytes: Buffer, bytesMax: number, memory: Memory): Promise<Decompressed> {
  if (name === 'zstd') return decompressZstd(bytes, bytesMax, memory)
  const [algorithm, claimed] = name === 'gzip' ? [gzip, gzipClaim(bytes)] : [deflateOf(name, bytes), undefined]
  return inflated(name, algorithm, { bytes, claimed, bytesMax, memory })
}

interface Work {
  readonly bytes: Buffer
  readonly claimed: number | undefined
  readonly bytesMax: number
  readonly memory: Memory
}

async function inflated(name: string, algorithm: Algorithm, work: Work): Promise<Decompressed> {
  const { bytes, bytesMax, memory } = work
  try {
    const small = bytes.length <= SMALL_BYTES_MAX ? smallOutput(algorithm, bytes, bytesMax) : undefined
    if (small !== undefined) return { bytes: small, free: memory.hold(small.length) }
    return await largeOutput(algorithm, work)
  } catch (error) {
    if (error instanceof RefusedError) throw error
    throw new RefusedError('invalid', `the body is not valid ${name}`, { cause: error })
  }
}

/** Undefined when the output is not small after all. */
function smallOutput({ now }: Algorithm, bytes: Buffer, bytesMax: number): Buffer | undefined {
  try {
    return now(bytes, { maxOutputLength: Math.min(bytesMax, SMALL_OUTPUT_BYTES_MAX) })
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}

async function largeOutput({ later }: Algorithm, { bytes, claimed, bytesMax, memory }: Work): Promise<Decompressed> {
  for (let size = expectedSize(bytes.length, claimed, bytesMax); ; size = Math.min(size * GROWTH, bytesMax)) {
    const free = memory.hold(size)
    try {
      // One chunk for all: putting many together would take the memory twice.
      return { bytes: await later(bytes, { maxOutputLength: size, chunkSize: size + 1 }), free }
    } catch (error) {
      free()
      if (!(error instanceof RangeError)) throw error
      if (size >= bytesMax) throw tooLarge(bytesMax)
    }
  }
}

/** Bytes that the output will most likely have. */
function expectedSize(length: number, claimed: number | undefined, bytesMax: number): number {
  const likely = Math.min(claimed ?? 4 * length, length * RATIO_BELIEVED_MAX)
  return Math.min(Math.max(likely, CHUNK_BYTES_MIN), bytesMax)
}

/** The last member says how long its content is, modulo 2³². */
const gzipClaim = (bytes: Buffer): number | undefined =>
  bytes.length < 18 ? undefined : bytes.readUInt32LE(bytes.length - 4)

/** RFC 9110, 8.4.1.2: `deflate` is the zlib format, but some clients send the bare stream. */
function deflateOf(name: string, bytes: Buffer): Algorithm {
  const [first = 0, second = 0] = bytes
  const hasZlibHeader = (first & 0x0f) === 8 && first >> 4 <= 7 && ((first << 8) | second) % 31 === 0
  return name === 'zlib' || hasZlibHeader ? zlib : rawDeflate
}

async function decompressZstd(bytes: Buffer, bytesMax: number, memory: Memory): Promise<Decompressed> {
  const frames = zstdFrames(bytes, FRAMES_MAX)
  if (frames === undefined) throw new RefusedError('invalid', 'the body is not valid zstd')
  const parts: Decompressed[] = []
  let left = bytesMax
  try {
    for (const { start, end, claimed } of frames) {
      const work = { bytes: bytes.subarray(start, end), claimed, bytesMax: left, memory }
      const part = await inflated('zstd', zstd, work)
      parts.push(part)
      left -= part.bytes.length
    }
    const [only] = parts
    if (only !== undefined && parts.length === 1) return { bytes: only.bytes, free: parts.pop()?.free ?? only.free }
    const free = memory.hold(bytesMax - left)
    return { bytes: Buffer.concat(parts.map((part) => part.bytes)), free }
  } finally {
    for (const { free } of parts) free()
  }
}
