import { execFileSync } from 'node:child_process'
import {
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { beforeEach, describe, expect, test } from 'vitest'
import { post } from '../../../test/support/post.ts'
import { startReceiver } from '../../../test/support/running-receiver.ts'
import type { RunningReceiver } from '../../../test/support/running-receiver.ts'
import { spanBatch, spanBatchJson } from '../../../test/support/span-batch.ts'
import { until } from '../../../test/support/until.ts'
import { parseSpoolReader, spoolFileName } from '../../control/spool-format.ts'
import type { SpoolFile } from '../../control/spool-format.ts'
import { Spool } from '../../sdk/spool.ts'
import { RefusedError } from '../component.ts'

const spans = { spans: [{ spanId: '0102030405060708' }, { spanId: '1112131415161718' }] }
const protobuf = spanBatch(spans)
const json = Buffer.from(JSON.stringify(spanBatchJson(spans)))

let stateFolder = ''
let folder = ''
let count = 0
beforeEach(() => {
  stateFolder = mkdtempSync(join(tmpdir(), 'spanwarden-spool-'))
  folder = join(stateFolder, 'spool')
})

const start = (config: object = {}): Promise<RunningReceiver> => startReceiver({ spool: { stateFolder, config } })
const nextId = (): string => `0123456789abcdef-${(count += 1).toString(36)}`
const file = (more: Partial<SpoolFile> = {}): SpoolFile => ({
  id: nextId(),
  signal: 'traces',
  encoding: 'protobuf',
  ...more,
})
/** As an agent writes it. */
const leave = (body: Uint8Array = protobuf, more: Partial<SpoolFile> = {}): string => {
  const named = file(more)
  expect(new Spool(folder).write(named, body)).toBe(true)
  return spoolFileName(named)
}
/** Names in the spool but for the reader's own. */
const left = (): string[] => readdirSync(folder).filter((name) => name !== 'reader' && name !== 'aside')
const aside = (): string[] => (existsSync(join(folder, 'aside')) ? readdirSync(join(folder, 'aside')) : [])
const reader = () => parseSpoolReader(readFileSync(join(folder, 'reader'), 'latin1'))

describe('what agents left', () => {
  test('before the start and while it runs is taken in, and the files are gone', async () => {
    leave(protobuf)
    leave(json, { encoding: 'json' })
    await using receiver = await start()
    await until(() => receiver.received.length === 2 && left().length === 0)
    leave(json, { encoding: 'json' })
    await until(() => receiver.received.length === 3 && left().length === 0)
    expect(receiver.received.map(({ signal, items }) => `${items} ${signal}`)).toEqual(Array(3).fill('2 traces'))
    expect(receiver.received.every(({ bytes }) => bytes.equals(protobuf))).toBe(true)
    expect(aside()).toEqual([])
  })

  test('just before the stop is still taken in', async () => {
    const receiver = await start({ poll_interval: '1h' })
    for (let n = 0; n < 20; n += 1) leave()
    await receiver.stop()
    expect([receiver.received.length, left()]).toEqual([20, []])
  })

  test('comes in the order in which it was left', async () => {
    const names = ['a', 'b', 'c', 'd'].map((name) => {
      const bytes = spanBatch({ spans: [{ spanId: '0102030405060708', name }] })
      leave(bytes)
      return bytes
    })
    await using receiver = await start()
    await until(() => receiver.received.length === 4)
    expect(receiver.received.map(({ bytes }) => bytes.toString('hex'))).toEqual(names.map((b) => b.toString('hex')))
  })

  test('stays while the pipelines are busy, and is taken in later', async () => {
    await using receiver = await start()
    receiver.refuse(new RefusedError('busy', 'full', { retryAfterMs: 10 }))
    leave()
    const refused = { receiver: 'spool', transport: 'file', outcome: 'refused' }
    await until(() => (receiver.metrics.read('otelcol_receiver_requests', refused) ?? 0) > 2)
    expect(receiver.received).toEqual([])
    receiver.refuse(undefined)
    await until(() => receiver.received.length === 1 && left().length === 0)
    expect(aside()).toEqual([])
  })

  test('by two sidecars with one state folder is taken in by one of them', async () => {
    await using one = await start()
    await using other = await start()
    for (let n = 0; n < 50; n += 1) leave()
    await until(() => one.received.length + other.received.length >= 50 && left().length === 0)
    expect(one.received.length + other.received.length).toBe(50)
    expect(aside()).toEqual([])
  })

  test('of a signal that no pipeline wants is deleted and counted', async () => {
    leave(protobuf, { signal: 'traces' })
    await using receiver = await startReceiver({ signals: ['logs'], spool: { stateFolder } })
    await until(() => left().length === 0)
    expect(receiver.metrics.read('otelcol_receiver_spool_unwanted_files', { receiver: 'spool' })).toBe(1)
    expect(receiver.received).toEqual([])
  })
})

describe('a request is taken in once', () => {
  const send = (receiver: RunningReceiver, id: string) =>
    post(`${receiver.http}/v1/traces`, protobuf, { headers: { 'x-spanwarden-request-id': id } })

  test('whatever comes first: over HTTP, again, or from the spool', async () => {
    await using receiver = await start()
    const ways = fc.array(fc.constantFrom('http', 'spool'), { minLength: 1, maxLength: 4 })
    await fc.assert(
      fc.asyncProperty(ways, fc.boolean(), async (order, atOnce) => {
        const id = nextId()
        const before = receiver.received.length
        const statuses: number[] = []
        const comes = async (way: string): Promise<void> => {
          if (way === 'http') statuses.push((await send(receiver, id)).status)
          else if (!left().some((name) => name.includes(`${id}.`))) leave(protobuf, { id })
        }
        if (atOnce) await Promise.all(order.map(comes))
        else for (const way of order) await comes(way)
        await until(() => left().length === 0)
        expect(receiver.received.length - before).toBe(1)
        expect(statuses.filter((status) => status !== 200)).toEqual([])
      }),
      { numRuns: 30 },
    )
    expect(receiver.metrics.read('otelcol_receiver_duplicate_requests', {})).toBeGreaterThan(0)
  })

  test('and one that was refused may come again', async () => {
    await using receiver = await start()
    const id = nextId()
    receiver.refuse(new RefusedError('busy', 'full'))
    expect((await send(receiver, id)).status).toBe(503)
    receiver.refuse(undefined)
    leave(protobuf, { id })
    await until(() => receiver.received.length === 1 && left().length === 0)
    expect((await send(receiver, id)).status).toBe(200)
    expect(receiver.received).toHaveLength(1)
  })

  test('also while the first is still under way', async () => {
    await using receiver = await start()
    const id = nextId()
    receiver.pause()
    const answer = send(receiver, id)
    await until(() => receiver.held === 1)
    leave(protobuf, { id })
    await until(() => (receiver.metrics.read('otelcol_receiver_duplicate_requests', {}) ?? 0) === 1)
    receiver.resume()
    expect((await answer).status).toBe(200)
    await until(() => left().length === 0)
    expect(receiver.received).toHaveLength(1)
  })

  test('ids that are none count for nothing', async () => {
    await using receiver = await start()
    for (const id of ['x', 'x', '', '0123456789abcdef']) expect((await send(receiver, id)).status).toBe(200)
    expect(receiver.received).toHaveLength(4)
  })
})

describe('what no agent left is put aside, and said without its content', () => {
  const secret = ['mary', 'example.com'].join('@')

  /** What one run of a sidecar makes of the folder. */
  async function outcome(reason: string, config: object = {}): Promise<object> {
    const receiver = await start(config)
    await until(() => left().length === 0)
    await receiver.stop()
    const counted = receiver.metrics.read('otelcol_receiver_spool_aside_files', { receiver: 'spool', reason })
    const isSilent = !receiver.logged.join('').includes(secret)
    return { aside: aside().toSorted(), counted, received: receiver.received.length, isSilent }
  }
  const allAside = (names: readonly string[]): object => {
    return { aside: names.toSorted(), counted: names.length, received: 0, isSilent: true }
  }

  test('bytes that are no request', async () => {
    const names = [
      leave(Buffer.from(secret), { encoding: 'json' }),
      leave(json.subarray(0, -9), { encoding: 'json' }),
      leave(protobuf.subarray(0, -9)),
    ]
    expect(await outcome('invalid')).toEqual(allAside(names))
  })

  test('other names', async () => {
    mkdirSync(folder, { recursive: true })
    const names = ['notes.txt', 'traces.pb', `${secret}.traces.json`]
    for (const name of names) writeFileSync(join(folder, name), protobuf)
    mkdirSync(join(folder, 'a folder'))
    expect(await outcome('foreign')).toEqual(allAside([...names, 'a folder']))
  })

  test('links, hard or symbolic, pipes and folders with the right name: nothing behind them is read or changed', async () => {
    mkdirSync(folder, { recursive: true })
    const elsewhere = join(stateFolder, 'elsewhere')
    writeFileSync(elsewhere, protobuf)
    const [symbolic = '', hard = '', pipe = '', inner = ''] = [file(), file(), file(), file()].map(spoolFileName)
    symlinkSync(elsewhere, join(folder, symbolic))
    linkSync(elsewhere, join(folder, hard))
    execFileSync('mkfifo', [join(folder, pipe)])
    mkdirSync(join(folder, inner))
    expect(await outcome('foreign')).toEqual(allAside([symbolic, hard, pipe, inner]))
    expect(readFileSync(elsewhere).equals(protobuf)).toBe(true)
  })

  test('too large a file', async () => {
    const name = leave(Buffer.alloc(2_000, secret))
    expect(await outcome('too_large', { max_file_size: 1_000 })).toEqual(allAside([name]))
  })

  test('the newest are kept, so many as is said', async () => {
    for (let n = 0; n < 5; n += 1) leave(Buffer.from(secret))
    const receiver = await start({ aside_files_max: 2 })
    await until(() => left().length === 0)
    await receiver.stop()
    expect(aside()).toHaveLength(2)
    expect(receiver.metrics.read('otelcol_receiver_spool_aside_deleted_files', { receiver: 'spool' })).toBe(3)
  })
})

describe('the folder', () => {
  test("is its user's alone, and says who reads it; the id stays", async () => {
    mkdirSync(folder, { recursive: true, mode: 0o755 })
    const receiver = await start()
    const first = reader()
    expect(first).toMatchObject({ isRunning: true })
    expect(lstatSync(folder).mode & 0o777).toBe(0o700)
    expect(lstatSync(join(folder, 'reader')).mode & 0o777).toBe(0o600)
    const answer = await post(`${receiver.http}/v1/traces`, protobuf)
    expect(answer.headers['x-spanwarden-spool']).toBe(first?.id)
    await receiver.stop()
    expect(reader()).toEqual({ id: first?.id, isRunning: false })
    await using again = await start()
    expect(again.received).toEqual([])
    expect(reader()).toEqual(first)
  })

  test('that is a link is not used', async () => {
    mkdirSync(join(stateFolder, 'elsewhere'))
    symlinkSync(join(stateFolder, 'elsewhere'), folder)
    await expect(start()).rejects.toThrow('is not a folder of this user')
  })

  test('is made anew when someone has deleted it', async () => {
    await using receiver = await start()
    const before = reader()
    rmSync(folder, { recursive: true })
    await until(() => existsSync(join(folder, 'reader')))
    expect(reader()).toEqual(before)
    leave()
    await until(() => receiver.received.length === 1)
    expect(aside()).toEqual([])
  })

  test('what a sidecar or an agent that crashed had in its hands is found again, or tidied up', async () => {
    const name = leave()
    renameSync(join(folder, name), join(folder, `.${name}.taking`))
    writeFileSync(join(folder, `.${spoolFileName(file())}.tmp`), 'half of')
    // A minute must have passed for these files; the sidecar's clock says so.
    await using receiver = await startReceiver({ spool: { stateFolder, aheadMs: 61_000 } })
    await until(() => receiver.received.length === 1 && left().length === 0)
    expect(aside()).toEqual([])
  })

  test('without a receiver for it, answers name no spool', async () => {
    await using receiver = await startReceiver()
    const answer = await post(`${receiver.http}/v1/traces`, protobuf)
    expect(answer.headers['x-spanwarden-spool']).toBeUndefined()
  })
})
