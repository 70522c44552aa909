import { promisify } from 'node:util'
import { gunzip, inflate, zstdDecompress } from 'node:zlib'
import type { ZlibOptions } from 'node:zlib'
import { RefusedError } from '../../component.ts'
import { tooLarge } from './body-memory.ts'

type Decompress = (bytes: Uint8Array, options: Pick<ZlibOptions, 'maxOutputLength' | 'chunkSize'>) => Promise<Buffer>

const algorithms: Readonly<Record<string, Decompress>> = {
  gzip: promisify(gunzip),
  zstd: promisify(zstdDecompress),
  deflate: promisify(inflate),
  zlib: promisify(inflate),
}

/** Names of Content-Encoding and grpc-encoding that can be read. */
export const COMPRESSIONS: readonly string[] = ['gzip', 'zstd', 'zlib', 'deflate']

const CHUNK_BYTES_MIN = 16 * 1024
/** A gzip stream says how long it was; one that claims more than this ratio is not believed. */
const RATIO_BELIEVED_MAX = 30

/** Decompresses off the event loop. `algorithm` is one of COMPRESSIONS. Throws RefusedError: `invalid`, or `too_large` beyond `bytesMax` before the rest is inflated. */
export async function decompress(algorithm: string, bytes: Buffer, bytesMax: number): Promise<Buffer> {
  const run = algorithms[algorithm]
  if (run === undefined) throw new RefusedError('invalid', 'unknown compression')
  try {
    return await run(bytes, { maxOutputLength: bytesMax, chunkSize: expectedSize(algorithm, bytes, bytesMax) })
  } catch (error) {
    if (error instanceof RangeError) throw tooLarge(bytesMax)
    throw new RefusedError('invalid', `the body is not valid ${algorithm}`, { cause: error })
  }
}

/** Bytes that the output will most likely have: one chunk for the whole output saves putting many together. */
export function expectedSize(algorithm: string, bytes: Buffer, bytesMax: number): number {
  if (algorithm !== 'gzip' || bytes.length < 18) return 4 * CHUNK_BYTES_MIN
  const claimed = bytes.readUInt32LE(bytes.length - 4)
  const believed = Math.min(claimed, bytes.length * RATIO_BELIEVED_MAX, bytesMax)
  return Math.max(believed + 1, CHUNK_BYTES_MIN)
}
