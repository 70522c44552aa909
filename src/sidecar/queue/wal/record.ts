import { crc32 } from 'node:zlib'

/**
 * A segment is a file of records, one for each batch, in the order in which they came:
 *
 *   file header   8 bytes   "SPWWAL02"
 *   record       28 bytes   mark "SWR2", then as 32-bit little-endian numbers: length of the payload in bytes, items, sequence number in the segment;
 *                           milliseconds since 1970 in 48 bits, 16 bits of zero, CRC-32 of the 24 bytes before it and the payload
 *                 n bytes   payload
 *
 * The mark lets a reader go on behind a record whose length can't be believed.
 */
export const SEGMENT_MAGIC: Buffer = Buffer.from('SPWWAL02')
export const RECORD_HEADER_BYTES = 28
const MARK: Buffer = Buffer.from('SWR2')
/** Longer lengths are damage: a request is at most 64 MiB. */
const PAYLOAD_BYTES_MAX = 128 * 1024 * 1024
const CRC_AT = RECORD_HEADER_BYTES - 4

/** A batch in a segment. */
export interface StoredRecord {
  /** Of the payload in the file. */
  readonly offset: number
  readonly length: number
  readonly items: number
  readonly sequence: number
  /** When it came, in milliseconds since 1970. */
  readonly storedMs: number
}

export interface ScannedSegment {
  readonly records: readonly StoredRecord[]
  /** Behind the last sound record: what follows is a torn tail or damage up to the end. */
  readonly soundBytes: number
  /** Places where something stands that is no sound record, with sound ones behind it. */
  readonly damaged: number
}

export function recordHeader(payload: Uint8Array, items: number, sequence: number, storedMs: number): Buffer {
  const header = Buffer.alloc(RECORD_HEADER_BYTES)
  MARK.copy(header)
  header.writeUInt32LE(payload.length, 4)
  header.writeUInt32LE(items, 8)
  header.writeUInt32LE(sequence, 12)
  header.writeUIntLE(Math.max(0, Math.round(storedMs)), 16, 6)
  header.writeUInt32LE(crc32(payload, crc32(header.subarray(0, CRC_AT))), CRC_AT)
  return header
}

/** Whether `header` is the one of this payload. */
export const isSound = (header: Buffer, payload: Uint8Array): boolean =>
  header.readUInt32LE(4) === payload.length &&
  header.readUInt32LE(CRC_AT) === crc32(payload, crc32(header.subarray(0, CRC_AT)))

/** Finds the sound records of a segment, whatever else stands in it. Linear: no byte's checksum is computed for more than one mark that lies about its length. */
export function scanSegment(bytes: Buffer): ScannedSegment {
  const records: StoredRecord[] = []
  let damaged = 0
  let soundBytes = 0
  let at = bytes.subarray(0, SEGMENT_MAGIC.length).equals(SEGMENT_MAGIC) ? SEGMENT_MAGIC.length : 0
  if (at > 0) soundBytes = at
  let isInDamage = at === 0 && bytes.length > 0
  /** Bytes spent on marks that were none. */
  let wasted = 0
  while (at < bytes.length) {
    const record = recordAt(bytes, at)
    if (record !== undefined && wasted <= bytes.length * 4) {
      const payload = bytes.subarray(record.offset, record.offset + record.length)
      if (isSound(bytes.subarray(at, record.offset), payload)) {
        if (isInDamage) damaged++
        isInDamage = false
        records.push(record)
        at = soundBytes = record.offset + record.length
        continue
      }
      wasted += record.length
    }
    isInDamage = true
    const next = bytes.indexOf(MARK, at + 1)
    if (next < 0) break
    at = next
  }
  return { records, soundBytes, damaged }
}

/** What the header at this place says, if it is possible. */
function recordAt(bytes: Buffer, at: number): StoredRecord | undefined {
  const offset = at + RECORD_HEADER_BYTES
  if (offset > bytes.length || !bytes.subarray(at, at + 4).equals(MARK)) return undefined
  const length = bytes.readUInt32LE(at + 4)
  if (length > PAYLOAD_BYTES_MAX || offset + length > bytes.length) return undefined
  return {
    offset,
    length,
    items: bytes.readUInt32LE(at + 8),
    sequence: bytes.readUInt32LE(at + 12),
    storedMs: bytes.readUIntLE(at + 16, 6),
  }
}
