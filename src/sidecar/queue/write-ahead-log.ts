import { existsSync, readdirSync, rmSync, statSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Payload, Signal } from '../component.ts'
import { unpooledPayload } from '../payload.ts'
import { codeOf } from './code-of.ts'
import { Fifo, SizeSum } from './queue-storage.ts'
import type { Awaited, BatchSize, QueueStorage, StorageLimits, StoredBatch, WaitingBatch } from './queue-storage.ts'
import { Acknowledgements } from './wal/acknowledgements.ts'
import { FolderInUseError, lockFolder } from './wal/folder-lock.ts'
import { acknowledgedPath, readSegment, segmentIds, segmentPath } from './wal/read-segment.ts'
import type { SegmentOnDisk } from './wal/read-segment.ts'
import { readRecord } from './wal/read-record.ts'
import type { StoredRecord } from './wal/record.ts'
import { SegmentRemoval } from './wal/segment-removal.ts'
import { FileDeletedError, openNewFile, SegmentWriter } from './wal/segment-writer.ts'
import type { OpenFile } from './wal/segment-writer.ts'

export interface WriteAheadLogOptions {
  /** Of this queue alone; made when it is not there. */
  readonly folder: string
  /** Rights of the folder; by default 0700. */
  readonly folderMode?: number
  /** A folder above it that is not made when it is missing. */
  readonly existingFolder?: string
  readonly signal: Signal
  /** A segment that has so many bytes is followed by the next; a file is given back to the disk when all its batches are done with. */
  readonly segmentBytes: number
  /** Batches that wait are kept in memory, too, up to so many bytes; others are read again when their turn comes. */
  readonly memoryBytesMax: number
  /** Whether a batch counts as kept only when the disk says so (fdatasync); false survives a crash of the process, not of the host. */
  readonly isSynced: boolean
  /** For tests. */
  readonly openFile?: OpenFile
  /** Told of what should not be, without a word of what the batches hold. */
  onProblem(problem: WalProblem): void
}

export type WalProblem =
  /** Places in a file that hold no sound record: what stood there is lost. */
  | { readonly kind: 'damaged'; readonly file: string; readonly places: number }
  /** A file, or a batch in it, that could not be read; `items` are lost. */
  | { readonly kind: 'unreadable'; readonly file: string; readonly items: number; readonly code: string }
  /** A batch that could not be read, since the system has no file handles or memory left for it: it is tried again. */
  | { readonly kind: 'not_readable_now'; readonly file: string; readonly items: number; readonly code: string }
  /** The end of a file is no whole record: the last write before a crash, which nobody was told of, unless the file was damaged later. */
  | { readonly kind: 'torn'; readonly file: string; readonly bytes: number }
  /** The folder can't be written to: what waits in it is sent, nothing new is taken until it can. */
  | { readonly kind: 'unwritable'; readonly file: string; readonly code: string }
  /** That a batch is done with could not be written down: it may be sent again after a restart. */
  | { readonly kind: 'not_acknowledged'; readonly file: string; readonly code: string }

/** Bytes of one write: what came while the last one was under way goes together, up to here. */
const COMMIT_BYTES_MAX = 16 * 1024 * 1024

interface Segment {
  readonly id: number
  readonly path: string
  readonly acknowledgements: Acknowledgements
  /** Batches of it that are not done with, and their items. */
  open: number
  openItems: number
}
interface Entry {
  readonly segment: Segment
  readonly record: StoredRecord
  readonly awaited: Awaited | undefined
  payload: Payload | undefined
  /** Bytes that the payload takes in memory. */
  memoryBytes: number
}
interface Waiting {
  readonly payload: Payload
  readonly storedMs: number
  readonly awaited: Awaited | undefined
  resolve(): void
  reject(error: unknown): void
}

/**
 * Keeps the batches of a queue on disk until they are done with. `put` resolves when the batch is there; all that wait are written and synced
 * together, the next such write begins when the last one has ended. What an earlier process left is taken first, in its order.
 */
