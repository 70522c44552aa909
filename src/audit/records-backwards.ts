import { join } from 'node:path'
import { codeOf, CURRENT_FILE, rotatedFilesIn } from './audit-files.ts'
import { parseAuditLine } from './audit-line.ts'
import type { AuditRecord } from './audit-line.ts'
import { linesBackwards, linesOf } from './read-lines.ts'

/** Lines that are read at most: about four seconds. */
const LINES_MAX = 1_000_000
/** Of one compressed file, which can only be read from its beginning: the newest are kept. */
const KEPT_MAX = 100_000

/**
 * The lines of a log that `isWanted`, from the newest to the oldest, each once. A log that does not exist has none. May run beside whoever writes.
 */
export async function* recordsBackwards(
  folder: string,
  isWanted: (record: AuditRecord) => boolean,
): AsyncGenerator<AuditRecord> {
  let lines = 0
  // A file may be compressed, and named anew, while it is read.
  let lowestSeq = Infinity
  const take = (line: Buffer): AuditRecord | undefined => {
    lines++
    const record = parseAuditLine(line)
    return record !== undefined && record.seq < lowestSeq && isWanted(record) ? record : undefined
  }
  for (const file of await filesBackwards(folder)) {
    if (lines >= LINES_MAX) return
    const reader = file.isCompressed ? compressed(file.path, take) : plain(file, take)
    for await (const record of reader) {
      lowestSeq = record.seq
      yield record
      if (lines >= LINES_MAX) return
    }
  }
}

type Take = (line: Buffer) => AuditRecord | undefined
interface LogFile {
  readonly path: string
  readonly plainPath?: string | undefined
  readonly isCompressed: boolean
}

async function filesBackwards(folder: string): Promise<LogFile[]> {
  const current = { path: join(folder, CURRENT_FILE), isCompressed: false }
  try {
    return [current, ...(await rotatedFilesIn(folder)).toReversed()]
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return []
    throw error
  }
}

async function* plain({ path, plainPath }: LogFile, take: Take): AsyncGenerator<AuditRecord> {
  try {
    for await (const lines of linesBackwards(path)) {
      for (const line of lines) {
        const record = take(line)
        if (record !== undefined) yield record
      }
    }
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error
    // Compressed meanwhile, or nothing is written yet.
    if (plainPath !== undefined) yield* compressed(`${plainPath}.gz`, take)
  }
}

async function* compressed(path: string, take: Take): AsyncGenerator<AuditRecord> {
  let kept: AuditRecord[] = []
  try {
    for await (const lines of linesOf(path, true)) {
      for (const { bytes } of lines) {
        const record = take(bytes)
        if (record !== undefined) kept.push(record)
      }
      if (kept.length > 2 * KEPT_MAX) kept = kept.slice(-KEPT_MAX)
    }
  } catch (error) {
    // Its time was up.
    if (codeOf(error) !== 'ENOENT') throw error
  }
  yield* kept.toReversed()
}
