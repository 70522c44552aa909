import { existsSync } from 'node:fs'
import { open } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { codeOf, CURRENT_FILE, rotatedFilesIn } from './audit-files.ts'
import type { RotatedFile } from './audit-files.ts'
import { lineHash, NO_HASH, parseAuditLine } from './audit-line.ts'
import type { AuditRecord } from './audit-line.ts'
import { readHead } from './head-file.ts'
import type { Head } from './head-file.ts'
import { linesOf } from './read-lines.ts'
import type { RawLine } from './read-lines.ts'

export interface VerifyOptions {
  readonly folder: string
  /** Where files were moved to: they are verified as well. */
  readonly archiveFolder?: string | undefined
  /** A line that somebody has noted elsewhere: it must be there, and be the same. */
  readonly expected?: { readonly seq: number; readonly hash: string } | undefined
  /** A line that was synced, as the ledger knows it: it must be the same, unless it was old enough to go. */
  readonly known?: { readonly seq: number; readonly hash: string } | undefined
}

/**
 * `changed`: a line is not the one that was written. `removed`: lines are missing. `reordered`: a line stands behind one that came after it, or is there twice.
 * `torn`: a line has no end. `unreadable`: a file can't be read.
 */
export type BreakKind = 'changed' | 'removed' | 'reordered' | 'torn' | 'unreadable'

export interface ChainBreak {
  readonly kind: BreakKind
  readonly file: string
  /** From 1; 0 where it is about no line of the file. */
  readonly line: number
  readonly seq: number
  readonly what: string
}

export interface Verification {
  readonly files: number
  readonly lines: number
  /** Of the lines that are there; 0 when none is. */
  readonly firstSeq: number
  readonly last: { readonly seq: number; readonly hash: string }
  readonly break: ChainBreak | null
  /** What the log says of itself: torn lines, lost lines, files that went. */
  readonly notes: Readonly<Record<string, number>>
}

/**
 * Reads every line of the log and of its archive: numbers, hashes, form, both ends. Ends at the first break. Whoever may write to the folder can write all of it
 * anew, head included: against that, note the last number and hash elsewhere (`expected`). May run beside whoever writes.
 */
export async function verifyLog(options: VerifyOptions): Promise<Verification> {
  for (let attempt = 1; ; attempt++) {
    const head = await readHead(options.folder)
    const { files, current } = await openFiles(options)
    const walk = new ChainWalk(head, options)
    try {
      for (const file of files) if (!(await walk.readFile(file))) break
      walk.end(files.at(-1)?.path ?? join(options.folder, CURRENT_FILE))
    } finally {
      await current?.close()
    }
    // The oldest files may have gone meanwhile, or the head was read half written.
    const result = walk.result(files.length)
    if (result.break === null || attempt === ATTEMPTS_MAX) return result
  }
}

const ATTEMPTS_MAX = 5

interface LogFile extends Pick<RotatedFile, 'path' | 'isCompressed'> {
  readonly opened?: FileHandle
}

/** The files of one moment: the one that is written is held open, so that it is the same when it is rotated. */
async function openFiles(options: VerifyOptions): Promise<{ files: LogFile[]; current: FileHandle | undefined }> {
  const path = join(options.folder, CURRENT_FILE)
  for (;;) {
    const before = await rotatedFilesOf(options)
    const current = await open(path, 'r').catch(ignoreMissing)
    const rotated = await rotatedFilesOf(options)
    if (rotated.at(-1)?.firstSeq === before.at(-1)?.firstSeq)
      return {
        files: current === undefined ? rotated : [...rotated, { path, isCompressed: false, opened: current }],
        current,
      }
    await current?.close()
  }
}

async function rotatedFilesOf({ folder, archiveFolder }: VerifyOptions): Promise<RotatedFile[]> {
  const archived = archiveFolder === undefined ? [] : await rotatedFilesIn(archiveFolder)
  const rotated = existsSync(folder) ? await rotatedFilesIn(folder) : []
  return [...archived, ...rotated].sort((a, b) => a.firstSeq - b.firstSeq || a.lastMs - b.lastMs)
}

function ignoreMissing(error: unknown): undefined {
  if (codeOf(error) !== 'ENOENT') throw error
}

interface PlacedLine {
  readonly file: string
  readonly line: number
  readonly seq: number
  readonly hash: string
}

