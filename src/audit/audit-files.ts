import { open, readdir } from 'node:fs/promises'
import { join } from 'node:path'

/** The file that is written. */
export const CURRENT_FILE = 'audit.jsonl'
export const HEAD_FILE = 'head.json'

/** A file that is not written any more. */
export interface RotatedFile {
  /** Number of its first line. */
  readonly firstSeq: number
  /** When its last line was written. */
  readonly lastMs: number
  readonly path: string
  /** As it is without `.gz`. */
  readonly plainPath: string
  readonly isCompressed: boolean
}

/** `audit-000000000001-20261121T183356123Z.jsonl`: number of the first line, time of the last. */
export const rotatedName = (firstSeq: number, lastMs: number): string =>
  `audit-${String(firstSeq).padStart(12, '0')}-${new Date(lastMs).toISOString().replaceAll(/[-:.]/g, '')}.jsonl`

const ROTATED =
  /^(?<plain>audit-(?<seq>\d{12,16})-(?<date>\d{4})(?<month>\d\d)(?<day>\d\d)T(?<hour>\d\d)(?<minute>\d\d)(?<second>\d\d)(?<ms>\d{3})Z\.jsonl)(?<gz>\.gz)?$/

/** Rotated files, oldest line first. Where a file is there both plain and compressed, compressing it was not over: the plain one counts. */
export async function rotatedFilesIn(folder: string): Promise<RotatedFile[]> {
  const names = await readdir(folder)
  const found = names.flatMap((name): RotatedFile[] => {
    const parts = ROTATED.exec(name)?.groups
    if (parts === undefined) return []
    const { plain = '', seq, date, month, day, hour, minute, second, ms, gz } = parts
    const lastMs = Date.parse(`${date}-${month}-${day}T${hour}:${minute}:${second}.${ms}Z`)
    if (Number.isNaN(lastMs) || (gz !== undefined && names.includes(plain))) return []
    const path = join(folder, name)
    return [{ firstSeq: Number(seq), lastMs, path, plainPath: join(folder, plain), isCompressed: gz !== undefined }]
  })
  return found.sort((a, b) => a.firstSeq - b.firstSeq || a.lastMs - b.lastMs)
}

/** Makes names that were given or taken in a folder last. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** What the system calls an error: `ENOSPC` and the like. */
export const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'error'
