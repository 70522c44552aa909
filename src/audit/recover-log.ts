import { open } from 'node:fs/promises'
import { join } from 'node:path'
import type { AuditNote } from './audit-entry.ts'
import { codeOf, CURRENT_FILE, rotatedFilesIn } from './audit-files.ts'
import type { RotatedFile } from './audit-files.ts'
import { lineHash, NO_HASH, parseAuditLine } from './audit-line.ts'
import type { AuditRecord } from './audit-line.ts'
import { readHead } from './head-file.ts'
import type { Head } from './head-file.ts'
import { endOfLastLine, firstLineOf, lastLineOf, linesBackwards } from './read-lines.ts'

/** Where an earlier process left the log, and where it goes on. */
export interface LeftLog {
  /** The line that the next one is chained to. */
  readonly last: ChainedLine
  /** Of the file that is written. */
  readonly length: number
  /** What stands behind its last whole line: to be written over and cut. */
  readonly tornBytes: number
  readonly firstSeq: number
  readonly firstMs: number
  readonly head: Head
  readonly notes: readonly AuditNote[]
}

export interface ChainedLine {
  readonly seq: number
  readonly hash: string
  readonly atMs: number
}

/**
 * Reads the ends of the log; writes nothing. Where it is shorter than its head says, or ends otherwise, it goes on from what the head says: the gap stays for `verify`
 * to find. Only lines that were not synced may be missing after a crash of the host; that is said in a line, and the log goes on from what is there.
 */
export async function recoverLog(folder: string): Promise<LeftLog> {
  const readFrom = await readHead(folder)
  const rotated = await rotatedFilesIn(folder)
  const path = join(folder, CURRENT_FILE)
  const { length, tornBytes } = await measure(path)
  const found = length > 0 ? await lastOf(path) : undefined
  const notes: AuditNote[] = tornBytes > 0 ? [{ note: 'torn_line_cut', bytes: tornBytes }] : []

  const head = typeof readFrom === 'string' ? undefined : readFrom
  const here = found ?? (head === undefined ? await lastOfRotated(rotated) : undefined)
  let last: ChainedLine = here ?? { seq: 0, hash: NO_HASH, atMs: 0 }
  if (readFrom === 'damaged') notes.push({ note: 'head_damaged' })
  else if (readFrom === 'missing' && here !== undefined) notes.push({ note: 'head_missing' })
  else if (head !== undefined && !isLater(found, head)) {
    const named = { ...head.last, atMs: found?.atMs ?? rotated.at(-1)?.lastMs ?? 0 }
    const isCrash = found?.isSound === true && found.seq < head.last.seq && found.seq >= head.synced
    if (isCrash) notes.push({ note: 'lines_missing', from: found.seq + 1, through: head.last.seq })
    else last = named
  }

  const first = length > 0 ? recordOf(await firstLineOf(path, false)) : undefined
  return {
    last,
    length,
    tornBytes,
    firstSeq: first?.seq ?? last.seq,
    firstMs: first === undefined ? last.atMs : timeOf(first),
    head: {
      first: head?.first ?? (await firstIn(rotated)) ?? firstAt(first) ?? { seq: last.seq + 1, prev: last.hash },
      last: { seq: last.seq, hash: last.hash },
      synced: head?.synced ?? 0,
    },
    notes,
  }
}

interface FoundLine extends ChainedLine {
  /** False where the last line was no line of the log: its number is a guess. */
  readonly isSound: boolean
}

/** A process that was killed may have written lines that the head does not know yet. */
const isLater = (found: FoundLine | undefined, { last }: Head): boolean =>
  found?.isSound === true && (found.seq > last.seq || (found.seq === last.seq && found.hash === last.hash))

async function measure(path: string): Promise<{ length: number; tornBytes: number }> {
  try {
    const file = await open(path, 'r')
    try {
      const length = await endOfLastLine(file)
      return { length, tornBytes: (await file.stat()).size - length }
    } finally {
      await file.close()
    }
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return { length: 0, tornBytes: 0 }
    throw error
  }
}

/** The last line, numbered after the last one that makes sense. */
async function lastOf(path: string): Promise<FoundLine | undefined> {
  let hash: string | undefined
  let skipped = 0
  for await (const lines of linesBackwards(path)) {
    for (const line of lines) {
      hash ??= lineHash(line)
      const record = parseAuditLine(line)
      if (record !== undefined) return { seq: record.seq + skipped, hash, atMs: timeOf(record), isSound: skipped === 0 }
      skipped++
    }
  }
  return hash === undefined ? undefined : { seq: skipped, hash, atMs: 0, isSound: false }
}

/** Of the newest file that can be read. */
async function lastOfRotated(rotated: readonly RotatedFile[]): Promise<FoundLine | undefined> {
  for (const { path, isCompressed } of rotated.toReversed()) {
    const line = await lastLineOf(path, isCompressed).catch(() => undefined)
    const record = recordOf(line)
    if (line !== undefined && record !== undefined)
      return { seq: record.seq, hash: lineHash(line), atMs: timeOf(record), isSound: true }
  }
  return undefined
}

async function firstIn([oldest]: readonly RotatedFile[]): Promise<Head['first'] | undefined> {
  if (oldest === undefined) return undefined
  return firstAt(recordOf(await firstLineOf(oldest.path, oldest.isCompressed).catch(() => undefined)))
}

const firstAt = (record: AuditRecord | undefined): Head['first'] | undefined =>
  record === undefined ? undefined : { seq: record.seq, prev: record.prev }

const recordOf = (line: Buffer | undefined): AuditRecord | undefined =>
  line === undefined ? undefined : parseAuditLine(line)

const timeOf = ({ ts }: AuditRecord): number => {
  const atMs = Date.parse(ts)
  return Number.isNaN(atMs) ? 0 : atMs
}
