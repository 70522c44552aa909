import { constants } from 'node:fs'
import { open, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { recordHeader, RECORD_HEADER_BYTES, SEGMENT_MAGIC } from './record.ts'
import type { StoredRecord } from './record.ts'

/** What is asked of a file: a part of node's FileHandle, so that tests can let it fail. */
export interface WritableFile {
  writev(buffers: readonly Uint8Array[], position: number): Promise<{ bytesWritten: number }>
  datasync(): Promise<void>
  truncate(length: number): Promise<void>
  /** Its number in its file system. */
  stat(): Promise<{ ino: number }>
  close(): Promise<void>
}
export type OpenFile = (path: string) => Promise<WritableFile>

/** Makes a new file, 0600; fails when there is one. */
export const openNewFile: OpenFile = (path) =>
  open(path, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL, 0o600)

/** A batch to write, and its items. */
export interface Unwritten {
  readonly bytes: Uint8Array
  readonly items: number
  readonly storedMs: number
}

/** The file was deleted while it was written, or its folder was taken away: the next start would not find what is in it. */
export class FileDeletedError extends Error {
  override readonly name = 'FileDeletedError'
  readonly code = 'DELETED'
}

/** The segment that is being written. Calls must not overlap. */
export class SegmentWriter {
  readonly path: string
  readonly #file: WritableFile
  readonly #isSynced: boolean
  #length: number
  #records = 0
  #isBroken = false

  private constructor(path: string, file: WritableFile, isSynced: boolean) {
    this.path = path
    this.#file = file
    this.#isSynced = isSynced
    this.#length = SEGMENT_MAGIC.length
  }

  /** Makes the file, with its name on disk when it is `isSynced`. */
  static async create(path: string, isSynced: boolean, openFile: OpenFile): Promise<SegmentWriter> {
    const file = await openFile(path)
    const writer = new SegmentWriter(path, file, isSynced)
    try {
      await writer.#write([SEGMENT_MAGIC], 0)
      if (isSynced) await syncFolder(dirname(path))
      return writer
    } catch (error) {
      await file.close().catch(ignore)
      // On a full disk every attempt would leave an empty file behind.
      await rm(path, { force: true }).catch(ignore)
      throw error
    }
  }

  get length(): number {
    return this.#length
  }

  /** After a failure that may have left anything behind it, nothing more can be written here. */
  get isBroken(): boolean {
    return this.#isBroken
  }

  /**
   * Appends the batches; they are on disk when it resolves. When it rejects none of them counts: what got into the file is cut off again or, where that fails
   * too, may come back after a restart.
   */
  async append(batches: readonly Unwritten[]): Promise<StoredRecord[]> {
    const buffers: Uint8Array[] = []
    const records: StoredRecord[] = []
    let offset = this.#length
    for (const { bytes, items, storedMs } of batches) {
      const sequence = this.#records + records.length
      buffers.push(recordHeader(bytes, items, sequence, storedMs), bytes)
      records.push({ offset: offset + RECORD_HEADER_BYTES, length: bytes.length, items, sequence, storedMs })
      offset += RECORD_HEADER_BYTES + bytes.length
    }
    try {
      await this.#write(buffers, this.#length)
    } catch (error) {
      await this.#cutOff()
      throw error
    }
    if (!(await this.#isAtItsPlace())) {
      this.#isBroken = true
      throw new FileDeletedError(`${this.path} was deleted or taken away`)
    }
    this.#length = offset
    this.#records += records.length
    return records
  }

  close(): Promise<void> {
    return this.#file.close()
  }

  async #write(buffers: readonly Uint8Array[], position: number): Promise<void> {
    let rest = buffers.filter(({ length }) => length > 0)
    let at = position
    while (rest.length > 0) {
      const { bytesWritten } = await this.#file.writev(rest.slice(0, BUFFERS_MAX), at)
      if (bytesWritten === 0) throw new Error('the file takes no more bytes')
      at += bytesWritten
      rest = without(rest, bytesWritten)
    }
    if (!this.#isSynced) return
    try {
      await this.#file.datasync()
    } catch (error) {
      // What the kernel could not write it may have forgotten: a later sync would succeed without it.
      this.#isBroken = true
      throw error
    }
  }

  async #isAtItsPlace(): Promise<boolean> {
    const [own, there] = await Promise.all([this.#file.stat(), stat(this.path).catch(() => undefined)])
    return own.ino === there?.ino
  }

  async #cutOff(): Promise<void> {
    try {
      await this.#file.truncate(this.#length)
    } catch {
      this.#isBroken = true
    }
  }
}

/** What the system takes at once (IOV_MAX). */
const BUFFERS_MAX = 1024

function without(buffers: readonly Uint8Array[], bytes: number): Uint8Array[] {
  let skip = bytes
  let first = 0
  while (first < buffers.length && skip >= (buffers[first]?.length ?? 0)) skip -= buffers[first++]?.length ?? 0
  return buffers.slice(first).map((buffer, i) => (i === 0 ? buffer.subarray(skip) : buffer))
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, constants.O_RDONLY)
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

const ignore = (): void => {}