class ChainWalk {
  readonly #head: Head | 'missing' | 'damaged'
  readonly #expected: VerifyOptions['expected']
  readonly #known: VerifyOptions['known']
  readonly #notes: Record<string, number> = {}
  #break: ChainBreak | null = null
  #firstSeq = 0
  #lines = 0
  #last: PlacedLine | undefined
  /** Hashes of the lines that the head and the caller name. */
  readonly #hashes = new Map<number, string>()

  constructor(head: Head | 'missing' | 'damaged', { expected, known }: Pick<VerifyOptions, 'expected' | 'known'>) {
    this.#head = head
    this.#expected = expected
    this.#known = known
    if (known !== undefined) this.#hashes.set(known.seq, '')
    if (typeof head !== 'string') this.#hashes.set(head.last.seq, '').set(head.first.seq - 1, '')
    if (expected !== undefined) this.#hashes.set(expected.seq, '')
  }

  /** False when the chain is broken. */
  async readFile({ path: file, isCompressed, opened }: LogFile): Promise<boolean> {
    let line = 0
    try {
      for await (const lines of linesOf(file, isCompressed, opened)) {
        for (const raw of lines) {
          line++
          if (!this.#isSound(raw, file, line)) {
            await this.#tellMoved({ path: file, isCompressed, ...(opened && { opened }) })
            return false
          }
        }
      }
    } catch (error) {
      const code = codeOf(error)
      // Compressed meanwhile; a file that was removed shows in the chain.
      if (code === 'ENOENT') return isCompressed || this.readFile({ path: `${file}.gz`, isCompressed: true })
      if (!code.startsWith('Z_') && code !== 'EIO') throw error
      this.#fail('unreadable', { file, line: line + 1, seq: this.#nextSeq }, `the file can't be read on (${code})`)
      return false
    }
    return true
  }

  #isSound({ bytes, isWhole }: RawLine, file: string, line: number): boolean {
    const last = this.#last
    const here = { file, line, seq: this.#nextSeq }
    if (!isWhole) return this.#isTornSound(here)
    const record = parseAuditLine(bytes)
    if (record === undefined) return this.#fail('changed', here, 'this is no line of the log')
    if (last === undefined) this.#begin(record)
    else if (record.prev === last.hash) {
      if (record.seq !== last.seq + 1)
        return this.#fail('changed', here, `the number of this line was changed to ${record.seq}`)
    } else if (record.seq === last.seq + 1) {
      return this.#fail('changed', last, `this line is not the one that line ${record.seq} was chained to`)
    } else return this.#failOrder(record, last, here)
    const hash = lineHash(bytes)
    this.#last = { file, line, seq: record.seq, hash }
    this.#lines++
    if (this.#hashes.has(record.seq)) this.#hashes.set(record.seq, hash)
    return this.#readNote(record, file, line)
  }

  get #nextSeq(): number {
    return (this.#last?.seq ?? 0) + 1
  }

  /** What precedes the first line counts as a line that was there. */
  #begin({ seq, prev }: AuditRecord): void {
    this.#firstSeq = seq
    if (this.#hashes.has(seq - 1)) this.#hashes.set(seq - 1, prev)
  }

  /** The end of a file that is being written, or was at a crash: the next start cuts it, and says so. Lines that the head knows are not cut. */
  #isTornSound(here: Place): boolean {
    const head = this.#head
    const isKnown = typeof head === 'string' || head.last.seq >= here.seq || !here.file.endsWith(CURRENT_FILE)
    if (isKnown) return this.#fail('torn', here, 'this line has no end')
    this.#notes['torn_line'] = 1
    return true
  }

