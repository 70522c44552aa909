import { appendFileSync, closeSync, mkdtempSync, openSync, readdirSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readSegment } from '../../src/sidecar/queue/wal/read-segment.ts'
import { recordHeader } from '../../src/sidecar/queue/wal/record.ts'
import { startFlakyBackend } from '../support/flaky-backend.ts'
import { decodeOtlpProtobuf } from '../support/otlp-proto.ts'
import { spansOf } from '../support/otlp-sink.ts'
import { post } from '../support/post.ts'
import { startSidecar } from '../support/sidecar-process.ts'
import type { SidecarProcess } from '../support/sidecar-process.ts'
import { canMount, smallDisk } from '../support/small-disk.ts'
import type { SmallDisk } from '../support/small-disk.ts'
import { spanBatch } from '../support/span-batch.ts'

/*
 * A sidecar is killed with SIGKILL again and again under load, in front of a backend that resets connections, answers 503, 429, 413 and partial successes, hangs
 * and is slow, on a disk that is full, read-only or damaged, in turns. Whatever was answered 200 is with the backend in the end, but for what the backend itself
 * refused and what stood where the test damaged the disk. Days without a backend: queue/sending-queue-policies.test.ts, with a clock of its own.
 * By hand: npm run build && SPANWARDEN_CRASHES=200 SPANWARDEN_CRASHES_CLI=$PWD/dist/cli.js vitest run test/e2e/crash.test.ts
 */
const CRASHES = Number(process.env['SPANWARDEN_CRASHES'] ?? 6)
/** A built cli.js: many crashes are many starts. */
const cli = process.env['SPANWARDEN_CRASHES_CLI']
const SENDERS = 4
const LOAD_MS_MAX = 700

/** What happens to the disk around a crash. Nothing, now and then. */
const trials = ['none', 'torn tail', 'damaged byte', 'none', 'full disk', 'read-only disk'] as const
type Trial = (typeof trials)[number]

interface Tally {
  readonly acknowledged: string[]
  /** What stood where the test damaged the disk. */
  readonly damaged: Set<string>
  readonly trials: Map<Trial, number>
  /** Requests that were refused because the disk took nothing. */
  refused: number
  /** Starts that told of the damage. */
  told: number
}

test(`${CRASHES} crashes lose nothing that was acknowledged`, { timeout: CRASHES * 30_000 + 180_000 }, async () => {
  await using backend = await startFlakyBackend()
  using disk = canMount() ? smallDisk(64 * 1024 * 1024) : undefined
  const stateFolder = join(disk?.path ?? mkdtempSync(join(tmpdir(), 'spanwarden-crash-')), 'state')
  const tally: Tally = { acknowledged: [], damaged: new Set(), trials: new Map(), refused: 0, told: 0 }
  for (let crash = 0; crash < CRASHES; crash++) {
    const trial = trials[crash % trials.length] ?? 'none'
    await crashOnce(crash, disk === undefined && trial.endsWith('disk') ? 'none' : trial, {
      url: backend.sink.url,
      stateFolder,
      disk,
      tally,
    })
  }
  const { acknowledged, damaged, refused, told } = tally
  expect(acknowledged.length).toBeGreaterThan(CRASHES * 3)
  backend.isFlaky = false
  await using last = await startSidecar(configFor(backend.sink.url, true), { stateFolder, cli })
  const { sink, rejected } = backend
  const missing = (): string[] => {
    const there = new Set(sink.spans.map(({ name }) => name))
    return acknowledged.filter((name) => !there.has(name) && !rejected.has(name) && !damaged.has(name))
  }
  for (let waitedMs = 0; missing().length > 0 && waitedMs < 120_000; waitedMs += 300) await pause(300)
  expect(missing()).toEqual([])
  expect(await last.stop()).toBe(0)
  const counts = Map.groupBy(sink.spans, ({ name }) => name)
  const most = Math.max(...[...counts.values()].map(({ length }) => length))
  const lostToDamage = acknowledged.filter((name) => damaged.has(name) && !counts.has(name)).length
  console.log(
    `${CRASHES} crashes (${[...tally.trials].map(([name, count]) => `${name}: ${count}`).join(', ')}): ` +
      `${acknowledged.length} spans acknowledged, ${counts.size} arrived, ${sink.spans.length - counts.size} came twice or more often (at most ${most} times), ` +
      `${rejected.size} refused by the backend, ${lostToDamage} lost to damage that the test did, told at ${told} starts; ` +
      `${refused} requests refused while the disk took nothing`,
  )
  expect(refused > 0).toBe(tally.trials.has('full disk') || tally.trials.has('read-only disk'))
})

interface Surroundings {
  readonly url: string
  readonly stateFolder: string
  readonly disk: SmallDisk | undefined
  readonly tally: Tally
}

