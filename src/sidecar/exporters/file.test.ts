import {
  appendFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { zstdDecompressSync } from 'node:zlib'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { testContext } from '../../../test/support/component-context.ts'
import { encodeIndependently, otlpRequest } from '../../../test/support/otlp-arbitrary.ts'
import { decodeIndependently } from '../../../test/support/otlp-reflection.ts'
import { spanBatch } from '../../../test/support/span-batch.ts'
import { jsonToProtobuf } from '../../otlp/json-to-protobuf.ts'
import { protobufToJson } from '../../otlp/protobuf-to-json.ts'
import type { Exporter, ExporterContext, Sent, Signal } from '../component.ts'
import { unpooledPayload } from '../payload.ts'
import { file } from './file.ts'

const folder = (): string => mkdtempSync(join(tmpdir(), 'file-exporter-'))
const batch = (name: string): Buffer => spanBatch({ spans: [{ spanId: '0102030405060708', name }] })
const abort = new AbortController().signal

function make(config: object) {
  const context = testContext('file')
  const service: ExporterContext['service'] = () => {
    throw new Error('no services')
  }
  const exporter = file.create(file.config.parse(config), { ...context, service })
  return { exporter, ...context }
}
const send = (exporter: Exporter, signal: Signal, bytes: Buffer): Promise<Sent> =>
  exporter.send(unpooledPayload(signal, bytes, 1), abort)
/** Starts, sends and stops. */
async function write(config: object, ...batches: Buffer[]): Promise<void> {
  const { exporter } = make(config)
  await exporter.start?.()
  for (const bytes of batches) expect(await send(exporter, 'traces', bytes)).toEqual({ outcome: 'sent' })
  await exporter.stop?.()
}
const linesOf = (path: string): string[] => readFileSync(path, 'utf8').split('\n')
const namesOf = (path: string): string[] =>
  [...readFileSync(path, 'utf8').matchAll(/"name":"(n\d+)"/g)].map(([, name = '']) => name)

/** The records behind their lengths. */
function recordsOf(path: string): Buffer[] {
  const bytes = readFileSync(path)
  const records: Buffer[] = []
  for (let at = 0; at < bytes.length;) {
    const end = at + 4 + bytes.readUInt32BE(at)
    records.push(bytes.subarray(at + 4, end))
    at = end
  }
  return records
}

describe('what is in the file', () => {
  test.each([
    ['json', ''],
    ['json', 'zstd'],
    ['proto', 'none'],
    ['proto', 'zstd'],
  ] as const)('%s, compression %s: is what was sent, all signals in one file', async (format, compression) => {
    const signal = fc.constantFrom('traces', 'metrics', 'logs')
    const request = signal.chain((one) =>
      otlpRequest(one).map((message) => [one, encodeIndependently(one, message)] as const),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(request, { minLength: 1, maxLength: 5 }), async (requests) => {
        const path = join(folder(), 'out.jsonl')
        const { exporter } = make({ path, format, compression, fsync: false })
        await exporter.start?.()
        const sent = await Promise.all(requests.map(([one, bytes]) => send(exporter, one, bytes)))
        await exporter.stop?.()
        expect(sent.every(({ outcome }) => outcome === 'sent')).toBe(true)
        const isLines = format === 'json' && compression === ''
        const records = isLines
          ? linesOf(path)
              .slice(0, -1)
              .map((line) => Buffer.from(line))
          : recordsOf(path)
        const plain = records.map((record) => (compression === 'zstd' ? zstdDecompressSync(record) : record))
        expect(plain).toHaveLength(requests.length)
        const [read, wanted] =
          compression === 'zstd' ? asSets(plain, requests, format) : inOrder(plain, requests, format)
        expect(read).toEqual(wanted)
      }),
      { numRuns: 20 },
    )
  })

  type Requests = readonly (readonly [Signal, Buffer])[]
  const inOrder = (records: Buffer[], requests: Requests, format: 'json' | 'proto'): [unknown, unknown] => [
    requests.map(([one], i) => {
      const record = records[i] ?? Buffer.alloc(0)
      return decodeIndependently(one, format === 'json' ? Buffer.from(jsonToProtobuf(one, record)) : record)
    }),
    requests.map(([one, bytes]) => decodeIndependently(one, bytes)),
  ]
  /** Compression ends in any order. */
  const asSets = (records: Buffer[], requests: Requests, format: 'json' | 'proto'): [unknown, unknown] => {
    const sent = requests.map(([one, bytes]) => (format === 'json' ? Buffer.from(protobufToJson(one, bytes)) : bytes))
    const sorted = (all: Buffer[]): string[] => all.map((bytes) => bytes.toString('hex')).sort()
    return [sorted(records), sorted(sent)]
  }

  test('zstd: each record is what was sent', async () => {
    const path = join(folder(), 'out.bin')
    await write(
      { path, format: 'proto', compression: 'zstd', compression_params: { level: 6 } },
      batch('n1'),
      batch('n2'),
    )
    expect(recordsOf(path).map((record) => zstdDecompressSync(record))).toEqual([batch('n1'), batch('n2')])
  })

  test('only the owner can read it', async () => {
    const path = join(folder(), 'made', 'by', 'us.jsonl')
    await write({ path, create_directory: true }, batch('n1'))
    expect([statSync(path).mode & 0o777, statSync(join(path, '..')).mode & 0o777]).toEqual([0o600, 0o700])
  })

  test('append goes on behind what is there, and without it the file is emptied, once', async () => {
    const path = join(folder(), 'out.jsonl')
    await write({ path }, batch('n1'))
    await write({ path }, batch('n2'))
    expect(namesOf(path)).toEqual(['n1', 'n2'])
    await write({ path, append: false }, batch('n3'), batch('n4'))
    expect(namesOf(path)).toEqual(['n3', 'n4'])
  })
})

