/*
 * By hand: `node test/bench/proxy.ts`. HTTP in → redact → metrics → HTTP out, against a plain node:http proxy that pipes the same requests without looking.
 * Both run as processes of their own between the same load and the same backend, by turns; what counts is the CPU time of the process per span.
 * Both acknowledge a request after the backend has (`wait_for_result`): with a queue in between, more batches would be in memory at a time than in the
 * proxy. A second sidecar without `fast_read` shows what reading past node:http is worth.
 */
import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { Agent, request } from 'node:http'
import { fileURLToPath } from 'node:url'
import { startSidecar } from '../support/sidecar-process.ts'
import type { SidecarProcess } from '../support/sidecar-process.ts'
import { corpus } from './corpus.ts'
import { median } from './median.ts'

const CONNECTIONS = 4
const ROUNDS = 7
const WARM_UP_ROUNDS = 2
const BATCHES = Number(process.argv[2] ?? 600)
const SHARE_MIN = 0.4

const batches = corpus(40)
const bytesPerSpan =
  batches.reduce((sum, { bytes }) => sum + bytes.length, 0) / batches.reduce((sum, { spans }) => sum + spans, 0)

const backend = await startChild('discard-server.ts')
const backendUrl = `http://127.0.0.1:${backend.port}`
const plain = await startChild('plain-proxy.ts', backendUrl)
const sidecar = await start({ fast_read: true })
const byNode = await start({ fast_read: false })

const sides = {
  'plain proxy': { url: `http://127.0.0.1:${plain.port}`, cpuUs: () => cpuOf(plain.child) },
  spanwarden: { url: sidecar.listening['otlp_http'] ?? '', cpuUs: () => cpuOfSidecar(sidecar) },
  'by node:http': { url: byNode.listening['otlp_http'] ?? '', cpuUs: () => cpuOfSidecar(byNode) },
}
const cpuPerSpan = new Map<string, number[]>()
for (let round = 0; round < ROUNDS + WARM_UP_ROUNDS; round++) {
  for (const [name, side] of Object.entries(sides)) {
    const before = await side.cpuUs()
    const startMs = performance.now()
    const spans = await load(side.url)
    const us = ((await side.cpuUs()) - before) / spans
    const wallMs = performance.now() - startMs
    if (round >= WARM_UP_ROUNDS) cpuPerSpan.set(name, [...(cpuPerSpan.get(name) ?? []), us])
    const label = round < WARM_UP_ROUNDS ? 'warm-up' : `round ${round - WARM_UP_ROUNDS + 1}`
    console.log(
      `${label.padEnd(9)} ${name.padEnd(12)} ${us.toFixed(2)} µs CPU/span, ${(spans / wallMs).toFixed(0)}k spans/s by the clock`,
    )
  }
}
const medians = Object.keys(sides).map((name) => [name, median(cpuPerSpan.get(name))] as const)
for (const [name, us = NaN] of medians) {
  console.log(
    `${name.padEnd(12)} ${us.toFixed(2)} µs/span: ${(1000 / us).toFixed(0)}k spans/s, ${(bytesPerSpan / us).toFixed(0)} MB/s per core (median of ${ROUNDS})`,
  )
}
const [proxyUs, sidecarUs] = medians.map(([, us]) => us)
const share = (proxyUs ?? NaN) / (sidecarUs ?? NaN)
console.log(
  `share of the plain proxy: ${(share * 100).toFixed(0)} % (bar: ${SHARE_MIN * 100} %); ${bytesPerSpan.toFixed(0)} bytes a span`,
)

await sidecar.stop()
await byNode.stop()
for (const { child } of [plain, backend]) child.disconnect()
process.exitCode = share >= SHARE_MIN ? 0 : 1

function start(http: { fast_read: boolean }): Promise<SidecarProcess> {
  return startSidecar({
    receivers: { otlp: { protocols: { http: { endpoint: '127.0.0.1:0', ...http } } } },
    processors: { redaction: {} },
    connectors: { agent_metrics: {} },
    exporters: {
      otlp_http: { endpoint: backendUrl, sending_queue: { num_consumers: CONNECTIONS, wait_for_result: true } },
      prometheus: { endpoint: '127.0.0.1:0' },
    },
    service: {
      http: { endpoint: '127.0.0.1:0' },
      telemetry: { metrics: { address: '127.0.0.1:0' } },
      pipelines: {
        traces: { receivers: ['otlp'], processors: ['redaction'], exporters: ['agent_metrics', 'otlp_http'] },
        metrics: { receivers: ['agent_metrics'], exporters: ['prometheus'] },
      },
    },
  })
}

/** Posts the corpus over some connections, each sending its next batch when the last one is answered. Returns the number of spans. */
async function load(url: string): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS })
  let next = 0
  let spans = 0
  const connection = async (): Promise<void> => {
    for (let i = next++; i < BATCHES; i = next++) {
      const batch = batches[i % batches.length]
      if (batch === undefined) return
      await post(url, agent, batch.bytes)
      spans += batch.spans
    }
  }
  await Promise.all(Array.from({ length: CONNECTIONS }, connection))
  agent.destroy()
  return spans
}

function post(url: string, agent: Agent, body: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/x-protobuf', 'content-length': body.length }
    const outgoing = request(`${url}/v1/traces`, { method: 'POST', agent, headers }, (response) => {
      response
        .resume()
        .on('end', () => (response.statusCode === 200 ? resolve() : reject(new Error(`HTTP ${response.statusCode}`))))
    })
    outgoing.on('error', reject).end(body)
  })
}

async function startChild(file: string, ...args: string[]): Promise<{ child: ChildProcess; port: number }> {
  const child = fork(fileURLToPath(new URL(file, import.meta.url)), args)
  const [message] = (await once(child, 'message')) as [{ port: number }]
  return { child, port: message.port }
}

async function cpuOf(child: ChildProcess): Promise<number> {
  const answer = once(child, 'message') as Promise<[{ cpuUs: number }]>
  child.send('cpu')
  return (await answer)[0].cpuUs
}

async function cpuOfSidecar({ listening }: SidecarProcess): Promise<number> {
  const text = await (await fetch(listening['own_metrics'] ?? '')).text()
  const seconds = /^otelcol_process_cpu_seconds (\S+)$/m.exec(text)?.[1]
  return Number(seconds ?? NaN) * 1e6
}
