import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { attemptOf, AUDIT_NOW, newAuditFolder, openedLog } from '../../test/support/audit-entries.ts'
import { LINE_BYTES_MAX } from './audit-line.ts'
import { verifyLog } from './verify-log.ts'

const DAY_MS = 86_400_000
const HOUR_MS = 3_600_000
const rotatedIn = (folder: string): string[] => readdirSync(folder).filter((name) => name.startsWith('audit-'))
const seqsIn = (folder: string): number[] => rotatedIn(folder).map((name) => Number(name.split('-')[1]))

/** A log whose time a test moves: both clocks, or the wall clock alone. */
function clocked(folder: string, options: object = {}) {
  const time = { nowMs: AUDIT_NOW, monotonicMs: 0 }
  const opened = openedLog(folder, { now: () => time.nowMs, monotonic: () => time.monotonicMs, ...options })
  const pass = async (ms: number): Promise<void> => {
    time.nowMs += ms
    time.monotonicMs += ms
    await opened.log.keepHouse()
  }
  return { ...opened, time, pass }
}

/** A file a day, of two lines each. */
async function writeDays(folder: string, days: number): Promise<void> {
  const { log, pass } = clocked(folder)
  for (let day = 0; day < days; day++) {
    for (const id of ['a', 'b']) await log.append(attemptOf(`${id}${day}`))
    await pass(DAY_MS)
  }
  await log.close()
}