async function crashOnce(crash: number, trial: Trial, { url, stateFolder, disk, tally }: Surroundings): Promise<void> {
  tally.trials.set(trial, (tally.trials.get(trial) ?? 0) + 1)
  await using sidecar = await startSidecar(configFor(url, crash % 2 === 1), { stateFolder, cli })
  if (/is damaged|no whole batch|cannot be read/.test(sidecar.output)) tally.told++
  const load = sendUntilItDies(sidecar, `${crash}`, tally)
  await pause(Math.random() * LOAD_MS_MAX)
  const ballast = join(disk?.path ?? stateFolder, 'ballast')
  if (trial === 'full disk') {
    fill(ballast)
    await pause(LOAD_MS_MAX)
  }
  // Now and then in the middle of its own end.
  if (crash % 7 === 6) {
    process.kill(sidecar.pid, 'SIGTERM')
    await pause(Math.random() * 60)
  }
  await kill(sidecar)
  await load
  // No disk can be made read-only under somebody who writes to it.
  if (trial === 'read-only disk') disk?.remount('ro')
  if (trial.endsWith('disk')) await startsAllTheSame(url, stateFolder, `${crash} again`, tally)
  if (trial === 'read-only disk') disk?.remount('rw')
  rmSync(ballast, { force: true })
  const folder = join(stateFolder, 'queue', 'otlp_http', 'traces')
  if (trial === 'torn tail') tear(folder)
  if (trial === 'damaged byte') for (const name of damage(folder)) tally.damaged.add(name)
}

/** Resolves when it is gone, and its hands are off the disk. */
async function kill(sidecar: SidecarProcess): Promise<void> {
  try {
    process.kill(sidecar.pid, 'SIGKILL')
  } catch {
    // It has come to its end by itself.
  }
  await sidecar.stop()
}

/** On a disk that takes nothing it starts, sends what waits, and refuses what comes. */
async function startsAllTheSame(url: string, stateFolder: string, prefix: string, tally: Tally): Promise<void> {
  await using sidecar = await startSidecar(configFor(url, true), { stateFolder, cli })
  const load = sendUntilItDies(sidecar, prefix, tally)
  await pause(100)
  await kill(sidecar)
  await load
}

const configFor = (url: string, inGroups: boolean): object => ({
  receivers: { otlp: { protocols: { http: { endpoint: '127.0.0.1:0' } } } },
  processors: { redaction: {} },
  exporters: {
    otlp_http: {
      endpoint: url,
      timeout: '1s',
      sending_queue: {
        num_consumers: 20,
        queue_bytes_max: 48 * 1024 * 1024,
        memory_bytes_max: 100_000,
        ...(inGroups ? { batch: { min_size: 200, max_size: 400, flush_timeout: '50ms' } } : {}),
      },
      retry_on_failure: { initial_interval: '10ms', max_interval: '50ms' },
    },
  },
  service: {
    http: { endpoint: '127.0.0.1:0' },
    telemetry: { metrics: { address: '127.0.0.1:0' } },
    pipelines: { traces: { receivers: ['otlp'], processors: ['redaction'], exporters: ['otlp_http'] } },
  },
})

async function sendUntilItDies({ listening }: SidecarProcess, prefix: string, tally: Tally): Promise<void> {
  const senders = Array.from({ length: SENDERS }, async (_, sender) => {
    for (let i = 0; ; i++) {
      const count = 1 + Math.floor(Math.random() * 5)
      const names = Array.from({ length: count }, (_span, n) => `crash ${prefix} sender ${sender} batch ${i} span ${n}`)
      const spans = names.map((name) => ({ spanId: '0102030405060708', name }))
      const answer = await post(`${listening['otlp_http']}/v1/traces`, spanBatch({ spans })).catch(() => undefined)
      if (answer === undefined) return
      if (answer.status === 200) tally.acknowledged.push(...names)
      else {
        expect([answer.status, answer.headers['retry-after']]).toEqual([503, '1'])
        tally.refused++
        await pause(5)
      }
    }
  })
  await Promise.all(senders)
}

/** Leaves no byte on the disk. */
function fill(path: string): void {
  const file = openSync(path, 'w')
  for (const size of [1024 * 1024, 4096, 1]) {
    try {
      while (writeSync(file, Buffer.alloc(size)) > 0);
    } catch {
      // Full: what is left is less than this.
    }
  }
  closeSync(file)
}

const segmentsIn = (folder: string): string[] =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.wal'))
    .map((name) => join(folder, name))

/** The power goes in the middle of a write. */
function tear(folder: string): void {
  const segment = segmentsIn(folder).at(-1)
  if (segment === undefined) return
  const payload = Buffer.alloc(300, 'x')
  const record = Buffer.concat([recordHeader(payload, 3, 1_000_000, Date.now()), payload])
  appendFileSync(segment, record.subarray(0, 1 + Math.floor(Math.random() * (record.length - 1))))
}

/** A bit of a batch that waits turns round. Returns what was in it. */
function damage(folder: string): string[] {
  const candidates = segmentsIn(folder).flatMap((path) => {
    const { left, bytes } = readSegment(path)
    return left.map((record) => ({ path, record, bytes }))
  })
  const hit = candidates[Math.floor(Math.random() * candidates.length)]
  if (hit === undefined) return []
  const { offset, length } = hit.record
  const payload = hit.bytes.subarray(offset, offset + length)
  const names = spansOf(decodeOtlpProtobuf('traces', payload)).map(({ name }) => name)
  const at = offset + Math.floor(Math.random() * length)
  const file = openSync(hit.path, 'r+')
  writeSync(file, Buffer.from([(hit.bytes[at] ?? 0) ^ 4]), 0, 1, at)
  closeSync(file)
  return names
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
