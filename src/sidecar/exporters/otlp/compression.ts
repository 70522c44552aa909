import { promisify } from 'node:util'
import { constants, gzip, zstdCompress } from 'node:zlib'
import { z } from 'zod'

const gzipAsync = promisify(gzip)
const zstdAsync = promisify(zstdCompress)

const CHUNK_BYTES_MIN = 16 * 1024
const CHUNK_BYTES_MAX = 1024 * 1024

export const compressionConfig = z
  .enum(['gzip', 'zstd', 'none'])
  .optional()
  .describe('How requests are compressed. By default gzip, and not at all towards this machine itself.')

export const compressionParamsConfig = z
  .strictObject({
    level: z.int().min(1).max(22).default(1).describe('Level of the compression: 1 to 9 with gzip, 1 to 22 with zstd.'),
  })
  .prefault({})

export type Compression = 'gzip' | 'zstd' | 'none'

/** The bytes compressed, on a thread of the platform's pool. What comes back shares no memory with what went in, except with `none`. */
export async function compress(bytes: Buffer, compression: Compression, level: number): Promise<Buffer> {
  // One large output chunk instead of many small ones: half the time for a batch of a megabyte.
  const chunkSize = Math.min(Math.max(bytes.length >> 1, CHUNK_BYTES_MIN), CHUNK_BYTES_MAX)
  if (compression === 'gzip') return gzipAsync(bytes, { level: Math.min(level, 9), chunkSize })
  if (compression === 'zstd') {
    return zstdAsync(bytes, { chunkSize, params: { [constants.ZSTD_c_compressionLevel]: level } })
  }
  return bytes
}
