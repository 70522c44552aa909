import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeEach, describe, expect, test } from 'vitest'
import { startOtlpSink } from '../../test/support/otlp-sink.ts'
import { runNode } from '../../test/support/run-node.ts'
import { spanBatch } from '../../test/support/span-batch.ts'
import { queueFolder } from '../sidecar/queue/open-queue-storage.ts'
import { WriteAheadLog } from '../sidecar/queue/write-ahead-log.ts'

const entry = fileURLToPath(new URL('../cli.ts', import.meta.url))
const EXPORTER = 'otlp_http/backend'
const STORED_MS = Date.UTC(2026, 10, 21)
let stateFolder = ''

const queue = (...args: string[]) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [entry, 'queue', ...args], {
    env: { ...process.env, SPANWARDEN_STATE_DIR: stateFolder },
    encoding: 'utf8',
  })
  return { status, stdout, stderr }
}

beforeEach(async () => {
  stateFolder = mkdtempSync(join(tmpdir(), 'spanwarden-queue-'))
  await leaveBatches(stateFolder, EXPORTER)
})

/** Two batches wait, as a sidecar leaves them. */
async function leaveBatches(folder: string, id: string): Promise<void> {
  const log = new WriteAheadLog({
    folder: queueFolder(join(folder, 'queue'), id, 'traces'),
    signal: 'traces',
    segmentBytes: 1e6,
    memoryBytesMax: 0,
    isSynced: false,
    onProblem: () => {},
  })
  for (const names of [['one'], ['two', 'three']]) {
    const bytes = spanBatch({ spans: names.map((name) => ({ spanId: '0102030405060708', name })) })
    const payload = { signal: 'traces' as const, bytes, items: names.length, retain: () => payload, release: () => {} }
    await log.put(payload, STORED_MS)
  }
  await log.close()
}

describe('spanwarden queue', () => {
  test('shows what waits, by exporter and signal', () => {
    const [head, row] = queue().stdout.split('\n')
    expect(head).toMatch(/^exporter +signal +batches +items +bytes +oldest$/)
    expect(row).toMatch(/^otlp_http\/backend +traces +2 +3 +\d+ +2026-11-21T00:00:00/)
    expect(JSON.parse(queue('--json').stdout)).toMatchObject([{ exporter: EXPORTER, batches: 2, items: 3 }])
    stateFolder = join(stateFolder, 'nothing')
    expect(queue()).toEqual({ status: 0, stdout: 'No exporter has a queue on disk here.\n', stderr: '' })
  })

  test('also what tail_sampling holds, and what a worker left that is there no more', async () => {
    await leaveBatches(join(stateFolder, 'sampling'), 'tail_sampling@traces')
    await leaveBatches(join(stateFolder, 'workers', '7'), EXPORTER)
    const rows: { exporter: string; batches: number }[] = JSON.parse(queue('--json').stdout)
    expect(rows.map(({ exporter, batches }) => [exporter, batches])).toEqual([
      [EXPORTER, 2],
      ['tail_sampling@traces', 2],
      [EXPORTER, 2],
    ])
    // Two of one name: the folder tells them apart.
    expect(queue().stdout.trimEnd().split('\n').at(-1)).toMatch(/ \S+[\\/]workers[\\/]7[\\/]queue[\\/]\S+$/)
    expect(queue('verify').stdout).toMatch(/^tail_sampling@traces traces: 2 sound batches wait$/m)
  })

  test('with a configuration: also those in the directories of its file_storage extensions', () => {
    const config = {
      receivers: { otlp: { protocols: { http: {} } } },
      exporters: { [EXPORTER]: { endpoint: 'http://127.0.0.1:1', sending_queue: { storage: 'file_storage' } } },
      extensions: { file_storage: { directory: join(stateFolder, 'queue') } },
      service: {
        state_folder: join(stateFolder, 'elsewhere'),
        extensions: ['file_storage'],
        pipelines: { traces: { receivers: ['otlp'], exporters: [EXPORTER] } },
      },
    }
    const { stdout } = queue('--json', '--config', `yaml:${JSON.stringify(config)}`)
    expect(JSON.parse(stdout)).toMatchObject([{ exporter: EXPORTER, batches: 2 }])
  })

  test('verify finds a damaged byte: exit code 1', () => {
    expect(queue('verify')).toMatchObject({ status: 0, stdout: `${EXPORTER} traces: 2 sound batches wait\n` })
    const folder = queueFolder(join(stateFolder, 'queue'), EXPORTER, 'traces')
    const file = join(folder, readdirSync(folder).find((name) => name.endsWith('.wal')) ?? '')
    const bytes = readFileSync(file)
    bytes.write('ONE', bytes.indexOf('one'))
    writeFileSync(file, bytes)
    expect(queue('verify')).toMatchObject({
      status: 1,
      stdout: `${EXPORTER} traces: 1 sound batches wait; damaged in 1 places: what stood there is lost\n`,
    })
  })

  test('inspect prints batches as OTLP/JSON, one a line', () => {
    const lines = queue('inspect').stdout.trimEnd().split('\n')
    expect(lines.map((line) => Object.keys(JSON.parse(line)))).toEqual([['resourceSpans'], ['resourceSpans']])
    expect(lines[1]).toContain('"three"')
    expect(queue('inspect', EXPORTER, '--batches', '1').stdout.trimEnd().split('\n')).toHaveLength(1)
    expect(queue('inspect', 'other')).toMatchObject({
      status: 2,
      stderr: expect.stringContaining(`there are ${EXPORTER}`),
    })
  })

  test('drain sends what waits, and says what a backend did not take', async () => {
    await using sink = await startOtlpSink()
    const config = (url: string, exporter: string): string =>
      `yaml:${JSON.stringify({
        receivers: { otlp: { protocols: { http: { endpoint: '127.0.0.1:0' } } } },
        exporters: { [exporter]: { endpoint: url } },
        service: { pipelines: { traces: { receivers: ['otlp'], exporters: [exporter] } } },
      })}`
    const env = { SPANWARDEN_STATE_DIR: stateFolder }
    const drain = (url: string, exporter = EXPORTER) =>
      runNode([entry, 'queue', 'drain', '--timeout', '1', '--config', config(url, exporter)], { cwd: stateFolder, env })
    const ofOther = await drain(sink.url, 'otlp_http/other')
    expect(ofOther.code).toBe(1)
    expect(ofOther.stdout).toMatch(
      new RegExp(
        `^3 items \\(traces\\) are left in .*, which is no queue of this configuration: name ${EXPORTER} in it`,
      ),
    )
    expect(await drain('http://127.0.0.1:1')).toMatchObject({
      code: 1,
      stdout: '3 items are left: their backends did not take them.\n',
    })
    expect(await drain(sink.url)).toMatchObject({ code: 0, stdout: 'The queues are empty.\n' })
    expect(sink.spans.map(({ name }) => name).toSorted()).toEqual(['one', 'three', 'two'])
    expect(queue().stdout).toContain(' 0 ')
  })

  test.each([['sow'], ['drain', 'x'], ['inspect', '--batches', '0'], ['drain', '--timeout', 'x']])(
    'wrong usage: %s %s %s',
    (...args) => {
      expect(queue(...args.filter((arg) => arg !== undefined)).status).toBe(2)
    },
  )
})
