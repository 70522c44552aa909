import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { readAcknowledged } from './acknowledgements.ts'
import { scanSegment } from './record.ts'
import type { StoredRecord } from './record.ts'

/** A segment as it lies on disk. */
export interface SegmentOnDisk {
  /** Batches that are not done with, in their order. */
  readonly left: readonly StoredRecord[]
  /** Places that hold no sound record, with sound ones behind them. */
  readonly damaged: number
  /** Bytes behind the last sound record: a write that did not end. */
  readonly tornBytes: number
  readonly bytes: Buffer
}

/** Throws when the file can't be read. */
export function readSegment(path: string): SegmentOnDisk {
  const bytes = readFileSync(path)
  const { records, damaged, soundBytes } = scanSegment(bytes)
  const acknowledged = readAcknowledged(acknowledgedPath(path))
  const left = records.filter(({ sequence }) => !acknowledged.has(sequence))
  return { left, damaged, tornBytes: bytes.length - soundBytes, bytes }
}

/** Numbers of the segments in a queue's folder, ascending. Throws when the folder can't be read. */
export function segmentIds(folder: string): number[] {
  const names = readdirSync(folder)
  const ids = names.flatMap((name) => (SEGMENT_NAME.test(name) ? [Number(name.slice(0, 10))] : []))
  return ids.sort((a, b) => a - b)
}

export const segmentPath = (folder: string, id: number): string => join(folder, `${String(id).padStart(10, '0')}.wal`)

export const acknowledgedPath = (segment: string): string => segment.replace(/\.wal$/, '.ack')

const SEGMENT_NAME = /^\d{10}\.wal$/
