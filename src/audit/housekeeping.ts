import { constants, createReadStream, createWriteStream } from 'node:fs'
import { copyFile, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import type { AuditNote } from './audit-entry.ts'
import { codeOf, CURRENT_FILE, rotatedFilesIn, syncFolder } from './audit-files.ts'
import type { RotatedFile } from './audit-files.ts'
import { parseAuditLine } from './audit-line.ts'
import type { Head } from './head-file.ts'
import { firstLineOf } from './read-lines.ts'

export interface HousekeepingOptions {
  readonly folder: string
  readonly daysMax: number
  readonly totalBytesMax: number
  /** Files go there in place of being deleted. */
  readonly archiveFolder?: string | undefined
  now(): number
  monotonic(): number
  onFailure(kind: 'uncompressed' | 'unarchived' | 'unremovable', file: string, code: string): void
}

/** What housekeeping asks of the log while it runs. */
export interface LogEnds {
  readonly last: { readonly seq: number; readonly hash: string; readonly atMs: number }
  setFirst(first: Head['first']): Promise<void>
}

const DAY_MS = 24 * 60 * 60 * 1000
/** A clock that was moved by more than this against the time that has passed is not believed at once. */
const CLOCK_STEP_MS_MAX = 60_000
/** How long a clock must have gone steadily before files are too old by it. */
const STEADY_MS_MIN = 60 * 60 * 1000
const COMPRESSING = '.gz.tmp'

/** Compresses files that are not written any more, and lets the oldest go. Runs must not overlap. */
export class Housekeeping {
  readonly #options: HousekeepingOptions
  #offsetMs: number | undefined
  /** On the monotonic clock. */
  #steadySinceMs = -Infinity
  bytesOnDisk = 0
  files = 0

  constructor(options: HousekeepingOptions) {
    this.#options = options
  }

  /** Resolves to what has to be said in the log. */
  async run(log: LogEnds, signal: AbortSignal): Promise<AuditNote[]> {
    await this.#compress(signal)
    if (signal.aborted) return []
    const removedByAge = await this.#removeAged(log)
    const removedBySize = await this.#removeBeyondTotal(log)
    return [...removedByAge, ...removedBySize]
  }

  /** What a crash interrupted is done again: the plain file is there until the compressed one is on disk. */
  async #compress(signal: AbortSignal): Promise<void> {
    const { folder, onFailure } = this.#options
    for (const name of await readdir(folder)) if (name.endsWith(COMPRESSING)) await rm(join(folder, name))
    for (const { path, isCompressed } of await rotatedFilesIn(folder)) {
      if (isCompressed || signal.aborted) continue
      try {
        await compressFile(path, signal)
      } catch (error) {
        await rm(`${path}${COMPRESSING}`, { force: true }).catch(ignore)
        if (!signal.aborted) onFailure('uncompressed', path, codeOf(error))
      }
    }
  }

  /** A file goes with all that are older by their numbers, whatever the clock said when they were written. */
  async #removeAged(log: LogEnds): Promise<AuditNote[]> {
    const { folder, daysMax, now } = this.#options
    const nowMs = now()
    if (!this.#isClockSteady(nowMs, log.last.atMs)) return []
    const files = await rotatedFilesIn(folder)
    const count = files.findLastIndex(({ lastMs }) => nowMs - lastMs > daysMax * DAY_MS) + 1
    return this.#remove(log, files, count, 'age')
  }

  /** After a downtime longer than files are kept, or a leap, the clock has to go steadily for an hour first: a wrong one would empty the log. */
  #isClockSteady(nowMs: number, lastMs: number): boolean {
    const monotonicMs = this.#options.monotonic()
    const offsetMs = nowMs - monotonicMs
    const hasLeapt =
      this.#offsetMs === undefined
        ? lastMs > 0 && nowMs - lastMs > this.#options.daysMax * DAY_MS
        : Math.abs(offsetMs - this.#offsetMs) > CLOCK_STEP_MS_MAX
    this.#offsetMs = offsetMs
    if (hasLeapt) this.#steadySinceMs = monotonicMs
    return monotonicMs - this.#steadySinceMs >= STEADY_MS_MIN
  }

  async #removeBeyondTotal(log: LogEnds): Promise<AuditNote[]> {
    const { folder, totalBytesMax } = this.#options
    const files = await rotatedFilesIn(folder)
    const sizes = await Promise.all(files.map(({ path }) => sizeOf(path)))
    let total = sizes.reduce((sum, size) => sum + size, await sizeOf(join(folder, CURRENT_FILE)))
    let count = 0
    while (total > totalBytesMax && count < files.length) total -= sizes[count++] ?? 0
    const notes = await this.#remove(log, files, count, 'total')
    this.bytesOnDisk = total
    this.files = files.length - count + 1
    return notes
  }

  /** The head is told before: a file that is there beyond what it promises is no harm, one that is missing is. */
  async #remove(
    log: LogEnds,
    files: readonly RotatedFile[],
    count: number,
    because: 'age' | 'total',
  ): Promise<AuditNote[]> {
    if (count === 0) return []
    const { folder, archiveFolder, onFailure } = this.#options
    const first = await this.#firstOf(log, files[count])
    await log.setFirst(first)
    let archived = 0
    let removed = 0
    for (const { path } of files.slice(0, count)) {
      try {
        if (archiveFolder !== undefined && (await this.#archive(path, archiveFolder))) archived++
        // A file that can't be archived is kept, until there is no room for it.
        else if (archiveFolder === undefined || because === 'total') await rm(path)
        else break
        removed++
      } catch (error) {
        onFailure('unremovable', path, codeOf(error))
      }
    }
    await syncFolder(folder)
    if (removed === 0) return []
    return [{ note: 'files_removed', files: removed, through: first.seq - 1, because, archived: archived === removed }]
  }

  async #firstOf({ last }: LogEnds, next: RotatedFile | undefined): Promise<Head['first']> {
    const path = next?.path ?? join(this.#options.folder, CURRENT_FILE)
    const line = await firstLineOf(path, next?.isCompressed === true).catch(ignore)
    const record = line === undefined ? undefined : parseAuditLine(line)
    if (record !== undefined) return { seq: record.seq, prev: record.prev }
    return { seq: next?.firstSeq ?? last.seq + 1, prev: last.hash }
  }

  async #archive(path: string, archiveFolder: string): Promise<boolean> {
    try {
      await moveFile(path, archiveFolder)
      return true
    } catch (error) {
      this.#options.onFailure('unarchived', path, codeOf(error))
      return false
    }
  }
}

/** zlib works in threads: the event loop only hands chunks on. */
async function compressFile(path: string, signal: AbortSignal): Promise<void> {
  const temporary = `${path}${COMPRESSING}`
  const target = createWriteStream(temporary, { mode: 0o600, flush: true })
  await pipeline(createReadStream(path), createGzip(), target, { signal })
  await rename(temporary, `${path}.gz`)
  await syncFolder(join(path, '..'))
  await rm(path)
}

async function moveFile(path: string, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const target = join(folder, basename(path))
  try {
    await rename(path, target)
  } catch (error) {
    if (codeOf(error) !== 'EXDEV') throw error
    // Another disk: whole and on it before the file here goes.
    await copyFile(path, `${target}.tmp`)
    const copy = await open(`${target}.tmp`, constants.O_RDWR)
    await copy.sync().finally(() => copy.close())
    await rename(`${target}.tmp`, target)
    await syncFolder(folder)
    await rm(path)
  }
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size
  } catch {
    return 0
  }
}

const ignore = (): undefined => undefined