describe('a file that a crash tore', () => {
  test('lines: wherever it was torn, every whole line is kept, and the next one stands on its own', async () => {
    const path = join(folder(), 'out.jsonl')
    await write({ path }, batch('n1'), batch('n2'))
    const whole = readFileSync(path)
    const first = whole.indexOf(0x0a) + 1
    for (let size = first; size <= whole.length; size += size < whole.length - 3 ? 17 : 1) {
      writeFileSync(path, whole.subarray(0, size))
      await write({ path }, batch('n3'))
      const isWhole = size >= whole.length - 1
      expect(
        linesOf(path)
          .slice(0, -1)
          .map((line) => JSON.parse(line) as unknown),
      ).toHaveLength(isWhole ? 3 : 2)
      expect(namesOf(path)).toEqual(isWhole ? ['n1', 'n2', 'n3'] : ['n1', 'n3'])
    }
  })

  test('what is no line of ours stays', async () => {
    const path = join(folder(), 'notes.txt')
    writeFileSync(path, 'written by hand')
    await write({ path }, batch('n1'))
    expect(linesOf(path)[0]).toBe('written by hand')
    expect(namesOf(path)).toEqual(['n1'])
  })

  test('records behind lengths: the file is put aside whole, and a new one begins', async () => {
    const place = folder()
    const path = join(place, 'out.bin')
    await write({ path, format: 'proto' }, batch('n1'), batch('n2'))
    truncateSync(path, statSync(path).size - 1)
    await write({ path, format: 'proto' }, batch('n3'))
    expect(recordsOf(path)).toEqual([batch('n3')])
    expect(readdirSync(place)).toHaveLength(2)
    await write({ path, format: 'proto' }, batch('n4'))
    expect(recordsOf(path)).toEqual([batch('n3'), batch('n4')])
  })

  test('an exporter that begins while another still writes cuts nothing', async () => {
    const path = join(folder(), 'out.jsonl')
    const { exporter } = make({ path })
    await exporter.start?.()
    appendFileSync(path, '{"resourceSpans":[half of a line')
    const next = make({ path })
    await next.exporter.start?.()
    expect(readFileSync(path, 'utf8')).toContain('half of a line')
    await exporter.stop?.()
    await next.exporter.stop?.()
  })
})

