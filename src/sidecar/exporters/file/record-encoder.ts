import { promisify } from 'node:util'
import { constants, zstdCompress } from 'node:zlib'
import { protobufToJson } from '../../../otlp/protobuf-to-json.ts'
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

/** A request as it stands in the file: a line of JSON, or, with Protocol Buffers or compression, its length in four bytes (the highest first) and its bytes. */
export async function recordOf(signal: Signal, bytes: Buffer, format: RecordFormat): Promise<Buffer> {
  if (isLines(format)) return Buffer.from(`${protobufToJson(signal, bytes)}\n`)
  const plain = format.format === 'json' ? Buffer.from(protobufToJson(signal, bytes)) : bytes
  const content =
    format.compression === 'zstd'
      ? await compress(plain, { params: { [constants.ZSTD_c_compressionLevel]: format.level } })
      : plain
  const prefix = Buffer.alloc(PREFIX_BYTES)
  prefix.writeUInt32BE(content.length)
  return Buffer.concat([prefix, content])
}
