import { open } from 'node:fs/promises'
import { isSound, RECORD_HEADER_BYTES } from './record.ts'
import type { StoredRecord } from './record.ts'

/** The bytes of one batch; undefined when what stands there is not what was written. */
export async function readRecord(path: string, { offset, length }: StoredRecord): Promise<Buffer | undefined> {
  const file = await open(path)
  try {
    const bytes = Buffer.allocUnsafe(RECORD_HEADER_BYTES + length)
    const { bytesRead } = await file.read(bytes, 0, bytes.length, offset - RECORD_HEADER_BYTES)
    const payload = bytes.subarray(RECORD_HEADER_BYTES)
    return bytesRead === bytes.length && isSound(bytes.subarray(0, RECORD_HEADER_BYTES), payload) ? payload : undefined
  } finally {
    await file.close()
  }
}
