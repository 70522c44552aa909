import { closeSync, mkdirSync, openSync, readFileSync, unlinkSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import {
  FREE_LINE,
  JOURNAL_FOLDER,
  JOURNAL_LINE_BYTES,
  JOURNAL_SLICES_MAX,
  journalFileName,
  journalHead,
  journalLine,
} from '../../control/slice-journal.ts'
import type { SliceRecord } from '../../control/slice-journal.ts'

/** Where this process writes down what it spends. One write of a line is in the kernel when it returns, whatever becomes of the process then. */
export class JournalFile {
  readonly #path: string
  readonly #file: number
  readonly #places: (string | undefined)[] = []

  /** Throws when the file can't be made. */
  constructor(stateFolder: string, process: string) {
    const folder = join(stateFolder, JOURNAL_FOLDER)
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    this.#path = join(folder, journalFileName(process))
    this.#file = openSync(this.#path, 'wx', 0o600)
    writeSync(this.#file, journalHead(process, bootId()), 0)
  }

  /** False: there is no place for another slice. Throws when it can't be written. */
  open(slice: SliceRecord): boolean {
    const free = this.#places.indexOf(undefined)
    const place = free === -1 ? this.#places.length : free
    if (place >= JOURNAL_SLICES_MAX) return false
    this.#places[place] = slice.id
    this.write(slice)
    return true
  }

  /** Throws when it can't be written: then nothing may be spent. */
  write(slice: SliceRecord): void {
    const place = this.#places.indexOf(slice.id)
    if (place === -1) throw new TypeError('the slice has no place in the journal')
    this.#put(place, journalLine(slice))
  }

  /** The slice is settled. */
  close(id: string): void {
    const place = this.#places.indexOf(id)
    if (place === -1) return
    this.#put(place, FREE_LINE)
    this.#places[place] = undefined
  }

  /** The process ends, and nothing is open. */
  remove(): void {
    closeSync(this.#file)
    unlinkSync(this.#path)
  }

  #put(place: number, line: string): void {
    const written = writeSync(this.#file, line, (place + 1) * JOURNAL_LINE_BYTES, 'latin1')
    if (written !== JOURNAL_LINE_BYTES) throw new Error('the slice journal could not be written whole')
  }
}

/** Of this start of the host; `-` where there is no telling: a sidecar gives nothing back. */
function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()
  } catch {
    return '-'
  }
}