describe('a disk that takes nothing', () => {
  test('is tried again, and what was sent meanwhile is written once when there is room', async () => {
    const path = join(folder(), 'out.jsonl')
    symlinkSync('/dev/full', path)
    const { exporter } = make({ path })
    await exporter.start?.()
    const full = await send(exporter, 'traces', batch('n1'))
    expect(full).toEqual({ outcome: 'retry', reason: `${path} can't be written to (ENOSPC)` })
    rmSync(path)
    expect(await send(exporter, 'traces', batch('n1'))).toEqual({ outcome: 'sent' })
    expect(namesOf(path)).toEqual(['n1'])
    await exporter.stop?.()
  })

  test('a file that was moved away is begun anew', async () => {
    const path = join(folder(), 'out.jsonl')
    const { exporter } = make({ path })
    await exporter.start?.()
    await send(exporter, 'traces', batch('n1'))
    renameSync(path, `${path}.1`)
    await send(exporter, 'traces', batch('n2'))
    await exporter.stop?.()
    expect([namesOf(`${path}.1`), namesOf(path)]).toEqual([['n1'], ['n2']])
  })

  test('a path that can not be opened is told at the start', async () => {
    const path = join(folder(), 'missing', 'out.jsonl')
    await expect(make({ path }).exporter.start?.()).rejects.toThrow(`${path} can't be opened (ENOENT)`)
  })

  test('bytes that are no request are not tried for ever', async () => {
    const { exporter } = make({ path: join(folder(), 'out.jsonl') })
    await exporter.start?.()
    expect(await send(exporter, 'traces', Buffer.from([7]))).toMatchObject({ outcome: 'rejected' })
    await exporter.stop?.()
  })
})

describe('rotation', () => {
  const big = (i: number): Buffer =>
    spanBatch({ spans: [{ spanId: '0102030405060708', name: `n${i}`, attributes: { text: 'x'.repeat(400_000) } }] })

  test('a new file begins before one is too large; names have the time; the oldest go', async () => {
    const place = folder()
    const path = join(place, 'out.jsonl')
    const { exporter, clock } = make({ path, rotation: { max_megabytes: 1, max_backups: 2 } })
    await exporter.start?.()
    for (let i = 0; i < 9; i++) {
      expect(await send(exporter, 'traces', big(i))).toEqual({ outcome: 'sent' })
      clock.advance(1000)
    }
    await exporter.stop?.()
    const files = readdirSync(place).sort()
    expect(files).toEqual(['out-2026-11-21T12-00-06.000.jsonl', 'out-2026-11-21T12-00-08.000.jsonl', 'out.jsonl'])
    expect(files.flatMap((name) => namesOf(join(place, name)))).toEqual(['n4', 'n5', 'n6', 'n7', 'n8'])
    for (const name of files) expect(statSync(join(place, name)).size).toBeLessThanOrEqual(1024 * 1024)
  })

  test('files that are too old are deleted, others of the folder stay', async () => {
    const place = folder()
    const path = join(place, 'out.jsonl')
    for (const name of [
      'out-2026-11-01T00-00-00.000.jsonl',
      'out-2026-11-20T00-00-00.000.jsonl',
      'out-notes.jsonl',
      'other.jsonl',
    ])
      writeFileSync(join(place, name), '')
    await write({ path, rotation: { max_megabytes: 1, max_days: 3 } }, big(1), big(2), big(3))
    expect(readdirSync(place).sort()).toEqual([
      'other.jsonl',
      'out-2026-11-20T00-00-00.000.jsonl',
      'out-2026-11-21T12-00-00.000.jsonl',
      'out-notes.jsonl',
      'out.jsonl',
    ])
  })
})

test.each([
  [{}, 'path'],
  [{ path: 'x', format: 'yaml' }, 'Invalid option'],
  [{ path: 'x', group_by: { enabled: true } }, 'is not supported: write one exporter for each file'],
])('%j is refused: %s', (config, message) => {
  expect(String(file.config.safeParse(config).error?.message)).toContain(message)
})
