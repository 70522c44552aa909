import { spawnSync } from 'node:child_process'
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { canMount, smallDisk } from '../../../test/support/small-disk.ts'
import type { Payload } from '../component.ts'
import type { StoredBatch } from './queue-storage.ts'
import { openNewFile } from './wal/segment-writer.ts'
import type { OpenFile, WritableFile } from './wal/segment-writer.ts'
import { WriteAheadLog } from './write-ahead-log.ts'
import type { WalProblem, WriteAheadLogOptions } from './write-ahead-log.ts'

const NOW = Date.UTC(2026, 10, 21)
const newFolder = (): string => join(mkdtempSync(join(tmpdir(), 'spanwarden-wal-')), 'queue')

/** What the disk of a host holds when it loses its power: a copy, since the log under test still holds its lock. */
function crashed(folder: string): string {
  const copy = newFolder()
  cpSync(folder, copy, { recursive: true })
  return copy
}

function openLog(folder: string, options: Partial<WriteAheadLogOptions> = {}) {
  const problems: WalProblem[] = []
  const log = new WriteAheadLog({
    folder,
    signal: 'traces',
    segmentBytes: 400,
    memoryBytesMax: 300,
    isSynced: true,
    onProblem: (problem) => problems.push(problem),
    ...options,
  })
  return { log, problems }
}

class Batch implements Payload {
  readonly signal = 'traces'
  readonly bytes: Buffer
  readonly items: number
  holders = 0
  constructor(name: string, items = 1, memoryBytes = Buffer.byteLength(name)) {
    // In memory of its own, as in the pool.
    const memory = Buffer.alloc(memoryBytes)
    this.bytes = memory.subarray(0, memory.write(name))
    this.items = items
  }
  retain(): this {
    this.holders++
    return this
  }
  release(): void {
    this.holders--
  }
}

const nameOf = async (batch: StoredBatch): Promise<string> => (await batch.load())?.bytes.toString() ?? 'unreadable'
async function takeAll(log: WriteAheadLog): Promise<string[]> {
  const names: string[] = []
  for (let batch = log.take(); batch !== undefined; batch = log.take()) names.push(await nameOf(batch))
  return names
}
const segmentsIn = (folder: string): string[] =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.wal'))
    .sort()

const sizes = fc.array(fc.integer({ min: 0, max: 200 }), { minLength: 1, maxLength: 30 })
const named = (sizesOf: readonly number[]): string[] => sizesOf.map((size, i) => `${i}:`.padEnd(size, 'x'))