export class WriteAheadLog implements QueueStorage {
  readonly isDurable = true
  readonly left: readonly BatchSize[]
  #options: WriteAheadLogOptions
  readonly #entries = new Fifo<Entry>()
  #waiting: Waiting[] = []
  /** Those with batches that are not done with. */
  readonly #segments = new Set<Segment>()
  #isCommitting = false
  #writer: { readonly segment: Segment; readonly writer: SegmentWriter } | undefined
  #nextId = 1
  #memoryBytes = 0
  readonly #size = new SizeSum()
  /** Undefined while the folder can't be written to. */
  #unlock: (() => void) | undefined
  readonly #removal = new SegmentRemoval((file, code) => this.#tell({ kind: 'not_acknowledged', file, code }))
  /** The last write failed, perhaps for want of room. */
  #hasFailed = false
  /** The segment that is being written is followed by the next, however short it is. */
  #isRotationDue = false

  /**
   * Reads what an earlier process left; what can't be read is told and left as it is. A folder that can't be written to is told, and tried again with every
   * batch. Throws FolderInUseError when another process uses it.
   */
  constructor(options: WriteAheadLogOptions) {
    this.#options = options
    try {
      this.#lock()
    } catch (error) {
      if (error instanceof FolderInUseError) throw error
      this.#tell({ kind: 'unwritable', file: options.folder, code: codeOf(error) })
    }
    this.#removeStrayAcknowledgements()
    for (const id of this.#segmentIds()) {
      this.#recover(id)
      this.#nextId = id + 1
    }
    this.left = this.#entries.values().map(({ record: { items, length: bytes } }) => ({ items, bytes }))
  }

  get waiting(): SizeSum {
    return this.#size
  }

  /** `fsync` begins with the next segment. */
  reconfigure({ fsync, memory_bytes_max }: StorageLimits): void {
    this.#options = { ...this.#options, isSynced: fsync, memoryBytesMax: memory_bytes_max }
  }