  #failOrder({ seq }: AuditRecord, last: PlacedLine, here: Place): false {
    if (seq <= last.seq) {
      const what = `line ${seq} stands here, behind line ${last.seq}: it was moved, or is there twice`
      return this.#fail('reordered', here, what)
    }
    const missing = seq - 1 === here.seq ? `line ${here.seq} is` : `lines ${here.seq} to ${seq - 1} are`
    return this.#fail('removed', here, `${missing} missing here`)
  }

  /** A line that seems to be removed may stand further on in the file. */
  async #tellMoved({ path, isCompressed, opened }: LogFile): Promise<void> {
    const found = this.#break
    if (found?.kind !== 'removed') return
    let line = 0
    for await (const lines of linesOf(path, isCompressed, opened)) {
      for (const { bytes } of lines) {
        line++
        if (line <= found.line || parseAuditLine(bytes)?.seq !== found.seq) continue
        const what = `line ${found.seq} does not stand here, but in line ${line} of the file`
        this.#break = { ...found, kind: 'reordered', what }
        return
      }
    }
  }

  #readNote({ event, seq, fields }: AuditRecord, file: string, line: number): boolean {
    if (event !== 'log') return true
    const note = String(fields['note'])
    this.#notes[note] = (this.#notes[note] ?? 0) + 1
    if (note !== 'head_missing' && note !== 'head_damaged') return true
    const how = note === 'head_missing' ? 'missing' : 'not what the log had written'
    return this.#fail(
      'removed',
      { file, line, seq },
      `the head file was ${how} when the log went on here: lines before this one may have been cut`,
    )
  }

  /** Compares both ends with what the head says. */
  end(file: string): void {
    if (this.#break !== null) return
    const head = this.#head
    const place = { file, line: this.#last?.line ?? 0, seq: this.#last?.seq ?? 0 }
    if (typeof head === 'string') {
      if (head === 'damaged') this.#fail('changed', { file: 'head.json', line: 0, seq: 0 }, 'the head file was changed')
      else if (this.#lines > 0)
        this.#fail(
          'removed',
          { file: 'head.json', line: 0, seq: 0 },
          'the head file is missing: lines at the end may be',
        )
    } else this.#checkHead(head, place)
    if (this.#break === null) this.#checkKnown(place)
    if (this.#break === null) this.#checkExpected(place)
  }

  #checkKnown(place: Place): void {
    const known = this.#known
    const first = typeof this.#head === 'string' ? 1 : this.#head.first.seq
    if (known === undefined || known.seq < first || this.#hashAt(known.seq) === known.hash) return
    const isMissing = known.seq > place.seq
    const what = isMissing
      ? `the log has ${place.seq === 0 ? 'no lines' : `lines up to ${place.seq}`}, and the ledger knows them up to ${known.seq}: the log was deleted, or cut`
      : `line ${known.seq} is not the one that the ledger knows: the log was written anew`
    this.#fail(isMissing ? 'removed' : 'changed', { ...place, seq: known.seq }, what)
  }

  #checkHead({ first, last, synced }: Head, place: Place): void {
    if (last.seq > place.seq && last.seq >= first.seq) {
      const from = Math.max(place.seq + 1, first.seq)
      const how = place.seq >= synced ? '; a crash of the host may have taken them, they were not synced' : ''
      this.#fail('removed', place, `lines ${from} to ${last.seq} are missing at the end${how}`)
    } else if (this.#lines > 0 && this.#firstSeq > first.seq) {
      const what = `lines ${first.seq} to ${this.#firstSeq - 1} are missing at the beginning`
      this.#fail('removed', { ...place, seq: first.seq }, what)
    } else if (this.#lines > 0 && this.#hashAt(first.seq - 1) !== first.prev) {
      this.#fail('changed', { ...place, seq: first.seq }, 'the first line is not the one that the head file names')
    } else if (this.#lines > 0 && this.#hashAt(last.seq) !== last.hash) {
      this.#fail('changed', { ...place, seq: last.seq }, `line ${last.seq} is not the one that the head file names`)
    }
  }

  #checkExpected(place: Place): void {
    const expected = this.#expected
    if (expected === undefined || this.#hashAt(expected.seq) === expected.hash) return
    const isMissing = expected.seq > place.seq || expected.seq < this.#firstSeq
    const what = isMissing ? 'is missing' : 'is not the one that was expected'
    this.#fail(isMissing ? 'removed' : 'changed', { ...place, seq: expected.seq }, `line ${expected.seq} ${what}`)
  }

  #hashAt(seq: number): string | undefined {
    return this.#hashes.get(seq)
  }

  #fail(kind: BreakKind, { file, line, seq }: Place, what: string): false {
    this.#break = { kind, file, line, seq, what }
    return false
  }

  result(files: number): Verification {
    const { seq, hash } = this.#last ?? { seq: 0, hash: NO_HASH }
    return {
      files,
      lines: this.#lines,
      firstSeq: this.#firstSeq,
      last: { seq, hash },
      break: this.#break,
      notes: this.#notes,
    }
  }
}

interface Place {
  readonly file: string
  readonly line: number
  readonly seq: number
}
