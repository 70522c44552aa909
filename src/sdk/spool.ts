import {
  chmodSync,
  closeSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  unlinkSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import {
  parseSpoolReader,
  SPOOL_BYTES_MAX,
  SPOOL_FILE_BYTES_MAX,
  SPOOL_FILES_MAX,
  SPOOL_READER_FILE,
  spoolFileName,
} from '../control/spool-format.ts'
import type { SpoolFile, SpoolReader } from '../control/spool-format.ts'

export interface SpoolLimits {
  readonly filesMax: number
  readonly bytesMax: number
  readonly fileBytesMax: number
}

/** The folder in which a process leaves at its end what it could not send. Synchronous: the event loop is over. */
export class Spool {
  readonly #folder: string
  readonly #limits: SpoolLimits
  #files = 0
  #bytes = 0

  /** Makes the folder where there is none. Throws when it cannot be used, or when it is not this user's alone. */
  constructor(folder: string, limits: SpoolLimits = spoolLimits) {
    this.#folder = folder
    this.#limits = limits
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    checkOwner(folder)
    for (const name of readdirSync(folder)) this.#count(name)
  }

  /** False when it does not fit. Throws when it cannot be written. */
  write(file: SpoolFile, body: Uint8Array): boolean {
    const { filesMax, bytesMax, fileBytesMax } = this.#limits
    const fits = this.#files < filesMax && this.#bytes + body.length <= bytesMax && body.length <= fileBytesMax
    if (!fits) return false
    const path = join(this.#folder, spoolFileName(file))
    const unfinished = join(this.#folder, `.${spoolFileName(file)}.tmp`)
    writeWhole(unfinished, body)
    renameSync(unfinished, path)
    this.#files += 1
    this.#bytes += body.length
    return true
  }

  #count(name: string): void {
    const stats = lstatSync(join(this.#folder, name), { throwIfNoEntry: false })
    if (stats?.isFile() !== true || name === SPOOL_READER_FILE) return
    this.#files += 1
    this.#bytes += stats.size
  }
}

/** Which sidecar reads the folder, if one ever has. */
export function spoolReader(folder: string): SpoolReader | undefined {
  try {
    return parseSpoolReader(readFileSync(join(folder, SPOOL_READER_FILE), 'latin1'))
  } catch {
    return undefined
  }
}

const spoolLimits: SpoolLimits = {
  filesMax: SPOOL_FILES_MAX,
  bytesMax: SPOOL_BYTES_MAX,
  fileBytesMax: SPOOL_FILE_BYTES_MAX,
}

/** What is written may hold prompts: nobody else may read it, or lead the writing elsewhere. */
function checkOwner(folder: string): void {
  const stats = lstatSync(folder)
  if (!stats.isDirectory()) throw new SpoolError('not a folder')
  if (process.getuid === undefined) return
  if (stats.uid !== process.getuid()) throw new SpoolError('the folder of another user')
  if ((stats.mode & 0o077) !== 0) chmodSync(folder, 0o700)
}

class SpoolError extends Error {
  override readonly name = 'SpoolError'
}

/** `wx`: a file or link that is there already is not followed. */
function writeWhole(path: string, body: Uint8Array): void {
  const file = openSync(path, 'wx', 0o600)
  try {
    for (let offset = 0; offset < body.length;) offset += writeSync(file, body, offset)
  } catch (error) {
    unlinkSync(path)
    throw error
  } finally {
    closeSync(file)
  }
}
