import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import * as fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { attemptOf, newAuditFolder, openedLog, outcomeOf } from '../../test/support/audit-entries.ts'
import { LINE_BYTES_MAX } from './audit-line.ts'
import { verifyLog } from './verify-log.ts'
import type { Verification } from './verify-log.ts'

const LINES = 64
let folder = ''
let files: string[] = []

/** Four files: compressed ones, a plain one, the one that is written. */
beforeAll(async () => {
  folder = newAuditFolder()
  const { log } = openedLog(folder, { bytesMax: LINE_BYTES_MAX + 5000 })
  for (let i = 0; i < LINES / 2; i++) {
    await log.append(attemptOf(`c${i}`))
    await log.append(outcomeOf(`c${i}`))
  }
  await log.keepHouse()
  await log.close()
  files = readdirSync(folder).filter((name) => name.startsWith('audit'))
  const [, second = ''] = files
  writeFileSync(join(folder, second.replace('.gz', '')), gunzipSync(readFileSync(join(folder, second))))
  rmSync(join(folder, second))
  files = readdirSync(folder).filter((name) => name.startsWith('audit'))
})

async function afterChange(change: (copy: string) => void): Promise<Verification> {
  const copy = newAuditFolder()
  cpSync(folder, copy, { recursive: true })
  change(copy)
  const verification = await verifyLog({ folder: copy })
  rmSync(copy, { recursive: true })
  return verification
}

const plainFiles = (): string[] => files.filter((name) => !name.endsWith('.gz'))
const linesOf = (path: string): string[] => readFileSync(path, 'utf8').split(/(?<=\n)/)

