import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { stringify } from 'yaml'
import { startOtlpSink } from '../../test/support/otlp-sink.ts'
import { post } from '../../test/support/post.ts'
import { projectFolder } from '../../test/support/run-agent.ts'
import { startSidecar } from '../../test/support/sidecar-process.ts'
import { spanBatch } from '../../test/support/span-batch.ts'
import { until } from '../../test/support/until.ts'

const configFor = (url: string, service: object = {}): object => ({
  receivers: { otlp: { protocols: { http: { endpoint: '127.0.0.1:0' }, grpc: { endpoint: '127.0.0.1:0' } } } },
  exporters: { otlp_http: { endpoint: url } },
  service: {
    http: { endpoint: '127.0.0.1:0' },
    telemetry: { metrics: { address: '127.0.0.1:0' }, logs: { encoding: 'json' } },
    pipelines: { traces: { receivers: ['otlp'], exporters: ['otlp_http'] } },
    ...service,
  },
})
const batch = spanBatch({ spans: [{ spanId: '0102030405060708' }] })

test('SIGTERM: what was answered 200 is with the backend, exit code 0', async () => {
  await using sink = await startOtlpSink()
  await using sidecar = await startSidecar(configFor(sink.url))
  const url = `${sidecar.listening['otlp_http']}/v1/traces`
  const answers = await Promise.all(Array.from({ length: 50 }, () => post(url, batch)))
  expect(answers.every(({ status }) => status === 200)).toBe(true)
  expect(await sidecar.stop()).toBe(0)
  expect(sink.spans).toHaveLength(50)
  const lines: { level: string; msg: string }[] = sidecar.output
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  expect(lines.map(({ msg }) => msg)).toEqual(['the sidecar is ready', 'the sidecar stops', 'the sidecar has stopped'])
})

test('a backend that takes nothing from a queue in memory: exit code 1 and an error in the log', async () => {
  await using sink = await startOtlpSink({ refuse: () => true })
  const config = configFor(sink.url, { shutdown_timeout: '100ms' })
  const exporters = { otlp_http: { endpoint: sink.url, sending_queue: { storage: 'memory' } } }
  await using sidecar = await startSidecar({ ...config, exporters })
  await post(`${sidecar.listening['otlp_http']}/v1/traces`, batch)
  expect(await sidecar.stop()).toBe(1)
  expect(sidecar.output).toContain('"lost_items":1')
})

test('nobody reads its log any more: it works on, and ends in order', async () => {
  await using sink = await startOtlpSink()
  const folder = mkdtempSync(join(tmpdir(), 'spanwarden-unread-'))
  const configFile = join(folder, 'config.yaml')
  writeFileSync(configFile, stringify(configFor(sink.url)))
  const child = spawn(process.execPath, [`${projectFolder}src/cli.ts`, 'collect', '--config', configFile], {
    env: { PATH: process.env['PATH'], SPANWARDEN_STATE_DIR: join(folder, 'state') },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
  const [{ listening }] = (await once(child, 'message')) as [{ listening: Record<string, string> }]
  child.stdout?.destroy()
  child.stderr?.destroy()
  // Each is a line in the log.
  for (let i = 0; i < 3; i += 1) {
    writeFileSync(configFile, `service: [${i}]\n`)
    child.kill('SIGHUP')
    await until(async () => (await fetch(`${listening['control']}/readyz`)).ok)
  }
  expect((await post(`${listening['otlp_http']}/v1/traces`, batch)).status).toBe(200)
  child.kill('SIGTERM')
  expect(await once(child, 'exit')).toEqual([0, null])
  expect(sink.spans).toHaveLength(1)
})

test('a port that is taken: exit code 1, with the address', async () => {
  await using sink = await startOtlpSink()
  const { host } = new URL(sink.url)
  await expect(startSidecar(configFor(sink.url, { http: { endpoint: host } }))).rejects.toThrow(
    `service.http.endpoint: listen EADDRINUSE: address already in use ${host}; does another sidecar run?`,
  )
})

test('a fault ends the sidecar in order, and the log does not quote its message', async () => {
  await using sink = await startOtlpSink()
  const fault = `data:text/javascript,process.on('SIGUSR2',()=>{throw new Error('secret'+'-text')})`
  const config = `yaml:${JSON.stringify(configFor(sink.url))}`
  const { PATH, HOME } = process.env
  const child = spawn(
    process.execPath,
    ['--import', fault, `${projectFolder}src/cli.ts`, 'collect', '--config', config],
    {
      env: { PATH, HOME, SPANWARDEN_STATE_DIR: mkdtempSync(join(tmpdir(), 'spanwarden-fault-')) },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  )
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (output += text))
  await until(() => output.includes('the sidecar is ready'))
  const [, url = ''] = /"otlp_http":"(.*?)"/.exec(output) ?? []
  expect((await post(`${url}/v1/traces`, batch)).status).toBe(200)
  child.kill('SIGUSR2')
  const [code]: unknown[] = await once(child, 'close')
  expect([code, sink.spans.length]).toEqual([1, 1])
  expect(output).toContain('a fault of the sidecar')
  expect(output).not.toContain('secret-text')
})