describe('write-ahead log', () => {
  test('what was put is taken in its order, from memory or from disk, and memory is given back', async () => {
    const folder = newFolder()
    const { log, problems } = openLog(folder)
    const batches = named([5, 100, 250, 40, 300, 8]).map((name, i) => new Batch(name, i + 1))
    await Promise.all(batches.map((batch) => log.put(batch, NOW)))
    const taken: StoredBatch[] = []
    for (let batch = log.take(); batch !== undefined; batch = log.take()) taken.push(batch)
    expect(taken.map(({ items }) => items)).toEqual([1, 2, 3, 4, 5, 6])
    expect(await Promise.all(taken.map(nameOf))).toEqual(batches.map(({ bytes }) => bytes.toString()))
    for (const batch of taken) batch.done()
    expect(batches.map(({ holders }) => holders)).toEqual(batches.map(() => 0))
    await log.close()
    expect(readdirSync(folder)).toEqual([])
    expect(problems).toEqual([])
  })

  test('a crash at any moment loses nothing that was kept and not done with', async () => {
    await fc.assert(
      fc.asyncProperty(sizes, fc.nat(), fc.nat(), async (all, takenCount, doneMask) => {
        const folder = newFolder()
        const { log } = openLog(folder)
        const names = named(all)
        for (const name of names) await log.put(new Batch(name), NOW)
        const done = new Set<string>()
        for (let i = 0; i < takenCount % (names.length + 1); i++) {
          const batch = log.take()
          if (batch === undefined || (doneMask >> (i % 30)) % 2 === 0) continue
          done.add(await nameOf(batch))
          batch.done()
        }
        const { log: next, problems } = openLog(crashed(folder))
        expect(next.left.length).toBe(names.length - done.size)
        expect(await takeAll(next)).toEqual(names.filter((name) => !done.has(name)))
        expect(problems).toEqual([])
        await Promise.all([log.close(), next.close()])
      }),
      { numRuns: 60 },
    )
  })

  test('a torn tail costs the batches in it; one more crash while it is being sent changes nothing', async () => {
    await fc.assert(
      fc.asyncProperty(sizes, fc.integer({ min: 1, max: 300 }), async (all, cut) => {
        const folder = newFolder()
        const { log } = openLog(folder, { segmentBytes: 1e6 })
        const names = named(all)
        for (const name of names) await log.put(new Batch(name), NOW)
        const copy = crashed(folder)
        const [file = ''] = segmentsIn(copy)
        truncateSync(join(copy, file), Math.max(0, statSync(join(copy, file)).size - cut))
        const { log: next } = openLog(copy)
        const names2 = await takeAll(next)
        expect(names.slice(0, names2.length)).toEqual(names2)
        await next.put(new Batch('later'), NOW)
        const { log: third } = openLog(crashed(copy))
        expect(await takeAll(third)).toEqual([...names2, 'later'])
        await Promise.all([log.close(), next.close(), third.close()])
      }),
      { numRuns: 40 },
    )
  })

  test('a damaged byte costs its batch, is told, and the rest is sent', async () => {
    const folder = newFolder()
    const { log } = openLog(folder, { segmentBytes: 1e6 })
    for (const name of ['one', 'two', 'three']) await log.put(new Batch(name), NOW)
    const copy = crashed(folder)
    const [file = ''] = segmentsIn(copy)
    const bytes = readFileSync(join(copy, file))
    bytes.write('TWO', bytes.indexOf('two'))
    writeFileSync(join(copy, file), bytes)
    const { log: next, problems } = openLog(copy)
    expect(await takeAll(next)).toEqual(['one', 'three'])
    expect(problems).toEqual([{ kind: 'damaged', file: join(copy, file), places: 1 }])
    await Promise.all([log.close(), next.close()])
  })

  test('a batch that is damaged while it waits is told, not sent', async () => {
    const folder = newFolder()
    const { log, problems } = openLog(folder, { memoryBytesMax: 0 })
    await log.put(new Batch('secret words', 7), NOW)
    const [file = ''] = segmentsIn(folder)
    const bytes = readFileSync(join(folder, file))
    bytes.write('X', bytes.indexOf('words'))
    writeFileSync(join(folder, file), bytes)
    expect(await takeAll(log)).toEqual(['unreadable'])
    expect(problems).toEqual([{ kind: 'unreadable', file: join(folder, file), items: 7, code: 'checksum' }])
    await log.close()
  })

  test('files are 0600 in a folder 0700, and go when all in them is done with', async () => {
    const folder = newFolder()
    const { log } = openLog(folder)
    for (const name of named([300, 300, 300])) await log.put(new Batch(name), NOW)
    expect(segmentsIn(folder)).toEqual(['0000000001.wal', '0000000002.wal'])
    expect(statSync(folder).mode & 0o777).toBe(0o700)
    expect(statSync(join(folder, '0000000001.wal')).mode & 0o777).toBe(0o600)
    const first = log.take()
    log.take()?.done()
    expect(existsSync(join(folder, '0000000001.wal'))).toBe(true)
    first?.done()
    await expect.poll(() => readdirSync(folder).filter((name) => name.startsWith('0000000001'))).toEqual([])
    await log.close()
  })

  test('a folder belongs to one process', async () => {
    const folder = newFolder()
    const { log } = openLog(folder)
    expect(() => openLog(folder)).toThrow(/in use by this process/)
    writeFileSync(join(folder, 'lock'), readFileSync(join(folder, 'lock'), 'utf8').replace(/^\d+/, '1'))
    await log.close()
    writeFileSync(join(folder, 'lock'), `999999999 another-boot:1\n`)
    const { log: next } = openLog(folder)
    await next.close()
    expect(existsSync(join(folder, 'lock'))).toBe(false)
  })
})

