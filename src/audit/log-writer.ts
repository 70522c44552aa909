import { constants, existsSync } from 'node:fs'
import { access, chmod, mkdir, open, rename } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { AuditEntry, AuditNote } from './audit-entry.ts'
import { codeOf, CURRENT_FILE, rotatedName, syncFolder } from './audit-files.ts'
import { auditLine, LINE_BYTES_MAX, lineHash } from './audit-line.ts'
import { HeadFile } from './head-file.ts'
import type { Head } from './head-file.ts'
import { recoverLog } from './recover-log.ts'
import type { ChainedLine, LeftLog } from './recover-log.ts'

/** What is asked of a file: a part of node's FileHandle, so that tests can let it fail. */
export interface WritableFile {
  write(bytes: Uint8Array, offset: number, length: number, position: number): Promise<{ bytesWritten: number }>
  datasync(): Promise<void>
  truncate(length: number): Promise<void>
  stat(): Promise<{ size: number; nlink: number }>
  close(): Promise<void>
}
export type OpenFile = (path: string) => Promise<WritableFile>

export interface WriterOptions {
  readonly folder: string
  /** A file that has so many bytes is followed by the next. */
  readonly bytesMax: number
  readonly openFile?: OpenFile | undefined
  /** Number of a line that is known elsewhere to be in the log. */
  readonly knownSeq?: number | undefined
}

/** What to write, and when it came. */
export interface Stamped {
  readonly entry: AuditEntry | AuditNote
  readonly atMs: number
}

/** Bytes of one write, but for one line more. */
const COMMIT_BYTES_MAX = 1024 * 1024
/** A file is not written longer than this, so that what is old can go. */
const FILE_AGE_MS_MAX = 24 * 60 * 60 * 1000
/** The clock is not said to be set back for less. */
const CLOCK_STEP_MS_MIN = 1000

/** Makes the file if there is none: 0600. */
const openForWriting: OpenFile = (path) => open(path, constants.O_RDWR | constants.O_CREAT, 0o600)

/** The end of the log: numbers, chains, writes, syncs and rotates. Calls must not overlap. */
export class LogWriter {
  /** What was found at the start and has to be said. */
  readonly notes: readonly AuditNote[]
  readonly #options: WriterOptions
  readonly #head: HeadFile
  #file: WritableFile
  #last: ChainedLine
  #length: number
  #tornBytes: number
  #firstSeq: number
  #firstMs: number
  #broken: AuditNote | 'uncut' | undefined

  private constructor(options: WriterOptions, head: HeadFile, file: WritableFile, left: LeftLog) {
    this.#options = options
    this.#head = head
    this.#file = file
    this.#last = left.last
    this.#length = left.length
    this.#tornBytes = left.tornBytes
    this.#firstSeq = left.firstSeq
    this.#firstMs = left.firstMs
    this.notes = left.notes
  }

  /** Goes on where an earlier process has ended. Throws what the file system says. */
  static async open(options: WriterOptions): Promise<LogWriter> {
    const { folder, openFile = openForWriting, knownSeq = 0 } = options
    await makeFolder(folder)
    const found = await recoverLog(folder)
    const isCut = found.last.seq < knownSeq && found.notes.length === 0
    const left: LeftLog = isCut ? { ...found, notes: [{ note: 'head_missing' }] } : found
    // The head before the first line: lines without a head are never of our making.
    const head = await HeadFile.create(folder, left.head)
    try {
      const file = await openFile(join(folder, CURRENT_FILE))
      await syncFolder(folder)
      return new LogWriter(options, head, file, left)
    } catch (error) {
      await head.close()
      throw error
    }
  }

