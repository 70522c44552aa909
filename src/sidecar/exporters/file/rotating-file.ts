import { constants } from 'node:fs'
import { mkdir, open, readdir, rename, stat, unlink } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { Clock, Logger } from '../../component.ts'
import { backupName, backupTimeMs } from './backup-name.ts'
import { mendLines, recordsEnd } from './mend.ts'

export interface RotatingFileOptions {
  readonly path: string
  /** Begin a new file beyond so many bytes; 0 = never. */
  readonly bytesMax: number
  /** Files of earlier times that are kept; 0 = all. */
  readonly backupsMax: number
  /** How old they get; 0 = no limit. */
  readonly ageMsMax: number
  readonly usesLocalTime: boolean
  /** Go on behind what is there; false empties the file when it is opened first. */
  readonly appends: boolean
  /** Lines of JSON, or records behind their length. */
  readonly isLines: boolean
  readonly syncs: boolean
  /** Rights of folders that are made for the file; undefined makes none. */
  readonly folderMode: number | undefined
  readonly clock: Clock
  readonly logger: Logger
}

const FILE_MODE = 0o600

/** Files that this process writes to, by inode: one that is open elsewhere (the exporter of the configuration before a reload) is not torn. */
const openInodes = new Map<number, number>()
const countOpen = (inode: number, by: number): void => {
  const count = (openInodes.get(inode) ?? 0) + by
  if (count > 0) openInodes.set(inode, count)
  else openInodes.delete(inode)
}

/** A file that whole records are appended to. Not for two callers at once. What `append` did not promise is cut off again before the next record. */
export class RotatingFile {
  readonly #options: RotatingFileOptions
  #handle: FileHandle | undefined
  #inode = -1
  /** Up to here there are whole records. */
  #bytes = 0
  #isTorn = false
  #wasOpen = false

  constructor(options: RotatingFileOptions) {
    this.#options = options
  }

  /** Rejects when the file can't be opened, mended or made. */
  async open(): Promise<void> {
    const { path, folderMode, appends } = this.#options
    if (folderMode !== undefined) await mkdir(dirname(path), { recursive: true, mode: folderMode })
    const emptied = appends || this.#wasOpen ? 0 : constants.O_TRUNC
    let handle = await open(path, constants.O_RDWR | constants.O_CREAT | constants.O_APPEND | emptied, FILE_MODE)
    try {
      const { size, ino } = await handle.stat()
      this.#bytes = size
      this.#inode = ino
      if (size > 0 && !openInodes.has(ino)) handle = await this.#mended(handle, size)
    } catch (error) {
      await handle.close().catch(() => {})
      throw error
    }
    this.#handle = handle
    countOpen(this.#inode, 1)
    this.#wasOpen = true
    this.#isTorn = false
  }

  /** Resolves when the records are in the file, and on the disk where it syncs. Rejects when they are not: they may be appended again then. */
  async append(records: readonly Buffer[]): Promise<void> {
    for (let from = 0; from < records.length;) {
      const handle = await this.#ready(records[from]?.length ?? 0)
      let until = from
      let bytes = 0
      for (; until < records.length; until++) {
        const next = bytes + (records[until]?.length ?? 0)
        if (until > from && this.#isBeyond(next)) break
        bytes = next
      }
      this.#isTorn = true
      await writeAll(handle, Buffer.concat(records.slice(from, until)))
      if (this.#options.syncs) await handle.datasync()
      this.#bytes += bytes
      this.#isTorn = false
      from = until
    }
  }

  async close(): Promise<void> {
    const handle = this.#handle
    this.#handle = undefined
    if (handle === undefined) return
    countOpen(this.#inode, -1)
    await handle.close()
  }

  #isBeyond(more: number): boolean {
    const { bytesMax } = this.#options
    return bytesMax > 0 && this.#bytes > 0 && this.#bytes + more > bytesMax
  }

  /** The file with room for so much, and whole up to its end. */
  async #ready(more: number): Promise<FileHandle> {
    if (this.#handle !== undefined && !(await this.#isInPlace())) await this.close()
    if (this.#handle === undefined) await this.open()
    if (this.#isTorn) {
      await this.#handle?.truncate(this.#bytes)
      this.#isTorn = false
    }
    if (this.#isBeyond(more)) await this.#rotate()
    if (this.#handle === undefined) throw new Error('the file is closed')
    return this.#handle
  }

  /** Whether the path still leads to the file: others may have moved it. */
  async #isInPlace(): Promise<boolean> {
    return (await stat(this.#options.path).catch(() => undefined))?.ino === this.#inode
  }

  async #rotate(): Promise<void> {
    await this.close()
    await this.#putAside()
    await this.open()
    await this.#removeOld()
  }

  /** Renames the file to one with the time in its name. */
  async #putAside(): Promise<void> {
    const { path, clock, usesLocalTime } = this.#options
    for (let timeMs = clock.now(); ; timeMs++) {
      const backup = join(dirname(path), backupName(basename(path), timeMs, usesLocalTime))
      if ((await stat(backup).catch(() => undefined)) === undefined) return rename(path, backup)
    }
  }

  async #removeOld(): Promise<void> {
    const { path, backupsMax, ageMsMax, clock, usesLocalTime, logger } = this.#options
    const folder = dirname(path)
    const backups = (await readdir(folder))
      .flatMap((name) => {
        const timeMs = backupTimeMs(name, basename(path), usesLocalTime)
        return timeMs === undefined ? [] : [{ name, timeMs }]
      })
      .sort((a, b) => b.timeMs - a.timeMs)
    const oldestMs = ageMsMax === 0 ? -Infinity : clock.now() - ageMsMax
    for (const [i, { name, timeMs }] of backups.entries()) {
      if (timeMs >= oldestMs && (backupsMax === 0 || i < backupsMax)) continue
      await unlink(join(folder, name)).catch(() => logger.warn({ file: name }, 'an old file could not be deleted'))
    }
  }

  /** What a crash tore is cut off, or put aside where that can't be told apart from the rest. */
  async #mended(handle: FileHandle, size: number): Promise<FileHandle> {
    const { isLines, logger, path } = this.#options
    if (isLines) {
      const { bytes, cutBytes } = await mendLines(handle, size)
      this.#bytes = bytes
      if (cutBytes > 0) logger.warn({ file: path, bytes: cutBytes }, 'a line that a crash tore was cut off')
      return handle
    }
    if ((await recordsEnd(handle, size)) === size) return handle
    await handle.close()
    await this.#putAside()
    logger.warn({ file: path }, 'the file ends within a record: it was put aside, and a new one begins')
    const fresh = await open(path, constants.O_RDWR | constants.O_CREAT | constants.O_APPEND, FILE_MODE)
    this.#bytes = 0
    this.#inode = (await fresh.stat()).ino
    return fresh
  }
}

async function writeAll(handle: FileHandle, bytes: Buffer): Promise<void> {
  for (let at = 0; at < bytes.length;) at += (await handle.write(bytes, at)).bytesWritten
}