/** Files that fail as the test says. */
function failing(fail: (operation: keyof WritableFile, nth: number) => Error | number | undefined): OpenFile {
  let nth = 0
  return async (path) => {
    const file = await openNewFile(path)
    const attempt = (operation: keyof WritableFile): number | undefined => {
      const result = fail(operation, nth++)
      if (result instanceof Error) throw result
      return result
    }
    return {
      writev: async (buffers, position) => {
        const bytesMax = attempt('writev')
        if (bytesMax === undefined) return file.writev(buffers, position)
        return file.writev([Buffer.concat(buffers).subarray(0, bytesMax)], position)
      },
      datasync: async () => {
        attempt('datasync')
        await file.datasync()
      },
      truncate: async (length) => {
        attempt('truncate')
        await file.truncate(length)
      },
      stat: () => file.stat(),
      close: () => file.close(),
    }
  }
}

const full = (): Error => Object.assign(new Error('no space left on device'), { code: 'ENOSPC' })

describe('a disk that fails', () => {
  test('short writes are gone on with', async () => {
    const folder = newFolder()
    const { log } = openLog(folder, { openFile: failing((operation) => (operation === 'writev' ? 7 : undefined)) })
    const names = named([0, 30, 300, 5])
    await Promise.all(names.map((name) => log.put(new Batch(name), NOW)))
    const { log: next } = openLog(crashed(folder))
    expect(await takeAll(next)).toEqual(names)
    await Promise.all([log.close(), next.close()])
  })

  test('what could not be written is refused and not there; what comes later is kept', async () => {
    await fc.assert(
      fc.asyncProperty(sizes, fc.integer({ min: 2, max: 9 }), fc.boolean(), async (all, every, cutFails) => {
        const folder = newFolder()
        const openFile = failing((operation, nth) => {
          if (operation === 'truncate') return cutFails ? full() : undefined
          return nth % every === every - 1 ? full() : undefined
        })
        const { log } = openLog(folder, { openFile })
        const kept: string[] = []
        for (const name of named(all)) {
          const batch = new Batch(name)
          await log.put(batch, NOW).then(
            () => kept.push(name),
            () => expect(batch.holders).toBe(0),
          )
        }
        const { log: next } = openLog(crashed(folder))
        const found = await takeAll(next)
        // A write whose end was not confirmed may have happened; nothing that was confirmed may be missing.
        expect(found.filter((name) => kept.includes(name))).toEqual(kept)
        expect(await takeAll(log)).toEqual(kept)
        await Promise.all([log.close(), next.close()])
      }),
      { numRuns: 60 },
    )
  })

  test('after a failed sync the segment is not trusted any more', async () => {
    const folder = newFolder()
    let syncs = 0
    const openFile = failing((operation) => (operation === 'datasync' && ++syncs === 3 ? full() : undefined))
    const { log } = openLog(folder, { openFile, segmentBytes: 1e6 })
    await log.put(new Batch('one'), NOW)
    await expect(log.put(new Batch('two'), NOW)).rejects.toThrow('no space')
    await log.put(new Batch('three'), NOW)
    expect(segmentsIn(folder)).toHaveLength(2)
    const { log: next } = openLog(crashed(folder))
    expect(await takeAll(next)).toEqual(['one', 'three'])
    await Promise.all([log.close(), next.close()])
  })

  test('a file that may not grow any more is followed by another', async () => {
    const folder = newFolder()
    const openFile: OpenFile = async (path) => {
      const file = await openNewFile(path)
      return {
        writev: async (buffers, position) => {
          if (position + Buffer.concat(buffers).length > 200)
            throw Object.assign(new Error('too long'), { code: 'EFBIG' })
          return file.writev(buffers, position)
        },
        datasync: () => file.datasync(),
        truncate: (size) => file.truncate(size),
        stat: () => file.stat(),
        close: () => file.close(),
      }
    }
    const { log, problems } = openLog(folder, { openFile, segmentBytes: 1e6 })
    const names = named([50, 50, 50, 50, 50])
    for (const name of names) await log.put(new Batch(name), NOW)
    await expect(log.put(new Batch('x'.repeat(300)), NOW)).rejects.toThrow('too long')
    const { log: next } = openLog(crashed(folder))
    expect(await takeAll(next)).toEqual(names)
    expect(problems).toEqual([])
    await Promise.all([log.close(), next.close()])
  })

  test('attempts on a full disk leave no files behind', async () => {
    const folder = newFolder()
    const { log } = openLog(folder, { openFile: failing((operation) => (operation === 'writev' ? full() : undefined)) })
    for (let i = 0; i < 5; i++) await expect(log.put(new Batch('one'), NOW)).rejects.toThrow('no space')
    expect(segmentsIn(folder)).toEqual([])
    await log.close()
  })

  test('room comes free with the oldest file that nobody is sending from', async () => {
    const { log } = openLog(newFolder(), { segmentBytes: 300 })
    for (const name of named([150, 150, 150, 150, 150])) await log.put(new Batch(name), NOW)
    expect(log.batchesUntilFree()).toBe(2)
    const underWay = log.take()
    // The first file stays until its first batch has arrived: its second batch goes, and the next file with it.
    expect(log.batchesUntilFree()).toBe(3)
    underWay?.done()
    expect(log.batchesUntilFree()).toBe(1)
    await log.close()
  })
})

