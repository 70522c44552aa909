import { join } from 'node:path'
import type { AuditEntry, AuditNote } from './audit-entry.ts'
import { codeOf, CURRENT_FILE } from './audit-files.ts'
import { Housekeeping } from './housekeeping.ts'
import { lastCalls } from './last-calls.ts'
import type { AuditCalls, CallFilter } from './last-calls.ts'
import { LogWriter } from './log-writer.ts'
import type { OpenFile, Stamped } from './log-writer.ts'

export interface AuditLogOptions {
  /** `<state>/audit`, made with mode 0700; files have 0600. One process writes: whoever opens it has to see to that. */
  readonly folder: string
  /** A file that has so many bytes is followed by the next; 100 MB. One that is a day old is, too. */
  readonly bytesMax?: number
  /** Days that files which are not written any more are kept; 30. */
  readonly daysMax?: number
  /** Bytes of all files together, the oldest go first; 1 GB. */
  readonly totalBytesMax?: number
  /** Where files go instead of being deleted. */
  readonly archiveFolder?: string | undefined
  /** Lines that wait to be written; further ones are refused. 10,000. */
  readonly waitingLinesMax?: number
  /** Number of a line that is known elsewhere to be in the log: without it the log says that it was cut. */
  readonly knownSeq?: number | undefined
  /** Unix ms. */
  now(): number
  /** Milliseconds that never run backwards. */
  monotonic?(): number
  onProblem(problem: AuditProblem): void
  /** For tests. */
  readonly openFile?: OpenFile
}

export type AuditProblem =
  /** Lines are refused, and said to be lost in the log later; told once, until `writable`. */
  | { readonly kind: 'unwritable'; readonly file: string; readonly code: string }
  | { readonly kind: 'writable'; readonly file: string }
  /** Stays as it is, and is tried again within the hour. */
  | {
      readonly kind: 'uncompressed' | 'unarchived' | 'unremovable' | 'unkept'
      readonly file: string
      readonly code: string
    }
  /** What the log says of itself in a line. */
  | { readonly kind: 'note'; readonly file: string; readonly note: AuditNote }

/** Counters since the start, and how it is now. */
export interface AuditMetrics {
  /** Written, by what they say. */
  readonly attempts: number
  readonly outcomes: number
  readonly actions: number
  readonly notes: number
  /** Could not be written, or were refused because too many waited. */
  readonly lost: number
  readonly syncs: number
  readonly rotations: number
  readonly filesRemoved: number
  readonly waiting: number
  /** As of the last look: at the start, at every rotation, every hour. */
  readonly files: number
  readonly bytesOnDisk: number
  readonly isWritable: boolean
}

/** A line could not be written: what it would have recorded must not be done. `code` is the system's, or `FULL`, or `CLOSED`. */
export class AuditWriteError extends Error {
  override readonly name = 'AuditWriteError'
  readonly code: string

  constructor(folder: string, code: string, cause?: unknown) {
    super(`the audit log in ${folder} can't be written (${code}): ${WHAT_NOW[code] ?? 'see the sidecar’s log'}`, {
      cause,
    })
    this.code = code
  }
}

const WHAT_NOW: Readonly<Record<string, string>> = {
  ENOSPC: 'free some room on its disk',
  EDQUOT: 'free some room on its disk',
  EROFS: 'its disk is read-only',
  EACCES: 'give this user the right to write there',
  FULL: 'more lines wait than its disk takes',
  CLOSED: 'the sidecar is stopping',
}

/** Lines that nobody waits for are on disk after so long at the latest. */
const SYNC_AFTER_MS = 1000
const HOUSEKEEPING_EVERY_MS = 60 * 60 * 1000
/** Notes that wait to be written. */
const NOTES_MAX = 100
/** Lines of one write, at most. */
const COMMIT_LINES_MAX = 2000

interface Waiting extends Stamped {
  readonly entry: AuditEntry
  readonly isSideEffect: boolean
  resolve(line: { readonly seq: number }): void
  reject(error: AuditWriteError): void
}

/** Opens the log at once; what hinders it is told, and tried again with every line. */
export const openAuditLog = (options: AuditLogOptions): AuditLog => new AuditLog(options)

/**
 * The record of everything that agents tried and did: JSON lines, numbered from 1, each with the hash of the line before it (docs/audit.md). Lines that wait are
 * written together, and synced when one of them is about a side effect.
 */
