import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { unpooledPayload } from '../../../src/sidecar/payload.ts'
import {
  isSound,
  recordHeader,
  RECORD_HEADER_BYTES,
  scanSegment,
  SEGMENT_MAGIC,
} from '../../../src/sidecar/queue/wal/record.ts'
import { WriteAheadLog } from '../../../src/sidecar/queue/write-ahead-log.ts'
import { must } from '../fuzz-target.ts'
import type { FuzzTarget } from '../fuzz-target.ts'
import { mutateBytes } from '../mutate-bytes.ts'
import { Random } from '../random.ts'
import type { Seeds } from '../seeds.ts'

const ACKNOWLEDGED_BYTES = 12
/** One input of so many is recovered from a folder; the others are only scanned. */
const RECOVERED_EVERY = 64
const ANY_DAMAGE = 0
const ONE_RANGE = 1

/**
 * A damaged segment. What is found in it is sound, and a queue opens on it, is read to its end and takes more. Where one range was written over, every record beside
 * it is found: then the input is the seed of the sound segment, an offset and the bytes to put there.
 */
export function walTarget({ protobuf }: Seeds): FuzzTarget {
  const payloads = [
    ...protobuf.traces.filter(({ length }) => length < 400).slice(0, 30),
    Buffer.alloc(0),
    Buffer.from('SWR2'),
    Buffer.alloc(600, 'SWR2'),
  ]
  const folder = mkdtempSync(join(tmpdir(), 'spanwarden-fuzz-wal-'))
  return {
    input(random) {
      const seed = random.word()
      const segment = segmentOf(seed, payloads)
      if (random.chance(0.4)) return oneRange(random, seed, segment.length)
      const damaged = mutateBytes(random, segment, [segment, ...payloads], 1 + random.size(8))
      return Buffer.concat([Buffer.of(ANY_DAMAGE), random.bytes(ACKNOWLEDGED_BYTES), damaged])
    },
    async run(input) {
      if (input[0] === ONE_RANGE) return checkOneRange(input, payloads)
      const bytes = input.subarray(1 + ACKNOWLEDGED_BYTES)
      checkRecords(bytes)
      if (bytes.length % RECOVERED_EVERY === 0) await recover(folder, bytes, input.subarray(1, 1 + ACKNOWLEDGED_BYTES))
    },
    close() {
      rmSync(folder, { recursive: true, force: true })
      return Promise.resolve()
    },
  }
}

function segmentOf(seed: number, payloads: readonly Buffer[]): Buffer {
  const random = new Random(seed)
  const records = Array.from({ length: random.below(6) }, (_, sequence) => {
    const payload = random.pick(payloads)
    return Buffer.concat([recordHeader(payload, 1 + random.below(3), sequence + 1, 1_790_000_000_000), payload])
  })
  return Buffer.concat([SEGMENT_MAGIC, ...records])
}

function oneRange(random: Random, seed: number, segmentBytes: number): Buffer {
  const head = Buffer.alloc(9)
  head[0] = ONE_RANGE
  head.writeUInt32LE(seed, 1)
  head.writeUInt32LE(random.below(segmentBytes), 5)
  const bytes = random.chance(0.2) ? Buffer.from('SWR2\0\0\0\0') : random.bytes(1 + random.size(200))
  return Buffer.concat([head, bytes])
}

function checkOneRange(input: Buffer, payloads: readonly Buffer[]): void {
  const segment = segmentOf(input.readUInt32LE(1), payloads)
  const before = scanSegment(segment).records
  const from = input.readUInt32LE(5)
  const to = Math.min(segment.length, from + input.copy(segment, from, 9))
  checkRecords(segment)
  const found = new Set(scanSegment(segment).records.map(({ offset }) => offset))
  const beside = before.filter(({ offset, length }) => offset + length <= from || offset - RECORD_HEADER_BYTES >= to)
  must(
    beside.every(({ offset }) => found.has(offset)),
    'a record beside the damage is lost',
  )
}

function checkRecords(bytes: Buffer): void {
  const { records, soundBytes } = scanSegment(bytes)
  let end = 0
  for (const { offset, length } of records) {
    const header = bytes.subarray(offset - RECORD_HEADER_BYTES, offset)
    must(offset - RECORD_HEADER_BYTES >= end, 'records overlap')
    must(isSound(header, bytes.subarray(offset, offset + length)), 'a record is not sound')
    end = offset + length
  }
  must(soundBytes >= end && soundBytes <= bytes.length, 'the sound part ends somewhere else')
}

async function recover(folder: string, bytes: Buffer, acknowledged: Buffer): Promise<void> {
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, '0000000001.wal'), bytes)
  writeFileSync(join(folder, '0000000001.ack'), acknowledged)
  const open = (): WriteAheadLog =>
    new WriteAheadLog({
      folder,
      signal: 'traces',
      segmentBytes: 1 << 20,
      memoryBytesMax: 1 << 16,
      isSynced: false,
      onProblem: () => {},
    })
  const log = open()
  await log.put(unpooledPayload('traces', Buffer.from('new'), 1), 0)
  for (let i = 0; i < log.left.length; i++) {
    const batch = log.take()
    const payload = await batch?.load()
    must(payload !== undefined && payload.bytes.length === log.left[i]?.bytes, 'what is left cannot be read')
    batch?.done()
  }
  await log.close()
  const again = open()
  const [left] = again.left
  must(again.left.length === 1 && left?.bytes === 3, 'not the new batch alone is left')
  again.take()?.done()
  await again.close()
  rmSync(folder, { recursive: true, force: true })
}