describe('a folder that is not as it should be', () => {
  test('a file or the whole folder deleted or taken away under way: told, and what comes later is kept at its place', async () => {
    for (const gone of ['file', 'folder', 'moved'] as const) {
      const folder = newFolder()
      const { log, problems } = openLog(folder, { memoryBytesMax: 3, segmentBytes: 1e6 })
      await log.put(new Batch('one'), NOW)
      await log.put(new Batch('two'), NOW)
      if (gone === 'moved') renameSync(folder, `${folder}.away`)
      else rmSync(gone === 'file' ? join(folder, segmentsIn(folder)[0] ?? '') : folder, { recursive: true })
      await log.put(new Batch('three'), NOW)
      const { log: next } = openLog(crashed(folder))
      expect(await takeAll(next)).toEqual(['three'])
      // The first is in memory still.
      expect(await takeAll(log)).toEqual(['one', 'unreadable', 'three'])
      expect(problems.map(({ kind }) => kind)).toEqual(['unreadable', 'unreadable'])
      // Taken, but not done with: the first two are not there for the next start.
      expect(await log.close()).toEqual({ itemsGone: 2 })
      await next.close()
    }
  })

  test('numbers of batches that are done with do not outlive their file', async () => {
    const folder = newFolder()
    mkdirSync(folder)
    writeFileSync(join(folder, '0000000001.ack'), Buffer.alloc(400))
    const { log } = openLog(folder)
    await log.put(new Batch('one'), NOW)
    const { log: next } = openLog(crashed(folder))
    expect(await takeAll(next)).toEqual(['one'])
    await Promise.all([log.close(), next.close()])
  })

  test('one that cannot be made: nothing is taken, until it can', async () => {
    const parent = mkdtempSync(join(tmpdir(), 'spanwarden-wal-'))
    const folder = join(parent, 'missing', 'queue')
    const { log, problems } = openLog(folder, { existingFolder: join(parent, 'missing') })
    expect(problems).toMatchObject([{ kind: 'unwritable', file: folder, code: 'ENOENT' }])
    await expect(log.put(new Batch('one'), NOW)).rejects.toMatchObject({ code: 'ENOENT' })
    mkdirSync(join(parent, 'missing'))
    await log.put(new Batch('two'), NOW)
    expect(await takeAll(log)).toEqual(['two'])
    expect(() => openLog(folder)).toThrow(/in use by this process/)
    await log.close()
  })

  test('a torn tail is told with its bytes', async () => {
    const folder = newFolder()
    const { log } = openLog(folder)
    await log.put(new Batch('one'), NOW)
    const copy = crashed(folder)
    appendFileSync(join(copy, segmentsIn(copy)[0] ?? ''), 'SWR2 half a')
    const { log: next, problems } = openLog(copy)
    expect(problems).toMatchObject([{ kind: 'torn', bytes: 11 }])
    expect(next.peek()).toEqual({ items: 1, bytes: 3, storedMs: NOW })
    await Promise.all([log.close(), next.close()])
  })
})