  /** After a failure that leaves the file in doubt, only a new writer goes on; what has to be said then. */
  get broken(): readonly AuditNote[] | undefined {
    if (this.#broken === undefined) return undefined
    return this.#broken === 'uncut' ? [] : [this.#broken]
  }

  get last(): ChainedLine {
    return this.#last
  }

  /** The last line, when it is on disk. */
  get lastSynced(): { readonly seq: number; readonly hash: string } | undefined {
    const { seq, hash } = this.#last
    return seq > 0 && this.isSynced ? { seq, hash } : undefined
  }

  get length(): number {
    return this.#length
  }

  get isSynced(): boolean {
    return this.#head.head.synced === this.#last.seq
  }

  /**
   * Writes as many of the lines as a file and a write take, at least one, and gives their numbers. With `isSynced` they are on disk when it resolves. When it
   * rejects, none of them counts.
   */
  async write(entries: readonly Stamped[], isSynced: boolean): Promise<readonly number[]> {
    const { bytes, seqs, last } = this.#lines(entries)
    if (isSynced) await this.#checkFile()
    try {
      await this.#writeAll(bytes)
    } catch (error) {
      await this.#cutOff()
      throw error
    }
    if (isSynced) await this.#datasync()
    if (this.#length === 0) {
      this.#firstSeq = this.#last.seq + 1
      this.#firstMs = entries[0]?.atMs ?? last.atMs
    }
    this.#length += bytes.length
    this.#last = last
    await this.#updateHead({ last: { seq: last.seq, hash: last.hash }, ...(isSynced ? { synced: last.seq } : {}) })
    return seqs
  }

  /** Brings what is written to the disk. */
  async sync(): Promise<void> {
    await this.#datasync()
    await this.#updateHead({ synced: this.#last.seq })
  }

  isRotationDue(atMs: number): boolean {
    if (this.#length === 0) return false
    return this.#length + LINE_BYTES_MAX > this.#options.bytesMax || atMs - this.#firstMs >= FILE_AGE_MS_MAX
  }

  /** Goes on in a new file. */
  async rotate(): Promise<void> {
    await this.sync()
    const { folder, openFile = openForWriting } = this.#options
    await rename(join(folder, CURRENT_FILE), this.#freeName())
    // Whatever happens from here on, the old file is closed for good.
    this.#broken = 'uncut'
    await this.#file.close()
    this.#file = await openFile(join(folder, CURRENT_FILE))
    this.#length = 0
    await syncFolder(folder)
    this.#broken = undefined
  }

  /** The oldest line that is kept from now on; on disk when it resolves. */
  async setFirst(first: Head['first']): Promise<void> {
    await this.#head.update({ first })
    await this.#head.sync()
  }

  /** A file whose sync failed is not written again: the system may have forgotten what it could not write. */
  async close(): Promise<void> {
    const isSetAside = typeof this.#broken === 'object' && this.#broken.note === 'sync_failed'
    if (isSetAside) await rename(join(this.#options.folder, CURRENT_FILE), this.#freeName()).catch(ignore)
    await this.#file.close().catch(ignore)
    await this.#head.close().catch(ignore)
  }

  #lines(entries: readonly Stamped[]): { bytes: Buffer; seqs: readonly number[]; last: ChainedLine } {
    const room = Math.min(COMMIT_BYTES_MAX, this.#options.bytesMax - LINE_BYTES_MAX - this.#length)
    let { seq, hash, atMs } = this.#last
    const lines: Buffer[] = []
    let bytes = 0
    const seqs: number[] = []
    const add = (entry: AuditEntry | AuditNote, at: number): void => {
      const line = Buffer.from(`${auditLine(entry, { seq: ++seq, atMs: at, prev: hash })}\n`)
      hash = lineHash(line.subarray(0, -1))
      lines.push(line)
      bytes += line.length
      atMs = at
    }
    for (const entry of entries) {
      if (seqs.length > 0 && bytes > room) break
      if (entry.atMs < atMs - CLOCK_STEP_MS_MIN)
        add({ note: 'clock_set_back', by_ms: Math.round(atMs - entry.atMs) }, entry.atMs)
      add(entry.entry, entry.atMs)
      seqs.push(seq)
    }
    return { bytes: Buffer.concat(lines, bytes), seqs, last: { seq, hash, atMs } }
  }

  async #writeAll(bytes: Buffer): Promise<void> {
    for (let done = 0; done < bytes.length;) {
      const { bytesWritten } = await this.#file.write(bytes, done, bytes.length - done, this.#length + done)
      if (bytesWritten === 0) throw new Error('the file takes no more bytes')
      done += bytesWritten
    }
    // The lines say that a torn one is cut; they stand over its beginning.
    if (this.#tornBytes > bytes.length) await this.#file.truncate(this.#length + bytes.length)
    this.#tornBytes = 0
  }

  /** Nobody is told that a line is safe which is in a file without a name. */
  async #checkFile(): Promise<void> {
    const { size, nlink } = await this.#file.stat()
    if (nlink === 0) this.#broken = { note: 'file_deleted' }
    else if (size !== this.#length + this.#tornBytes) this.#broken = { note: 'file_changed' }
    if (this.#broken !== undefined) throw new ForeignWriteError(nlink === 0 ? 'DELETED' : 'CHANGED')
  }

  async #datasync(): Promise<void> {
    try {
      await this.#file.datasync()
    } catch (error) {
      await this.#cutOff()
      this.#broken = { note: 'sync_failed', through: this.#last.seq }
      throw error
    }
  }

  async #cutOff(): Promise<void> {
    try {
      await this.#file.truncate(this.#length)
      this.#tornBytes = 0
    } catch {
      this.#broken = 'uncut'
    }
  }

  /** The lines count without it: their file vouches for them. What fails here is tried again with the next lines. */
  async #updateHead(change: Partial<Head>): Promise<void> {
    await this.#head.update(change).catch(ignore)
  }

  #freeName(): string {
    for (let atMs = this.#last.atMs; ; atMs++) {
      const path = join(this.#options.folder, rotatedName(this.#firstSeq, atMs))
      if (!existsSync(path) && !existsSync(`${path}.gz`)) return path
    }
  }
}

/** Somebody else was at the file. */
export class ForeignWriteError extends Error {
  override readonly name = 'ForeignWriteError'
  readonly code: 'DELETED' | 'CHANGED'

  constructor(code: ForeignWriteError['code']) {
    super(`the audit log was ${code.toLowerCase()} by somebody else`)
    this.code = code
  }
}

async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 })
  } catch (error) {
    // Node says ENOENT on a read-only disk; what is above the folder says why.
    let above = dirname(folder)
    while (codeOf(error) === 'ENOENT' && !existsSync(above) && above !== dirname(above)) above = dirname(above)
    await access(above, constants.W_OK)
    throw error
  }
  await chmod(folder, 0o700).catch(ignore)
}

const ignore = (): void => {}