  put(payload: Payload, storedMs: number, awaited?: Awaited): Promise<void> {
    payload.retain()
    const kept = new Promise<void>((resolve, reject) => {
      this.#waiting.push({ payload, storedMs, awaited, resolve, reject })
    })
    if (!this.#isCommitting) void this.#commitAll()
    return kept
  }

  peek(): WaitingBatch | undefined {
    const record = this.#entries.peek()?.record
    return record === undefined ? undefined : sizeOfRecord(record)
  }

  /** A segment goes as a whole; the one that is being written is closed for that. */
  batchesUntilFree(): number {
    let count = 0
    let segment: Segment | undefined
    let ofSegment = 0
    for (const entry of this.#entries.values()) {
      if (entry.segment !== segment) ofSegment = 0
      segment = entry.segment
      count++
      if (++ofSegment < segment.open) continue
      if (segment === this.#writer?.segment) this.#isRotationDue = true
      return count
    }
    return 0
  }

  take(): StoredBatch | undefined {
    const entry = this.#entries.shift()
    if (entry === undefined) return undefined
    const { record, awaited } = entry
    const size = sizeOfRecord(record)
    this.#size.subtract(size)
    return {
      ...size,
      awaited,
      load: () => this.#load(entry),
      done: () => this.#done(entry),
    }
  }

  /** Resolves when all that was put is written. Nothing may be put any more. */
  async close(): Promise<{ readonly itemsGone: number }> {
    while (this.#isCommitting) await new Promise((resolve) => setImmediate(resolve))
    if (this.#writer !== undefined) {
      const { segment, writer } = this.#writer
      this.#writer = undefined
      await writer.close().catch(ignore)
      if (segment.open === 0) this.#remove(segment)
    }
    for (const { segment } of this.#entries.values()) segment.acknowledgements.close()
    await this.#removal.settled
    this.#unlock?.()
    const gone = [...this.#segments].filter(({ path, open }) => open > 0 && !existsSync(path))
    return { itemsGone: gone.reduce((sum, { openItems }) => sum + openItems, 0) }
  }

  // Writing

  async #commitAll(): Promise<void> {
    this.#isCommitting = true
    while (this.#waiting.length > 0) {
      const batch = this.#nextCommit()
      if (this.#hasFailed) await this.#removal.settled
      try {
        const { segment, records } = await this.#append(batch)
        for (const [i, record] of records.entries()) this.#keep(segment, record, batch[i] as Waiting)
        for (const { resolve } of batch) resolve()
        this.#hasFailed = false
      } catch (error) {
        this.#hasFailed = true
        for (const { payload, reject } of batch) {
          payload.release()
          reject(error)
        }
      }
    }
    this.#isCommitting = false
  }

  async #append(batch: readonly Waiting[]): Promise<{ segment: Segment; records: readonly StoredRecord[] }> {
    const unwritten = batch.map(({ payload: { bytes, items }, storedMs }) => ({ bytes, items, storedMs }))
    for (let attempt = 1; ; attempt++) {
      const { segment, writer } = await this.#openWriter()
      try {
        return { segment, records: await writer.append(unwritten) }
      } catch (error) {
        const isTooLong = codeOf(error) === 'EFBIG'
        if (!(isTooLong || error instanceof FileDeletedError) || attempt === 2) throw error
        this.#isRotationDue = true
        if (isTooLong) continue
        // Batches of it that are in memory are sent from there; of the others each says itself that it is gone.
        this.#tell({ kind: 'unreadable', file: segment.path, items: 0, code: codeOf(error) })
      }
    }
  }

  #lock(): void {
    const { folder, folderMode, existingFolder } = this.#options
    if (existingFolder !== undefined) statSync(existingFolder)
    this.#unlock ??= lockFolder(folder, folderMode)
  }

  #nextCommit(): Waiting[] {
    let bytes = 0
    let count = 0
    for (const { payload } of this.#waiting) {
      if (count > 0 && bytes + payload.bytes.length > COMMIT_BYTES_MAX) break
      bytes += payload.bytes.length
      count++
    }
    return this.#waiting.splice(0, count)
  }

  async #openWriter(): Promise<{ readonly segment: Segment; readonly writer: SegmentWriter }> {
    const current = this.#writer
    const isDue = this.#isRotationDue || (current?.writer.length ?? 0) >= this.#options.segmentBytes
    if (current !== undefined && !current.writer.isBroken && !isDue) return current
    this.#isRotationDue = false
    this.#writer = undefined
    if (current !== undefined) {
      await current.writer.close().catch(ignore)
      if (current.segment.open === 0) this.#remove(current.segment)
    }
    this.#lock()
    const { isSynced, openFile = openNewFile, folder, folderMode = 0o700 } = this.#options
    await mkdir(folder, { recursive: true, mode: folderMode })
    const segment = this.#segment(this.#nextId++)
    const writer = await SegmentWriter.create(segment.path, isSynced, openFile)
    this.#writer = { segment, writer }
    return this.#writer
  }

  #keep(segment: Segment, record: StoredRecord, { payload, awaited }: Waiting): void {
    this.#opened(segment, record)
    const memoryBytes = memoryOf(payload)
    const fits = this.#memoryBytes + memoryBytes <= this.#options.memoryBytesMax
    if (fits) this.#memoryBytes += memoryBytes
    else payload.release()
    this.#push({ segment, record, awaited, payload: fits ? payload : undefined, memoryBytes })
  }