describe.runIf(canMount())('a real disk', () => {
  test('full: what does not fit is refused, what was kept is there; it goes on when there is room', async () => {
    using small = smallDisk(256 * 1024)
    const folder = join(small.path, 'queue')
    const { log } = openLog(folder, { segmentBytes: 64 * 1024, memoryBytesMax: 0 })
    const kept: string[] = []
    for (const name of named(Array.from({ length: 40 }, () => 10_000)))
      await log.put(new Batch(name), NOW).then(
        () => kept.push(name),
        (error: unknown) => expect(error).toMatchObject({ code: 'ENOSPC' }),
      )
    expect(kept.length).toBeGreaterThan(15)
    expect(kept.length).toBeLessThan(30)
    for (let i = log.batchesUntilFree(); i > 0; i--) {
      log.take()?.done()
      kept.shift()
    }
    await log.put(new Batch('later'), NOW)
    const { log: next, problems } = openLog(crashed(folder))
    expect(await takeAll(next)).toEqual([...kept, 'later'])
    expect(problems).toEqual([])
    await Promise.all([log.close(), next.close()])
  })

  test('read-only: starts, gives what waits, refuses what comes, and goes on when it can be written to', async () => {
    using small = smallDisk(256 * 1024)
    const folder = join(small.path, 'queue')
    const { log: first } = openLog(folder)
    await first.put(new Batch('before'), NOW)
    await first.close()
    small.remount('ro')
    const { log, problems } = openLog(folder)
    expect(problems).toMatchObject([{ kind: 'unwritable', code: 'EROFS' }])
    const { problems: ofNew } = openLog(join(small.path, 'another', 'queue'))
    expect(ofNew).toMatchObject([{ kind: 'unwritable', code: 'EROFS' }])
    expect(await takeAll(log)).toEqual(['before'])
    await expect(log.put(new Batch('during'), NOW)).rejects.toMatchObject({ code: 'EROFS' })
    small.remount('rw')
    await log.put(new Batch('after'), NOW)
    expect(await takeAll(log)).toEqual(['after'])
    await log.close()
  })
})

test('small batches count with the whole buffer that they keep', async () => {
  const { log } = openLog(newFolder(), { memoryBytesMax: 10 * 4096 })
  const batches = Array.from({ length: 30 }, (_, i) => new Batch(`${i}`, 1, 4096))
  for (const batch of batches) await log.put(batch, NOW)
  expect(batches.filter(({ holders }) => holders > 0)).toHaveLength(10)
  expect(await takeAll(log)).toEqual(batches.map((_, i) => `${i}`))
  await log.close()
})

const hasPrlimit = spawnSync('prlimit', ['--version']).status === 0

test.runIf(hasPrlimit)('a process whose files may not grow (ulimit -f) goes on in the next one', () => {
  const folder = newFolder()
  const program = `
    import { WriteAheadLog } from ${JSON.stringify(new URL('write-ahead-log.ts', import.meta.url))}
    const log = new WriteAheadLog({
      folder: ${JSON.stringify(folder)}, signal: 'traces', segmentBytes: 1e6, memoryBytesMax: 0, isSynced: true, onProblem: console.log,
    })
    const bytes = Buffer.alloc(8000, 'x')
    const payload = { signal: 'traces', bytes, items: 1, retain: () => payload, release() {} }
    for (let i = 0; i < 6; i++) await log.put(payload, 0)
    const large = { ...payload, bytes: Buffer.alloc(30_000) }
    console.log(await log.put(large, 0).catch(({ code }) => code))
    await log.close()`
  const args = ['--fsize=20000', process.execPath, '--input-type=module', '-e', program]
  expect(spawnSync('prlimit', args, { encoding: 'utf8' })).toMatchObject({ stdout: 'EFBIG\n' })
  const { log } = openLog(folder)
  expect(log.left).toHaveLength(6)
})

test.runIf(hasPrlimit)('a process without file handles cannot read a batch now; nothing of it is lost', () => {
  const program = `
    import { closeSync, openSync } from 'node:fs'
    import { WriteAheadLog } from ${JSON.stringify(new URL('write-ahead-log.ts', import.meta.url))}
    const log = new WriteAheadLog({
      folder: ${JSON.stringify(newFolder())}, signal: 'traces', segmentBytes: 1e6, memoryBytesMax: 0, isSynced: true,
      onProblem: ({ kind, code }) => console.log(kind, code),
    })
    const payload = { signal: 'traces', bytes: Buffer.from('kept'), items: 1, retain: () => payload, release() {} }
    await log.put(payload, 0)
    const batch = log.take()
    const files = []
    try { for (;;) files.push(openSync('/dev/null')) } catch {}
    console.log(await batch.load().catch(({ code }) => code))
    files.forEach((file) => closeSync(file))
    console.log((await batch.load()).bytes.toString())`
  const args = ['--nofile=60', process.execPath, '--input-type=module', '-e', program]
  expect(spawnSync('prlimit', args, { encoding: 'utf8' })).toMatchObject({
    stdout: 'not_readable_now EMFILE\nEMFILE\nkept\n',
  })
})
