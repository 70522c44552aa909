import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, cpSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, truncateSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { attemptOf, AUDIT_NOW, newAuditFolder, openedLog, outcomeOf } from '../../test/support/audit-entries.ts'
import { canMount, smallDisk } from '../../test/support/small-disk.ts'
import { until } from '../../test/support/until.ts'
import type { AuditEntry } from './audit-entry.ts'
import { LINE_BYTES_MAX, lineHash, NO_HASH } from './audit-line.ts'
import { AuditWriteError } from './audit-log.ts'
import type { OpenFile } from './log-writer.ts'
import { verifyLog } from './verify-log.ts'

const linesIn = (folder: string): string[] => readFileSync(join(folder, 'audit.jsonl'), 'utf8').trimEnd().split('\n')

const parsedIn = (folder: string): Record<string, unknown>[] => linesIn(folder).map((line) => JSON.parse(line))

/** What is there when the host or the process ends now. */
function crashed(folder: string): string {
  const copy = newAuditFolder()
  cpSync(folder, copy, { recursive: true })
  return copy
}

describe('audit log', () => {
  test('a line per attempt and outcome, with every field, numbered and chained', async () => {
    const folder = newAuditFolder()
    const { log, problems } = openedLog(folder)
    expect(await log.append(attemptOf('c1'), { isSideEffect: true })).toEqual({ seq: 1 })
    expect(await log.append(outcomeOf('c1'))).toEqual({ seq: 2 })
    await log.append({ event: 'action', action: 'stop', scope: 'agent:support', by: 'anna', reason: 'it loops\nagain' })
    await log.close()
    const [first = '', second = ''] = linesIn(folder)
    const id = '0af7651916cd43dd8448eb211c80319c'
    const about =
      `"call":"c1","agent":"support","run":"${id}","trace_id":"${id}","span_id":"b7ad6b7169203331",` +
      '"process":"p1","tool":"post_message","class":"post"'
    expect(first).toBe(
      `{"v":1,"seq":1,"ts":"2026-11-21T12:00:00.000Z","event":"attempt",${about},"input":"{text:string(12)}",` +
        `"args_hmac":"aGVsbG8gd29ybGQgaGVsbG8","decision":"allow","rule":"posts","nano_usd":1000,"hold":"h-c1","prev":"${NO_HASH}"}`,
    )
    expect(second).toBe(
      `{"v":1,"seq":2,"ts":"2026-11-21T12:00:00.000Z","event":"outcome",${about},"result":"ok","duration_ms":12,` +
        `"nano_usd":900,"hold":"h-c1","prev":"${lineHash(first)}"}`,
    )
    expect(parsedIn(folder)[2]).toMatchObject({
      action: 'stop',
      by: 'anna',
      reason: 'it loops again',
      prev: lineHash(second),
    })
    expect(log.metrics).toMatchObject({ attempts: 1, outcomes: 1, actions: 1, lost: 0, waiting: 0, isWritable: true })
    expect(problems).toEqual([])
    expect(await verifyLog({ folder })).toMatchObject({ lines: 3, break: null, last: { seq: 3 } })
  })

  test('files are for this user alone', async () => {
    const folder = newAuditFolder()
    mkdirSync(folder, { recursive: true, mode: 0o755 })
    const { log } = openedLog(folder)
    await log.append(attemptOf('c1'))
    await log.close()
    const modeOf = (path: string): number => statSync(path).mode & 0o777
    expect(modeOf(folder)).toBe(0o700)
    for (const name of readdirSync(folder)) expect([name, modeOf(join(folder, name))]).toEqual([name, 0o600])
  })

  test('the chain goes on over restarts and over files', async () => {
    const folder = newAuditFolder()
    for (let start = 0; start < 3; start++) {
      const { log } = openedLog(folder, { bytesMax: LINE_BYTES_MAX + 2000 })
      await Promise.all(Array.from({ length: 20 }, (_, i) => log.append(attemptOf(`c${i}`))))
      await log.close()
    }
    expect(await verifyLog({ folder })).toMatchObject({ lines: 60, firstSeq: 1, last: { seq: 60 }, break: null })
    expect(readdirSync(folder).length).toBeGreaterThan(5)
    for (const name of readdirSync(folder))
      expect(statSync(join(folder, name)).size).toBeLessThan(LINE_BYTES_MAX + 2000)
  })

  test('a process that ends at any byte: its last line is cut, and the next says so', async () => {
    const folder = newAuditFolder()
    const { log } = openedLog(folder)
    await log.append(attemptOf('c1'))
    const before = crashed(folder)
    await log.append(attemptOf('c2'))
    await log.append(outcomeOf('c2'))
    const written = readFileSync(join(folder, 'audit.jsonl'))
    const { size } = statSync(join(before, 'audit.jsonl'))
    await log.close()
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: size, max: written.length }), async (length) => {
        const left = crashed(before)
        appendFileSync(join(left, 'audit.jsonl'), written.subarray(size, length))
        const { log: next, notes } = openedLog(left)
        await next.append(outcomeOf('c1'))
        await next.close()
        const torn = length - (written.subarray(0, length).lastIndexOf('\n') + 1)
        expect(notes()).toEqual(torn > 0 ? [{ note: 'torn_line_cut', bytes: torn }] : [])
        const whole = written.subarray(0, length).toString().split('\n').length - 1
        const lines = whole + (torn > 0 ? 2 : 1)
        expect(await verifyLog({ folder: left })).toMatchObject({ lines, break: null })
        expect(parsedIn(left)[whole]).toMatchObject(
          torn > 0 ? { event: 'log', note: 'torn_line_cut', bytes: torn } : {},
        )
        rmSync(left, { recursive: true })
      }),
      { numRuns: 40 },
    )
  })

  test('a real process killed while it writes: what it was told is safe is there, and the chain is whole', async () => {
    const folder = newAuditFolder()
    const entries = new URL('../../test/support/audit-entries.ts', import.meta.url).href
    const script = `
      const { openedLog, attemptOf } = await import(${JSON.stringify(entries)})
      const { log } = openedLog(${JSON.stringify(folder)}, { bytesMax: 20000 })
      for (let i = 0; ; i++) {
        const { seq } = await log.append(attemptOf('c' + i), { isSideEffect: i % 2 === 0 })
        process.stdout.write(seq + '\\n')
      }`
    for (let kill = 0; kill < 3; kill++) {
      const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      let said = ''
      child.stdout.on('data', (text: Buffer) => (said += text.toString()))
      await until(() => said.split('\n').length > 40 + kill * 7)
      child.kill('SIGKILL')
      await once(child, 'close')
      const promised = Number(said.trimEnd().split('\n').at(-1))
      const { log } = openedLog(folder, { bytesMax: 20000 })
      await log.append(outcomeOf('after'))
      await log.close()
      const { break: broken, last } = await verifyLog({ folder })
      expect(broken).toBeNull()
      expect(last.seq).toBeGreaterThan(promised)
    }
  })

  test('lines that wait together cost one sync; those of no side effect are synced within a second', async () => {
    const folder = newAuditFolder()
    const syncs: number[] = []
    const openFile: OpenFile = async (path) => {
      const file = await open(path, 'a+')
      return {
        write: (...args) => file.write(...args),
        datasync: async () => {
          syncs.push(statSync(path).size)
          await file.datasync()
        },
        truncate: (length) => file.truncate(length),
        stat: () => file.stat(),
        close: () => file.close(),
      }
    }
    const { log } = openedLog(folder, { openFile })
    await log.keepHouse()
    await Promise.all(Array.from({ length: 40 }, (_, i) => log.append(attemptOf(`c${i}`), { isSideEffect: true })))
    expect(syncs).toEqual([statSync(join(folder, 'audit.jsonl')).size])
    await log.append(attemptOf('r', 'lookup', 'read'))
    expect(syncs).toHaveLength(1)
    await until(() => log.metrics.syncs === 2)
    expect(syncs).toHaveLength(2)
    await log.close()
  })

  test('a clock that is set back is said; numbers keep the order', async () => {
    const folder = newAuditFolder()
    let nowMs = AUDIT_NOW
    const { log } = openedLog(folder, { now: () => nowMs })
    await log.append(attemptOf('c1'))
    nowMs -= 3_600_000
    expect(await log.append(outcomeOf('c1'))).toEqual({ seq: 3 })
    await log.append(attemptOf('c2'))
    await log.close()
    expect(parsedIn(folder).map(({ seq, event, by_ms }) => [seq, event, by_ms])).toEqual([
      [1, 'attempt', undefined],
      [2, 'log', 3_600_000],
      [3, 'outcome', undefined],
      [4, 'attempt', undefined],
    ])
    expect(await verifyLog({ folder })).toMatchObject({ break: null, notes: { clock_set_back: 1 } })
  })

  test('more lines than may wait are refused, counted, and said to be lost', async () => {
    const folder = newAuditFolder()
    const { log } = openedLog(folder, { waitingLinesMax: 10 })
    const results = await Promise.allSettled(Array.from({ length: 13 }, (_, i) => log.append(attemptOf(`c${i}`))))
    expect(results.map(({ status }) => status)).toEqual([...Array(10).fill('fulfilled'), ...Array(3).fill('rejected')])
    expect(results[12]).toMatchObject({ reason: { name: 'AuditWriteError', code: 'FULL' } })
    await log.append(attemptOf('last'))
    await log.close()
    expect(log.metrics).toMatchObject({ attempts: 11, lost: 3, notes: 1 })
    expect(parsedIn(folder)).toContainEqual(expect.objectContaining({ event: 'log', note: 'lines_lost', lines: 3 }))
    await expect(log.append(attemptOf('late'))).rejects.toMatchObject({ code: 'CLOSED' })
  })
})