  #opened(segment: Segment, { items }: StoredRecord): void {
    this.#segments.add(segment)
    segment.open++
    segment.openItems += items
  }

  #push(entry: Entry): void {
    this.#entries.push(entry)
    this.#size.add(sizeOfRecord(entry.record))
  }

  // Reading

  async #load({ segment, record, payload }: Entry): Promise<Payload | undefined> {
    if (payload !== undefined) return payload
    try {
      const bytes = await readRecord(segment.path, record)
      if (bytes !== undefined) return unpooledPayload(this.#options.signal, bytes, record.items)
      this.#tell({ kind: 'unreadable', file: segment.path, items: record.items, code: 'checksum' })
    } catch (error) {
      const code = codeOf(error)
      const isPassing = PASSING.has(code)
      const kind = isPassing ? 'not_readable_now' : 'unreadable'
      this.#tell({ kind, file: segment.path, items: record.items, code })
      if (isPassing) throw error
    }
    return undefined
  }

  #done(entry: Entry): void {
    const { segment, record, payload, memoryBytes } = entry
    if (payload !== undefined) {
      this.#memoryBytes -= memoryBytes
      entry.payload = undefined
      payload.release()
    }
    segment.open--
    segment.openItems -= record.items
    const isEmpty = segment.open === 0 && this.#writer?.segment !== segment
    try {
      // Also the last one: the file is there for a while yet.
      segment.acknowledgements.add(record.sequence)
    } catch (error) {
      if (!isEmpty) this.#tell({ kind: 'not_acknowledged', file: segment.path, code: codeOf(error) })
    }
    if (isEmpty) this.#remove(segment)
  }

  #remove(segment: Segment): void {
    segment.acknowledgements.close()
    this.#segments.delete(segment)
    this.#removal.remove(segment.path)
  }

  // Recovery

  #recover(id: number): void {
    const segment = this.#segment(id)
    let found: SegmentOnDisk
    try {
      found = readSegment(segment.path)
    } catch (error) {
      return this.#tell({ kind: 'unreadable', file: segment.path, items: 0, code: codeOf(error) })
    }
    const { left, damaged, tornBytes } = found
    if (tornBytes > 0) this.#tell({ kind: 'torn', file: segment.path, bytes: tornBytes })
    if (damaged > 0) this.#tell({ kind: 'damaged', file: segment.path, places: damaged })
    if (left.length === 0) return this.#remove(segment)
    for (const record of left) {
      this.#opened(segment, record)
      this.#push({ segment, record, awaited: undefined, payload: undefined, memoryBytes: 0 })
    }
  }

  /** Of segments that somebody has deleted: a new one of that number would take them for its own. */
  #removeStrayAcknowledgements(): void {
    const { folder } = this.#options
    try {
      const names = new Set(readdirSync(folder))
      for (const name of names)
        if (name.endsWith('.ack') && !names.has(name.replace(/\.ack$/, '.wal'))) rmSync(join(folder, name))
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') this.#tell({ kind: 'not_acknowledged', file: folder, code: codeOf(error) })
    }
  }

  #segmentIds(): number[] {
    const { folder } = this.#options
    try {
      return segmentIds(folder)
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') this.#tell({ kind: 'unreadable', file: folder, items: 0, code: codeOf(error) })
      return []
    }
  }

  #segment(id: number): Segment {
    const path = segmentPath(this.#options.folder, id)
    return { id, path, acknowledgements: new Acknowledgements(acknowledgedPath(path)), open: 0, openItems: 0 }
  }

  #tell(problem: WalProblem): void {
    this.#options.onProblem(problem)
  }
}

/** What says nothing about the file: a process or a host that has no file handles or memory left, rights that somebody took away. */
const PASSING: ReadonlySet<string> = new Set([
  'EMFILE',
  'ENFILE',
  'ENOMEM',
  'EAGAIN',
  'EBUSY',
  'EINTR',
  'EACCES',
  'EPERM',
])

/** Of the pool's buffer as a whole: a small batch keeps 4 kiB of it. */
const memoryOf = ({ bytes }: Payload): number => bytes.buffer.byteLength
const sizeOfRecord = ({ items, length, storedMs }: StoredRecord): WaitingBatch => ({ items, bytes: length, storedMs })
const ignore = (): void => {}