describe('verify', () => {
  test('a sound log', async () => {
    expect(files.map((name) => name.replace(/-\d{8}T\d{9}Z/, ''))).toEqual([
      expect.stringMatching(/^audit-000000000001\.jsonl\.gz$/),
      expect.stringMatching(/^audit-\d{12}\.jsonl$/),
      ...Array.from({ length: files.length - 3 }, () => expect.stringMatching(/^audit-\d{12}\.jsonl\.gz$/)),
      'audit.jsonl',
    ])
    expect(await verifyLog({ folder })).toMatchObject({ files: files.length, lines: LINES, firstSeq: 1, break: null })
    expect(await verifyLog({ folder: `${folder}-none` })).toMatchObject({ files: 0, lines: 0, break: null })
  })

  test('any single byte that is changed is found', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(),
        fc.noBias(fc.nat()),
        fc.integer({ min: 1, max: 255 }),
        async (file, at, difference) => {
          const names = [...plainFiles(), 'head.json']
          const name = names[file % names.length] ?? ''
          const { break: broken } = await afterChange((copy) => {
            const bytes = readFileSync(join(copy, name))
            const place = at % bytes.length
            bytes[place] = (bytes[place] ?? 0) ^ difference
            writeFileSync(join(copy, name), bytes)
          })
          expect(broken).not.toBeNull()
        },
      ),
      { numRuns: 80 },
    )
  })

  test('any byte of a compressed file: found, unless the lines in it are the same', async () => {
    const name = files[0] ?? ''
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.integer({ min: 1, max: 255 }), async (at, difference) => {
        const bytes = readFileSync(join(folder, name))
        const text = gunzipSync(bytes)
        const place = at % bytes.length
        bytes[place] = (bytes[place] ?? 0) ^ difference
        const isSame = (): boolean => {
          try {
            return gunzipSync(bytes).equals(text)
          } catch {
            return false
          }
        }
        const { break: broken } = await afterChange((copy) => writeFileSync(join(copy, name), bytes))
        expect(broken === null).toBe(isSame())
      }),
      { numRuns: 60 },
    )
  })

  test('any line that is removed, repeated or swapped with another is found, to the last', async () => {
    const places = fc.record({ file: fc.nat(), a: fc.nat(), b: fc.nat() })
    await fc.assert(
      fc.asyncProperty(places, fc.constantFrom('remove', 'repeat', 'swap'), async ({ file, a, b }, how) => {
        const name = plainFiles()[file % plainFiles().length] ?? ''
        const before = linesOf(join(folder, name))
        const [i, j] = [a % before.length, b % before.length]
        const [one = '', two = ''] = [before[i], before[j]]
        const after = [...before]
        if (how === 'remove') after.splice(i, 1)
        else if (how === 'repeat') after.splice(j, 0, one)
        else [after[i], after[j]] = [two, one]
        fc.pre(after.join('') !== before.join(''))
        const { break: broken } = await afterChange((copy) => writeFileSync(join(copy, name), after.join('')))
        expect(broken).not.toBeNull()
      }),
      { numRuns: 80 },
    )
  })

  test('any file that is removed is found, the head too', async () => {
    for (const name of [...files, 'head.json']) {
      const { break: broken } = await afterChange((copy) => rmSync(join(copy, name)))
      expect([name, broken?.kind]).toEqual([name, 'removed'])
    }
  })

  test.each<[string, (lines: string[]) => string[], object]>([
    [
      'changed',
      (lines) => lines.with(2, (lines[2] ?? '').replace('"ok"', '"no"').replace('allow', 'deny')),
      { line: 3 },
    ],
    ['changed', (lines) => lines.with(2, 'x\n'), { line: 3, what: 'this is no line of the log' }],
    [
      'removed',
      (lines) => lines.toSpliced(1, 1),
      { line: 2, what: expect.stringMatching(/^line \d+ is missing here/) },
    ],
    [
      'changed',
      (lines) => lines.with(lines.length - 1, (lines.at(-1) ?? '').replace('"ok"', '"no"')),
      { what: expect.stringContaining('the head file names') },
    ],
    ['removed', (lines) => lines.slice(0, 2), { line: 2, what: expect.stringContaining('missing at the end') }],
    ['reordered', (lines) => lines.with(2, lines[3] ?? '').with(3, lines[2] ?? ''), { line: 3 }],
    ['reordered', (lines) => lines.toSpliced(3, 0, lines[2] ?? ''), { line: 4 }],
    [
      'torn',
      (lines) => lines.with(lines.length - 1, (lines.at(-1) ?? '').slice(0, 40)),
      { what: 'this line has no end' },
    ],
  ])('says what it is and where: %s', async (kind, change, place) => {
    const path = 'audit.jsonl'
    const { break: broken } = await afterChange((copy) =>
      writeFileSync(join(copy, path), change(linesOf(join(copy, path))).join('')),
    )
    expect(broken).toMatchObject({ kind, file: expect.stringContaining(path), ...place })
  })

  test('a tail that was cut is found after the next start, too, and a head that was removed', async () => {
    const change = async (name: string, edit: (copy: string) => void) => {
      const copy = newAuditFolder()
      cpSync(folder, copy, { recursive: true })
      edit(copy)
      const { log } = openedLog(copy)
      await log.append(attemptOf('after'))
      await log.close()
      return [name, (await verifyLog({ folder: copy })).break?.kind]
    }
    const cut = (copy: string, from: number): void => {
      const path = join(copy, 'audit.jsonl')
      writeFileSync(path, linesOf(path).slice(0, from).join(''))
    }
    expect(await change('tail', (copy) => cut(copy, -2))).toEqual(['tail', 'removed'])
    expect(await change('file', (copy) => rmSync(join(copy, 'audit.jsonl')))).toEqual(['file', 'removed'])
    expect(await change('head', (copy) => rmSync(join(copy, 'head.json')))).toEqual(['head', 'removed'])
    expect(
      await change('last', (copy) => {
        const path = join(copy, 'audit.jsonl')
        writeFileSync(path, readFileSync(path, 'utf8').replace(/"ok"(?=[^\n]*\n$)/, '"no"'))
      }),
    ).toEqual(['last', 'changed'])
    expect(await change('nothing', () => {})).toEqual(['nothing', undefined])
  })

  test('lines that a crash of the host took were not synced: the log says so and goes on', async () => {
    const copy = newAuditFolder()
    const { log } = openedLog(copy)
    await log.append(attemptOf('c1'), { isSideEffect: true })
    await log.append(attemptOf('c2', 'lookup', 'read'))
    const left = newAuditFolder()
    cpSync(copy, left, { recursive: true })
    await log.close()
    const path = join(left, 'audit.jsonl')
    writeFileSync(path, linesOf(path).slice(0, 1).join(''))
    expect(await verifyLog({ folder: left })).toMatchObject({
      break: { kind: 'removed', what: expect.stringContaining('they were not synced') },
    })
    const { log: next, notes } = openedLog(left)
    await next.append(attemptOf('c3'))
    await next.close()
    expect(notes()).toEqual([{ note: 'lines_missing', from: 2, through: 2 }])
    expect(await verifyLog({ folder: left })).toMatchObject({ lines: 3, break: null, notes: { lines_missing: 1 } })
  })

  test('a log that was written anew is found by a line that was noted elsewhere', async () => {
    const { last } = await verifyLog({ folder })
    expect(await verifyLog({ folder, expected: last })).toMatchObject({ break: null })
    const forged = newAuditFolder()
    const { log } = openedLog(forged)
    for (let i = 0; i < LINES; i++) await log.append(attemptOf('forged'))
    await log.close()
    expect(await verifyLog({ folder: forged })).toMatchObject({ break: null, lines: LINES })
    expect(await verifyLog({ folder: forged, expected: last })).toMatchObject({
      break: { kind: 'changed', seq: LINES },
    })
    const later = { ...last, seq: LINES + 1 }
    expect(await verifyLog({ folder, expected: later })).toMatchObject({ break: { kind: 'removed' } })
  })

  test('beside a log that is written, rotated and compressed: nothing is broken', async () => {
    const busy = newAuditFolder()
    const { log } = openedLog(busy, { bytesMax: LINE_BYTES_MAX + 20_000 })
    const over = new AbortController()
    const write = async (): Promise<void> => {
      for (let i = 0; !over.signal.aborted; i++)
        await log.append(attemptOf(`c${i}`, 't', i % 50 === 0 ? 'post' : 'read'))
    }
    const writing = write()
    const look = async (): Promise<void> => {
      for (let i = 0; i < 8 || log.metrics.rotations < 4; i++) {
        expect(await verifyLog({ folder: busy })).toMatchObject({ break: null })
        const { sideEffects, others } = await log.last(3)
        expect(others.map(({ seq }) => seq)).toEqual(others.map(({ seq }) => seq).toSorted((a, b) => b - a))
        expect(new Set([...sideEffects, ...others].map(({ seq }) => seq)).size).toBe(sideEffects.length + others.length)
      }
    }
    await look().finally(() => over.abort())
    await writing
    await log.close()
    expect(log.metrics).toMatchObject({ lost: 0, isWritable: true })
  })
})