describe('what agents send', () => {
  const CANARY = 'Zq7canary anna@example.com'
  const names = fc.constantFrom('ok', CANARY, `${CANARY}"}\n{"`)

  test('whatever the fields hold, a line is one line of bounded length, and holds no text that is no name', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ any: fc.string({ unit: 'binary', maxLength: 400 }), name: names })),
        async (all) => {
          const folder = newAuditFolder()
          const { log } = openedLog(folder)
          const entries = all.flatMap(({ any, name }): AuditEntry[] => [
            { ...attemptOf(any, any), input: name, argsHmac: name, rule: any, traceId: name, spanId: any, hold: name },
            { ...outcomeOf(any), result: name, durationMs: Number.NaN, nanoUsd: -1, agent: any },
          ])
          await Promise.all(entries.map((entry) => log.append(entry)))
          await log.close()
          const text = readFileSync(join(folder, 'audit.jsonl'), 'utf8')
          expect(text).not.toContain('anna@example.com')
          for (const line of text.split('\n')) expect(Buffer.byteLength(line)).toBeLessThanOrEqual(LINE_BYTES_MAX)
          expect(await verifyLog({ folder })).toMatchObject({ lines: entries.length, break: null })
          rmSync(folder, { recursive: true })
        },
      ),
      { numRuns: 10 },
    )
  })
})

