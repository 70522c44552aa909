import { setImmediate as nextTurn } from 'node:timers/promises'
import { promisify } from 'node:util'
import { constants, zstdCompress } from 'node:zlib'
import { protobufToJson } from '../../../otlp/protobuf-to-json.ts'
import { splitRequest } from '../../../otlp/split.ts'
import type { Signal } from '../../component.ts'
import { PREFIX_BYTES } from './mend.ts'

export interface RecordFormat {
  readonly format: 'json' | 'proto'
  readonly compression: '' | 'none' | 'zstd'
  readonly level: number
}

const compress = promisify(zstdCompress)

/** Whether records are lines; others stand behind their length. */
export const isLines = ({ format, compression }: RecordFormat): boolean => format === 'json' && compression !== 'zstd'

/**
 * A request as it stands in the file: a line of JSON, or, with Protocol Buffers or compression, its length in four bytes (the highest first) and its bytes. JSON of a large
 * request is several such records, each a request of its own, and other work is done between them.
 */
export async function recordOf(signal: Signal, bytes: Buffer, format: RecordFormat): Promise<Buffer> {
  if (format.format === 'proto') return prefixed(bytes, format)
  const records: Buffer[] = []
  for await (const part of partsOf(signal, bytes)) {
    const json = protobufToJson(signal, part)
    records.push(isLines(format) ? Buffer.from(`${json}\n`) : await prefixed(Buffer.from(json), format))
  }
  return Buffer.concat(records)
}

async function prefixed(plain: Buffer, { compression, level }: RecordFormat): Promise<Buffer> {
  const content =
    compression === 'zstd' ? await compress(plain, { params: { [constants.ZSTD_c_compressionLevel]: level } }) : plain
  const prefix = Buffer.alloc(PREFIX_BYTES)
  prefix.writeUInt32BE(content.length)
  return Buffer.concat([prefix, content])
}

/** To write 20 MB of spans as JSON takes about 170 ms: as much as this takes less than 5. */
export const PART_BYTES_MAX = 512 * 1024

/** Its items in order, in requests of no more than that, but for single items that are larger; before each the event loop has a turn. */
async function* partsOf(signal: Signal, bytes: Buffer): AsyncGenerator<Buffer> {
  const halves = bytes.length > PART_BYTES_MAX ? splitRequest(signal, bytes) : undefined
  if (halves === undefined) return yield bytes
  for (const half of halves) {
    await nextTurn()
    yield* partsOf(signal, half.bytes)
  }
}
