import { randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import * as fs from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import {
  isHidden,
  parseSpoolFileName,
  parseSpoolReader,
  SPOOL_READER_FILE,
  spoolReaderText,
} from '../../../control/spool-format.ts'
import type { SpoolFile, SpoolReader } from '../../../control/spool-format.ts'

export interface SpoolFolderOptions {
  readonly fileBytesMax: number
  readonly asideFilesMax: number
  nowMs(): number
}

/** Why a file is put aside. */
export type AsideReason = 'foreign' | 'too_large' | 'invalid' | 'failed'

/** One file of an agent, in our hands: no other sidecar sees it any more. */
export interface ClaimedFile extends SpoolFile {
  readonly name: string
}

/** A file that is being read by a sidecar, or not yet whole, for longer than this belongs to a process that is gone. */
const ORPHANED_MS = 60_000

const ASIDE = 'aside'
const CLAIMED = /^\.(.+)\.taking$/

/**
 * The folder that agents leave requests in. Its files come from whoever can write there: links are not followed, and only plain files of this user are
 * read. Small calls are synchronous: they are few, and made when an agent ends.
 */
export class SpoolFolder {
  readonly path: string
  readonly #options: SpoolFolderOptions
  #announced: SpoolReader | undefined

  constructor(path: string, options: SpoolFolderOptions) {
    this.path = path
    this.#options = options
  }

  /** Makes the folder ready; returns its id. Throws when it is not this user's. */
  open(): string {
    fs.mkdirSync(this.path, { recursive: true, mode: 0o700 })
    const stats = fs.lstatSync(this.path)
    if (!stats.isDirectory() || !isOurs(stats)) throw new Error(`${this.path} is not a folder of this user`)
    if ((stats.mode & 0o077) !== 0) fs.chmodSync(this.path, 0o700)
    return this.#reader()?.id ?? randomBytes(16).toString('hex')
  }

  /** Tells agents who reads here. */
  announce(reader: SpoolReader): void {
    this.#announced = reader
    const unfinished = join(this.path, `.${SPOOL_READER_FILE}.tmp`)
    fs.rmSync(unfinished, { force: true })
    fs.writeFileSync(unfinished, spoolReaderText(reader), { mode: 0o600, flag: 'wx' })
    fs.renameSync(unfinished, join(this.path, SPOOL_READER_FILE))
  }

  /** Names of the files that wait, the oldest first; tidies up behind processes that are gone. */
  names(): string[] {
    this.#restore()
    const names = fs.readdirSync(this.path)
    for (const name of names) if (isHidden(name)) this.#recover(name)
    const waiting = names.filter((name) => !isHidden(name) && name !== SPOOL_READER_FILE && name !== ASIDE)
    const dated = waiting.flatMap((name) => {
      const stats = fs.lstatSync(join(this.path, name), { throwIfNoEntry: false })
      return stats === undefined ? [] : [{ name, ms: stats.mtimeMs }]
    })
    return dated.toSorted((a, b) => a.ms - b.ms || (a.name < b.name ? -1 : 1)).map(({ name }) => name)
  }

  /** Undefined when another sidecar was faster. `foreign`: no agent writes such a name. */
  claim(name: string): ClaimedFile | 'foreign' | undefined {
    const file = parseSpoolFileName(name)
    if (file === undefined) return 'foreign'
    return this.#move(name, claimedName(name)) ? { name, ...file } : undefined
  }

  /** The whole file in memory of `take`; what `take` returned last is the caller's. */
  async read({ name }: ClaimedFile, take: (size: number) => Buffer): Promise<Buffer | AsideReason> {
    // Without following a link, or waiting for the other end of a pipe.
    const flags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0)
    const file = await open(join(this.path, claimedName(name)), flags).catch(() => undefined)
    if (file === undefined) return 'foreign'
    try {
      const stats = await file.stat()
      if (!stats.isFile() || !isOurs(stats) || stats.nlink > 1) return 'foreign'
      if (stats.size > this.#options.fileBytesMax) return 'too_large'
      const buffer = take(stats.size)
      let length = 0
      while (length < stats.size) {
        const { bytesRead } = await file.read(buffer, length, stats.size - length, length)
        if (bytesRead === 0) return 'invalid'
        length += bytesRead
      }
      return buffer.subarray(0, length)
    } finally {
      await file.close()
    }
  }

  /** It is with the pipelines. */
  remove({ name }: ClaimedFile): void {
    fs.rmSync(join(this.path, claimedName(name)), { force: true })
  }

  /** For later. */
  putBack({ name }: ClaimedFile): void {
    this.#move(claimedName(name), name)
  }

  /** Keeps a file that can't be taken in, for a person to look at. Returns how many older ones were deleted for it. */
  putAside(name: string, isClaimed: boolean): number {
    const aside = join(this.path, ASIDE)
    fs.mkdirSync(aside, { recursive: true, mode: 0o700 })
    if (!fs.lstatSync(aside).isDirectory()) throw new Error(`${aside} is not a folder`)
    this.#move(isClaimed ? claimedName(name) : name, join(ASIDE, name))
    const kept = fs.readdirSync(aside).map((each) => ({ path: join(aside, each), ms: mtimeOf(join(aside, each)) }))
    const oldest = kept.toSorted((a, b) => a.ms - b.ms).slice(0, Math.max(0, kept.length - this.#options.asideFilesMax))
    for (const { path } of oldest) fs.rmSync(path, { recursive: true, force: true })
    return oldest.length
  }

  #reader(): SpoolReader | undefined {
    const path = join(this.path, SPOOL_READER_FILE)
    const stats = fs.lstatSync(path, { throwIfNoEntry: false })
    return stats?.isFile() === true && stats.size < 1_000
      ? parseSpoolReader(fs.readFileSync(path, 'latin1'))
      : undefined
  }

  /** Someone has cleaned up. */
  #restore(): void {
    if (this.#announced === undefined || fs.existsSync(join(this.path, SPOOL_READER_FILE))) return
    this.open()
    this.announce(this.#announced)
  }

  #recover(name: string): void {
    const stats = fs.lstatSync(join(this.path, name), { throwIfNoEntry: false })
    if (stats === undefined || this.#options.nowMs() - stats.ctimeMs < ORPHANED_MS) return
    const [, original] = CLAIMED.exec(name) ?? []
    if (original !== undefined && parseSpoolFileName(original) !== undefined) this.#move(name, original)
    else fs.rmSync(join(this.path, name), { recursive: true, force: true })
  }

  /** False when there is nothing of that name any more. */
  #move(from: string, to: string): boolean {
    try {
      fs.renameSync(join(this.path, from), join(this.path, to))
      return true
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return false
      throw error
    }
  }
}

const claimedName = (name: string): string => `.${name}.taking`

const mtimeOf = (path: string): number => fs.lstatSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0

/** Where there are no users, everyone's. */
const isOurs = ({ uid }: fs.Stats): boolean => process.getuid === undefined || uid === process.getuid()