export class AuditLog {
  readonly #options: Required<Pick<AuditLogOptions, 'bytesMax' | 'waitingLinesMax'>> & AuditLogOptions
  readonly #housekeeping: Housekeeping
  readonly #abort = new AbortController()
  readonly #counts = { attempt: 0, outcome: 0, action: 0, notes: 0, lost: 0, syncs: 0, rotations: 0, filesRemoved: 0 }
  readonly #waiting: Waiting[] = []
  readonly #notes: AuditNote[] = []
  /** Lost since the log has last said so. */
  #lost = 0
  #writer: LogWriter | undefined
  #closedWith: LogWriter['lastSynced']
  #isCommitting = false
  #committing: Promise<void> = Promise.resolve()
  #keeping: Promise<void> = Promise.resolve()
  /** The one that waits for the one that runs: there is never a third. */
  #nextKeeping: Promise<void> | undefined
  #syncTimer: NodeJS.Timeout | undefined
  readonly #housekeepingTimer: NodeJS.Timeout
  #isSyncDue = false
  #isWritable = true
  #isClosed = false

  constructor(options: AuditLogOptions) {
    const { folder, now, monotonic = () => performance.now(), archiveFolder } = options
    this.#options = { bytesMax: 100 * 1024 * 1024, waitingLinesMax: 10_000, ...options }
    this.#housekeeping = new Housekeeping({
      folder,
      daysMax: options.daysMax ?? 30,
      totalBytesMax: options.totalBytesMax ?? 1024 ** 3,
      archiveFolder,
      now,
      monotonic,
      onFailure: (kind, file, code) => options.onProblem({ kind, file, code }),
    })
    this.#housekeepingTimer = setInterval(() => void this.keepHouse(), HOUSEKEEPING_EVERY_MS).unref()
    void this.keepHouse()
  }

  /**
   * Resolves when the line is written, of a side effect when it is on disk. Rejects with AuditWriteError: the line is not in the log, and a side effect must
   * not happen.
   */
  append(entry: AuditEntry, { isSideEffect = false } = {}): Promise<{ readonly seq: number }> {
    const refusal = this.#isClosed
      ? 'CLOSED'
      : this.#waiting.length >= this.#options.waitingLinesMax
        ? 'FULL'
        : undefined
    if (refusal !== undefined) {
      this.#lose(1)
      return Promise.reject(new AuditWriteError(this.#options.folder, refusal))
    }
    const atMs = this.#options.now()
    return new Promise((resolve, reject) => {
      this.#waiting.push({ entry, atMs, isSideEffect, resolve, reject })
      this.#commitSoon()
    })
  }

  /** The newest calls, of those with side effects and of the others. */
  last(count: number, filter?: CallFilter): Promise<AuditCalls> {
    return lastCalls(this.#options.folder, { count, nowMs: this.#options.now(), ...filter })
  }

  get metrics(): AuditMetrics {
    const { attempt, outcome, action, ...counts } = this.#counts
    const { files, bytesOnDisk } = this.#housekeeping
    return {
      attempts: attempt,
      outcomes: outcome,
      actions: action,
      ...counts,
      waiting: this.#waiting.length,
      files,
      bytesOnDisk,
      isWritable: this.#isWritable,
    }
  }

  /** The last line, when it is on disk. */
  get lastSynced(): { readonly seq: number; readonly hash: string } | undefined {
    return this.#writer?.lastSynced ?? this.#closedWith
  }

  /** Compresses, archives and removes what is due; the log calls it itself: at the start, at every rotation, every hour. */
  keepHouse(): Promise<void> {
    this.#nextKeeping ??= this.#keeping.then(() => {
      this.#nextKeeping = undefined
      return this.#keepHouse()
    })
    this.#keeping = this.#nextKeeping
    return this.#keeping
  }

  /** Resolves when all that was appended is on disk. What is being compressed is left for the next start. */
  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#abort.abort()
    clearInterval(this.#housekeepingTimer)
    await this.#keeping
    clearTimeout(this.#syncTimer)
    this.#isSyncDue = true
    this.#commitSoon()
    await this.#committing
    await this.#writer?.close()
    this.#closedWith = this.#writer?.lastSynced
    this.#writer = undefined
  }

  // Writing

  #commitSoon(): void {
    if (this.#isCommitting) return
    this.#isCommitting = true
    this.#committing = this.#commitAll()
  }

  async #commitAll(): Promise<void> {
    let isWritten = true
    do {
      // What is appended in one turn of the event loop goes together.
      await new Promise((resolve) => setImmediate(resolve))
      isWritten = await this.#commit()
    } while (this.#waiting.length > 0 || (isWritten && (this.#notes.length > 0 || this.#isSyncDue)))
    this.#isCommitting = false
  }

  /** False when it failed. */
  async #commit(): Promise<boolean> {
    const lines = this.#waiting.slice(0, COMMIT_LINES_MAX)
    try {
      this.#writer ??= await this.#open()
      await this.#rotateIfDue(this.#writer)
      await this.#write(this.#writer, lines)
      this.#setWritable(true)
      return true
    } catch (error) {
      this.#waiting.splice(0, lines.length)
      this.#lose(lines.length)
      this.#isSyncDue = false
      const code = codeOf(error)
      for (const { reject } of lines) reject(new AuditWriteError(this.#options.folder, code, error))
      this.#setWritable(false, code)
      const { broken } = this.#writer ?? {}
      if (broken !== undefined) {
        await this.#writer?.close()
        this.#writer = undefined
        this.#say(broken)
      }
      return false
    }
  }

  async #write(writer: LogWriter, lines: readonly Waiting[]): Promise<void> {
    const nowMs = this.#options.now()
    const lost = this.#lost
    const notes: AuditNote[] = [...this.#notes, ...(lost > 0 ? [{ note: 'lines_lost' as const, lines: lost }] : [])]
    const isSynced = this.#isSyncDue || notes.length > 0 || lines.some(({ isSideEffect }) => isSideEffect)
    if (notes.length + lines.length === 0) {
      if (this.#isSyncDue && !writer.isSynced) await writer.sync()
    } else {
      const entries = [...notes.map((entry) => ({ entry, atMs: lines[0]?.atMs ?? nowMs })), ...lines]
      const seqs = await writer.write(entries, isSynced)
      if (lost > 0 && seqs.length >= notes.length) this.#lost -= lost
      this.#settle(notes, lines, seqs)
    }
    if (isSynced) this.#counts.syncs++
    if (isSynced) this.#isSyncDue = false
    else this.#syncTimer ??= setTimeout(() => this.#syncNow(), SYNC_AFTER_MS).unref()
  }

  #settle(notes: readonly AuditNote[], lines: readonly Waiting[], seqs: readonly number[]): void {
    const writtenNotes = Math.min(notes.length, seqs.length)
    this.#notes.splice(0, writtenNotes)
    this.#counts.notes += writtenNotes
    const lineSeqs = seqs.slice(writtenNotes)
    this.#waiting.splice(0, lineSeqs.length)
    for (const [i, seq] of lineSeqs.entries()) {
      const line = lines[i]
      if (line === undefined) break
      this.#counts[line.entry.event]++
      line.resolve({ seq })
    }
  }

  #syncNow(): void {
    this.#syncTimer = undefined
    this.#isSyncDue = true
    this.#commitSoon()
  }

  async #open(): Promise<LogWriter> {
    const { folder, bytesMax, openFile, knownSeq } = this.#options
    const writer = await LogWriter.open({ folder, bytesMax, openFile, knownSeq })
    this.#say(writer.notes)
    return writer
  }

  async #rotateIfDue(writer: LogWriter): Promise<void> {
    if (!writer.isRotationDue(this.#options.now())) return
    await writer.rotate()
    this.#counts.rotations++
    if (!this.#isClosed) void this.keepHouse()
  }

  // Telling

  #say(notes: readonly AuditNote[]): void {
    for (const note of notes) {
      // On a disk that goes on failing, the same is found again and again.
      const isSaid = this.#notes.some((said) => said.note === note.note && note.note !== 'files_removed')
      if (isSaid || this.#notes.length >= NOTES_MAX) continue
      this.#options.onProblem({ kind: 'note', file: this.#file, note })
      this.#notes.push(note)
    }
  }

  #lose(lines: number): void {
    this.#lost += lines
    this.#counts.lost += lines
  }

  #setWritable(isWritable: boolean, code = ''): void {
    if (this.#isWritable === isWritable) return
    this.#isWritable = isWritable
    const { onProblem } = this.#options
    onProblem(isWritable ? { kind: 'writable', file: this.#file } : { kind: 'unwritable', file: this.#file, code })
  }

  get #file(): string {
    return join(this.#options.folder, CURRENT_FILE)
  }

  // Keeping house

  async #keepHouse(): Promise<void> {
    if (this.#isClosed) return
    // Opens the log, and rotates a file that has become too old.
    this.#commitSoon()
    await this.#committing
    const writer = this.#writer
    if (writer === undefined) return
    try {
      const notes = await this.#housekeeping.run(writer, this.#abort.signal)
      for (const note of notes) if (note.note === 'files_removed') this.#counts.filesRemoved += note.files
      this.#say(notes)
    } catch (error) {
      if (!this.#abort.signal.aborted)
        this.#options.onProblem({ kind: 'unkept', file: this.#options.folder, code: codeOf(error) })
    }
    if (this.#notes.length > 0) this.#commitSoon()
  }
}
