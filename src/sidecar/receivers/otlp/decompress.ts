import { promisify } from 'node:util'
import { gunzip, gunzipSync, inflate, inflateSync, zstdDecompress, zstdDecompressSync } from 'node:zlib'
import type { ZlibOptions } from 'node:zlib'
import { RefusedError } from '../../component.ts'
import { tooLarge } from './body-memory.ts'

type Limits = Pick<ZlibOptions, 'maxOutputLength' | 'chunkSize'>

interface Algorithm {
  now(bytes: Uint8Array, limits: Limits): Buffer
  later(bytes: Uint8Array, limits: Limits): Promise<Buffer>
}

const gzip: Algorithm = { now: gunzipSync, later: promisify(gunzip) }
const zlib: Algorithm = { now: inflateSync, later: promisify(inflate) }
const zstd: Algorithm = { now: zstdDecompressSync, later: promisify(zstdDecompress) }
const algorithms: Readonly<Record<string, Algorithm>> = { gzip, zstd, zlib, deflate: zlib }

/** Names of Content-Encoding and grpc-encoding that can be read. */
export const COMPRESSIONS: readonly string[] = ['gzip', 'zstd', 'zlib', 'deflate']

const CHUNK_BYTES_MIN = 16 * 1024
/** A gzip stream says how long it was; one that claims more than this ratio is not believed. */
const RATIO_BELIEVED_MAX = 30

/** Small bodies are decompressed at once, up to this output: the way to another thread and back takes four times as long as the work. */
const SMALL_BYTES_MAX = 16 * 1024
const SMALL_OUTPUT_BYTES_MAX = 256 * 1024

/**
 * Decompresses, larger bodies off the event loop. `name` is one of COMPRESSIONS. Throws RefusedError: `invalid`, or `too_large` beyond `bytesMax`
 * before the rest is inflated.
 */
export async function decompress(name: string, bytes: Buffer, bytesMax: number): Promise<Buffer> {
  const algorithm = algorithms[name]
  if (algorithm === undefined) throw new RefusedError('invalid', 'unknown compression')
  const chunkSize = expectedSize(name, bytes, bytesMax)
  try {
    const small = bytes.length <= SMALL_BYTES_MAX ? smallOutput(algorithm, bytes, bytesMax) : undefined
    return small ?? (await algorithm.later(bytes, { maxOutputLength: bytesMax, chunkSize }))
  } catch (error) {
    if (error instanceof RangeError) throw tooLarge(bytesMax)
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

/** Bytes that the output will most likely have: one chunk for the whole output saves putting many together. */
export function expectedSize(algorithm: string, bytes: Buffer, bytesMax: number): number {
  if (algorithm !== 'gzip' || bytes.length < 18) return 4 * CHUNK_BYTES_MIN
  const claimed = bytes.readUInt32LE(bytes.length - 4)
  const believed = Math.min(claimed, bytes.length * RATIO_BELIEVED_MAX, bytesMax)
  return Math.max(believed + 1, CHUNK_BYTES_MIN)
}
