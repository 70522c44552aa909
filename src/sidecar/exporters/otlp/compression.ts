import { promisify } from 'node:util'
import { constants, deflate, gzip, zstdCompress } from 'node:zlib'
import * as z from 'zod'

const gzipAsync = promisify(gzip)
const deflateAsync = promisify(deflate)
const zstdAsync = promisify(zstdCompress)

const CHUNK_BYTES_MIN = 16 * 1024
const CHUNK_BYTES_MAX = 1024 * 1024

export type Compression = 'gzip' | 'zstd' | 'deflate' | 'zlib' | 'none'

const WHERE = 'By default gzip, and not at all towards this machine itself.'
const byDefault = (written: Compression | '' | undefined): Compression | undefined =>
  written === '' ? 'none' : written

export const httpCompressionConfig = z
  .enum(['gzip', 'zstd', 'zlib', 'deflate', 'none', ''], {
    error: 'it is gzip, zstd, zlib, deflate or none; for snappy and lz4 a stock collector behind this one is needed',
  })
  .optional()
  .transform(byDefault)
  .describe(`How requests are compressed. ${WHERE}`)

export const grpcCompressionConfig = z
  .enum(['gzip', 'zstd', 'none', ''], {
    error: 'it is gzip, zstd or none; for snappy a stock collector behind this one is needed',
  })
  .optional()
  .transform(byDefault)
  .describe(`How requests are compressed. ${WHERE}`)

export const compressionParamsConfig = z
  .strictObject({
    level: z
      .int()
      .min(-2)
      .default(1)
      .describe(
        'Level of the compression: 1 to 9 with gzip, zlib and deflate, 1 to 22 with zstd (the stock collector knows 1, 3, 6 and 11); -1 is what the algorithm has by itself (6, and 3 with zstd).',
      ),
  })
  .prefault({})

/** The bytes compressed, on a thread of the platform's pool. What comes back shares no memory with what went in, except with `none`. */
export async function compress(bytes: Buffer, compression: Compression, level: number): Promise<Buffer> {
  // One large output chunk instead of many small ones: half the time for a batch of a megabyte.
  const chunkSize = Math.min(Math.max(bytes.length >> 1, CHUNK_BYTES_MIN), CHUNK_BYTES_MAX)
  if (compression === 'none') return bytes
  if (compression === 'zstd') {
    return zstdAsync(bytes, {
      chunkSize,
      params: { [constants.ZSTD_c_compressionLevel]: level < 0 ? 3 : Math.min(level, 22) },
    })
  }
  // -2 is the stock collector's "Huffman only".
  const how = level === -2 ? { level: 1, strategy: constants.Z_HUFFMAN_ONLY } : { level: Math.min(level, 9), chunkSize }
  return compression === 'gzip' ? gzipAsync(bytes, { ...how, chunkSize }) : deflateAsync(bytes, { ...how, chunkSize })
}