describe('a disk that fails', () => {
  const writes = (folder: string, fail: { write?: string; sync?: string }): OpenFile => {
    const errorOf = (code: string): Error => Object.assign(new Error(`${code}: ${folder}`), { code })
    return async (path) => {
      const file = await open(path, 'r+').catch(() => open(path, 'w+'))
      return {
        write: (...args) => (fail.write === undefined ? file.write(...args) : Promise.reject(errorOf(fail.write))),
        datasync: () => (fail.sync === undefined ? file.datasync() : Promise.reject(errorOf(fail.sync))),
        truncate: (length) => file.truncate(length),
        stat: () => file.stat(),
        close: () => file.close(),
      }
    }
  }

  test.each(['ENOSPC', 'EIO', 'EROFS'])(
    '%s refuses lines with a typed error, and goes on when it is over',
    async (code) => {
      const folder = newAuditFolder()
      const fail: { write?: string } = {}
      const { log, problems } = openedLog(folder, { openFile: writes(folder, fail) })
      await log.append(attemptOf('c1'))
      fail.write = code
      for (let i = 0; i < 2; i++) {
        const error: unknown = await log
          .append(attemptOf('c2'), { isSideEffect: true })
          .catch((reason: unknown) => reason)
        expect(error).toBeInstanceOf(AuditWriteError)
        expect(error).toMatchObject({ code, message: expect.stringContaining(folder) })
      }
      expect(log.metrics).toMatchObject({ isWritable: false, lost: 2 })
      delete fail.write
      await log.append(attemptOf('c3'), { isSideEffect: true })
      await log.close()
      expect(problems.map(({ kind }) => kind)).toEqual(['unwritable', 'writable'])
      expect(parsedIn(folder).map(({ call, note, lines }) => call ?? [note, lines])).toEqual([
        'c1',
        ['lines_lost', 2],
        'c3',
      ])
      expect(await verifyLog({ folder })).toMatchObject({ break: null })
    },
  )

  test('a sync that fails: no line of it counts, and the log goes on in another file', async () => {
    const folder = newAuditFolder()
    const fail: { sync?: string } = {}
    const { log, notes } = openedLog(folder, { openFile: writes(folder, fail) })
    await log.append(attemptOf('c1'), { isSideEffect: true })
    fail.sync = 'EIO'
    await expect(log.append(attemptOf('c2'), { isSideEffect: true })).rejects.toMatchObject({ code: 'EIO' })
    delete fail.sync
    await log.append(attemptOf('c3'), { isSideEffect: true })
    await log.close()
    expect(notes()).toEqual([{ note: 'sync_failed', through: 1 }])
    expect(parsedIn(folder).map(({ call, note }) => call ?? note)).toEqual(['sync_failed', 'lines_lost', 'c3'])
    expect(await verifyLog({ folder })).toMatchObject({ lines: 4, break: null })
  })

  test('a file that somebody deletes or shortens under it is not written on as if nothing was', async () => {
    const folder = newAuditFolder()
    const { log } = openedLog(folder)
    for (let i = 0; i < 3; i++) await log.append(attemptOf(`c${i}`), { isSideEffect: true })
    rmSync(join(folder, 'audit.jsonl'))
    await expect(log.append(attemptOf('d'), { isSideEffect: true })).rejects.toMatchObject({ code: 'DELETED' })
    await log.append(attemptOf('e'), { isSideEffect: true })
    expect(await verifyLog({ folder })).toMatchObject({ break: { kind: 'removed', seq: 1 } })
    truncateSync(join(folder, 'audit.jsonl'), 10)
    await expect(log.append(attemptOf('f'), { isSideEffect: true })).rejects.toMatchObject({ code: 'CHANGED' })
    await log.append(attemptOf('g'), { isSideEffect: true })
    await log.close()
    expect(parsedIn(folder).map(({ note }) => note)).toContain('file_changed')
  })

  test.runIf(canMount())('a real disk that is full, then read-only, then has room', async () => {
    using disk = smallDisk(128 * 1024)
    const folder = join(disk.path, 'state', 'audit')
    const { log } = openedLog(folder)
    const fill = async (): Promise<void> => {
      for (let i = 0; i < 2000; i++) await log.append(attemptOf(`c${i}`), { isSideEffect: true })
    }
    await expect(fill()).rejects.toMatchObject({ code: 'ENOSPC' })
    disk.remount('size=1m')
    await log.append(attemptOf('room'), { isSideEffect: true })
    await log.close()
    disk.remount('ro')
    const { log: next } = openedLog(folder)
    await expect(next.append(attemptOf('ro'))).rejects.toMatchObject({ code: 'EROFS' })
    disk.remount('rw')
    await next.append(attemptOf('rw'), { isSideEffect: true })
    await next.close()
    expect(await verifyLog({ folder })).toMatchObject({ break: null, notes: { lines_lost: 2 } })
  })
})