describe('housekeeping', () => {
  test('files that are not written any more are compressed, 0600, and hold the same bytes', async () => {
    const folder = newAuditFolder()
    const { log } = openedLog(folder, { bytesMax: LINE_BYTES_MAX + 3000 })
    await Promise.all(Array.from({ length: 30 }, (_, i) => log.append(attemptOf(`c${i}`))))
    await log.keepHouse()
    const names = rotatedIn(folder)
    expect(names.length).toBeGreaterThan(2)
    for (const name of names) {
      expect(name).toMatch(/^audit-\d{12}-20261121T120000000Z\.jsonl\.gz$/)
      expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600)
    }
    const text = gunzipSync(readFileSync(join(folder, names[0] ?? ''))).toString()
    expect(JSON.parse(text.split('\n')[0] ?? '')).toMatchObject({ seq: 1 })
    await log.close()
    expect(await verifyLog({ folder })).toMatchObject({ lines: 30, break: null })
  })

  test('what a crash left between rotating and compressing is mended', async () => {
    const folder = newAuditFolder()
    await writeDays(folder, 3)
    const [first = '', second = ''] = rotatedIn(folder)
    const plain = gunzipSync(readFileSync(join(folder, second)))
    // Before compressing was over; after it, before the plain file was removed.
    writeFileSync(join(folder, second.replace('.gz', '')), plain)
    writeFileSync(join(folder, second), plain.subarray(0, 10))
    writeFileSync(join(folder, first.replace('.gz', '')), gunzipSync(readFileSync(join(folder, first))))
    writeFileSync(join(folder, 'audit-000000000099-20261121T120000000Z.jsonl.gz.tmp'), 'x')
    expect(await verifyLog({ folder })).toMatchObject({ lines: 6, break: null })
    const { log, problems } = clocked(folder)
    await log.keepHouse()
    await log.close()
    expect(readdirSync(folder).filter((name) => !name.endsWith('.jsonl.gz'))).toEqual(['audit.jsonl', 'head.json'])
    expect(await verifyLog({ folder })).toMatchObject({ lines: 6, break: null })
    expect(problems).toEqual([])
  })

  test('a file is a day long at most, and is kept for thirty days; the rest verifies', async () => {
    const folder = newAuditFolder()
    const { log, notes, pass } = clocked(folder)
    for (let day = 0; day < 33; day++) {
      for (const id of ['a', 'b']) await log.append(attemptOf(`${id}${day}`))
      await pass(DAY_MS)
    }
    const removed = { note: 'files_removed', files: 1, because: 'age', archived: false }
    expect(notes()).toEqual([2, 4, 6].map((through) => ({ ...removed, through })))
    expect(seqsIn(folder)[0]).toBe(7)
    expect(log.metrics).toMatchObject({ filesRemoved: 3 })
    await log.close()
    expect(await verifyLog({ folder })).toMatchObject({ break: null, notes: { files_removed: 3 } })
  })

  test('or moved to an archive, which verifies with it', async () => {
    const folder = newAuditFolder()
    const archiveFolder = join(newAuditFolder(), 'archive')
    await writeDays(folder, 4)
    const { log, notes, time } = clocked(folder, { archiveFolder, daysMax: 2 })
    time.nowMs = AUDIT_NOW + 4 * DAY_MS + HOUR_MS
    await log.keepHouse()
    await log.close()
    expect(notes()).toEqual([{ note: 'files_removed', files: 3, through: 6, because: 'age', archived: true }])
    expect(seqsIn(archiveFolder)).toEqual([1, 3, 5])
    expect(await verifyLog({ folder })).toMatchObject({ firstSeq: 7, break: null })
    expect(await verifyLog({ folder, archiveFolder })).toMatchObject({ firstSeq: 1, break: null })
  })

  test('an archive that can’t be written: files are kept while there is room', async () => {
    const folder = newAuditFolder()
    const archiveFolder = join(folder, '..', 'file', 'archive')
    mkdirSync(join(folder, '..'), { recursive: true })
    writeFileSync(join(folder, '..', 'file'), '')
    await writeDays(folder, 4)
    const { log, problems, time } = clocked(folder, { archiveFolder, daysMax: 2 })
    time.nowMs = AUDIT_NOW + 4 * DAY_MS + HOUR_MS
    await log.keepHouse()
    await log.close()
    expect(new Set(problems.map(({ kind }) => kind))).toEqual(new Set(['unarchived']))
    expect(seqsIn(folder)).toEqual([1, 3, 5, 7])
    expect(await verifyLog({ folder })).toMatchObject({ break: null })
  })

  test('beyond the total the oldest go first, are counted and told', async () => {
    const folder = newAuditFolder()
    await writeDays(folder, 6)
    const { log, notes } = clocked(folder, { totalBytesMax: 1500 })
    await log.keepHouse()
    await log.keepHouse()
    const left = seqsIn(folder)
    expect(left.length).toBeLessThan(6)
    expect(left).toEqual([1, 3, 5, 7, 9, 11].slice(-left.length))
    expect(notes()[0]).toMatchObject({ note: 'files_removed', because: 'total', archived: false })
    expect(log.metrics.filesRemoved).toBe(6 - left.length)
    expect(log.metrics.bytesOnDisk).toBeLessThanOrEqual(1500)
    await log.close()
    expect(await verifyLog({ folder })).toMatchObject({ firstSeq: left[0], break: null })
  })

  test('after a downtime of days nothing goes too early, after a longer one not before the clock is steady', async () => {
    const folder = newAuditFolder()
    await writeDays(folder, 3)
    const short = clocked(folder)
    short.time.nowMs = AUDIT_NOW + 10 * DAY_MS
    await short.log.keepHouse()
    await short.log.append(attemptOf('back'))
    await short.log.close()
    expect(seqsIn(folder)).toEqual([1, 3, 5])
    const long = clocked(folder)
    long.time.nowMs = AUDIT_NOW + 100 * DAY_MS
    await long.log.keepHouse()
    expect(seqsIn(folder)).toEqual([1, 3, 5, 7])
    await long.pass(HOUR_MS)
    expect(rotatedIn(folder)).toEqual([])
    await long.log.append(attemptOf('on'))
    await long.log.close()
    expect(await verifyLog({ folder })).toMatchObject({ firstSeq: 8, break: null })
  })

  test('a clock that leaps ahead and comes back removes nothing', async () => {
    const folder = newAuditFolder()
    await writeDays(folder, 3)
    const { log, time, pass } = clocked(folder)
    time.nowMs = AUDIT_NOW + 3 * DAY_MS
    await log.keepHouse()
    time.nowMs += 3650 * DAY_MS
    await log.append(attemptOf('future'))
    await log.keepHouse()
    await pass(HOUR_MS / 2)
    time.nowMs -= 3650 * DAY_MS
    await log.keepHouse()
    await pass(2 * HOUR_MS)
    await log.append(attemptOf('back'))
    await log.close()
    expect(seqsIn(folder).slice(0, 3)).toEqual([1, 3, 5])
    expect(await verifyLog({ folder })).toMatchObject({ break: null, notes: { clock_set_back: 1 } })
  })

  test('the end of the process does not wait for a file to be compressed', async () => {
    const folder = newAuditFolder()
    const { log } = openedLog(folder, { bytesMax: LINE_BYTES_MAX + 3000 })
    await Promise.all(Array.from({ length: 30 }, (_, i) => log.append(attemptOf(`c${i}`))))
    await log.close()
    expect(readdirSync(folder).some((name) => name.endsWith('.tmp'))).toBe(false)
    expect(existsSync(join(folder, 'audit.jsonl'))).toBe(true)
    expect(await verifyLog({ folder })).toMatchObject({ lines: 30, break: null })
  })
})
