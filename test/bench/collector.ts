/*
 * By hand: npm run build, then node test/bench/collector.ts [--rounds 5] [--seconds 4] [--entry dist/cli.js]. Our sidecar beside the stock collector, both with a queue on disk
 * that is synced, redaction, metrics of spans, and OTLP/HTTP to the same backend. They run by turns; what counts is the CPU time of each process per span, which other work on
 * the machine changes little. Then what a batch waits below half load, memory, the start, and whether cost stays in proportion for many attributes and large bodies.
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { goCommand } from '../support/go-program.ts'
import { freePort, startStockCollector } from '../support/stock-collector.ts'
import { agentBatches } from './agent-corpus.ts'
import { startBackend } from './backend.ts'
import { commonPatterns, vendorPatterns } from './equal-patterns.ts'
import { closedLoad, openLoad } from './load.ts'
import type { BenchBatch } from './load.ts'
import { median } from './median.ts'
import { cpuUs, rssBytes } from './process-usage.ts'
import { smallBatches, wideBatches } from './small-corpus.ts'
import { startEntry } from './start-entry.ts'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '4' },
    entry: { type: 'string', default: 'dist/cli.js' },
  },
})
const ROUNDS = Number(values.rounds)
const ROUND_MS = Number(values.seconds) * 1000
const IDLE_MS = 3000
const MIB = 2 ** 20
if (!existsSync(values.entry)) throw new Error(`there is no ${values.entry}: run npm run build, or name another entry`)

interface Side {
  readonly name: string
  readonly pid: number
  readonly url: string
  readonly startMs: number
  readonly startCpuMs: number
  stop(): Promise<unknown>
}

const state = mkdtempSync(join(tmpdir(), 'spanwarden-bench-'))
const backend = await startBackend()
const agents: BenchBatch[] = agentBatches(40, 50).map((bytes) => ({ bytes, spans: 50 }))
const small = smallBatches(40, 200)

try {
  console.log(
    `${ROUNDS} rounds of ${ROUND_MS} ms each, medians; agent spans of ${bytesPerSpan(agents)} bytes, small ones of ${bytesPerSpan(small)}`,
  )
  await compare('agent traces with content', agents, [
    ours('redaction'),
    stock('15 common patterns', commonPatterns),
    stock('and all vendors’ keys', [...commonPatterns, ...vendorPatterns()]),
  ])
  await compare('small spans, nothing to redact', small, [ours(undefined), stock('no redaction', undefined)])
  await proportion()
} finally {
  backend.stop()
  rmSync(state, { recursive: true, force: true })
}

type StartSide = () => Promise<Side>

async function compare(title: string, batches: readonly BenchBatch[], starts: readonly StartSide[]): Promise<void> {
  console.log(`\n${title}`)
  const sides: Side[] = []
  for (const start of starts) sides.push(await start())
  await new Promise((resolve) => setTimeout(resolve, IDLE_MS))
  const idle = sides.map(({ pid }) => rssBytes(pid) / MIB)
  const costs = sides.map((): number[] => [])
  const rss = sides.map(() => 0)
  const perSecond = sides.map(() => 0)
  for (let round = -1; round < ROUNDS; round++) {
    for (const [i, side] of sides.entries()) {
      const measured = await measure(side, batches)
      rss[i] = Math.max(rss[i] ?? 0, measured.rss)
      if (round < 0) continue
      costs[i]?.push(measured.usPerSpan)
      perSecond[i] = Math.max(perSecond[i] ?? 0, measured.spansPerSecond)
    }
  }
  const [first] = costs
  for (const [i, side] of sides.entries()) {
    const us = median(costs[i])
    const late = await latencies(side, batches, (perSecond[i] ?? 0) * 0.4)
    const spread = `${Math.min(...(costs[i] ?? [])).toFixed(1)}–${Math.max(...(costs[i] ?? [])).toFixed(1)}`
    console.log(
      `  ${side.name.padEnd(38)} ${us.toFixed(1).padStart(7)} µs/span (${spread}) = ${Math.round(1e6 / us)} spans/s per core; ours is ${(us / median(first)).toFixed(2)} ×; ` +
        `RSS ${(idle[i] ?? 0).toFixed(0)} idle, ${((rss[i] ?? 0) / MIB).toFixed(0)} MiB; answered p50 ${late.answered.p50} p99 ${late.answered.p99} ms, at the backend p50 ${late.arrived.p50} p99 ${late.arrived.p99} ms at 40 %; start ${side.startMs.toFixed(0)} ms, ${side.startCpuMs.toFixed(0)} of the CPU`,
    )
  }
  for (const side of sides) await side.stop()
}

/** One round: all that was sent has come to the backend at its end, so all work is counted. */
async function measure(
  { pid, url }: Side,
  batches: readonly BenchBatch[],
): Promise<{ usPerSpan: number; rss: number; spansPerSecond: number }> {
  const before = cpuUs(pid)
  const arrivedBefore = backend.spans
  let rss = 0
  const poll = setInterval(() => (rss = Math.max(rss, rssBytes(pid))), 100)
  const startMs = performance.now()
  const spans = await closedLoad(url, batches, ROUND_MS)
  await backend.until(() => backend.spans - arrivedBefore >= spans)
  const seconds = (performance.now() - startMs) / 1000
  clearInterval(poll)
  return { usPerSpan: (cpuUs(pid) - before) / spans, rss, spansPerSecond: spans / seconds }
}

async function latencies(
  side: Side,
  batches: readonly BenchBatch[],
  spansPerSecond: number,
): Promise<Record<'answered' | 'arrived', Record<'p50' | 'p99', string>>> {
  const { answeredMs, arrivedMs } = await openLoad(side.url, batches, spansPerSecond, 2 * ROUND_MS, backend)
  const at = (all: readonly number[], share: number): string =>
    (all.toSorted((a, b) => a - b)[Math.floor(all.length * share)] ?? Number.NaN).toFixed(1)
  return {
    answered: { p50: at(answeredMs, 0.5), p99: at(answeredMs, 0.99) },
    arrived: { p50: at(arrivedMs, 0.5), p99: at(arrivedMs, 0.99) },
  }
}

/** Cost per attribute and per byte, where there are many. */
async function proportion(): Promise<void> {
  console.log('\nin proportion? (ours, redaction on)')
  const side = await ours('redaction')()
  for (const [attributes, spans] of [
    [10, 400],
    [100, 40],
    [500, 8],
    [2000, 2],
  ] as const) {
    const { usPerSpan } = await measureMedian(side, wideBatches(20, spans, attributes))
    console.log(
      `  ${String(attributes).padStart(5)} attributes a span: ${usPerSpan.toFixed(1)} µs/span, ${((usPerSpan / attributes) * 1000).toFixed(0)} ns an attribute`,
    )
  }
  for (const mib of [1, 5, 19]) {
    const spans = Math.round((mib * MIB) / 3800)
    const batches = agentBatches(2, spans).map((bytes) => ({ bytes, spans }))
    const { usPerSpan, rss } = await measureMedian(side, batches)
    console.log(
      `  bodies of ${((batches[0]?.bytes.length ?? 0) / MIB).toFixed(1)} MiB: ${((usPerSpan / bytesPerSpan(batches)) * 1000).toFixed(1)} ns a byte, RSS ${(rss / MIB).toFixed(0)} MiB`,
    )
  }
  await side.stop()
}

async function measureMedian(side: Side, batches: readonly BenchBatch[]): Promise<{ usPerSpan: number; rss: number }> {
  const rounds: { usPerSpan: number; rss: number }[] = []
  for (let i = 0; i < 3; i++) rounds.push(await measure(side, batches))
  return { usPerSpan: median(rounds.map(({ usPerSpan }) => usPerSpan)), rss: Math.max(...rounds.map(({ rss }) => rss)) }
}

function ours(redaction: 'redaction' | undefined): StartSide {
  return async () => {
    const any = '127.0.0.1:0'
    const processors = redaction === undefined ? {} : { processors: { redaction: {} } }
    // Of spans that are no agent's there would be nothing to measure.
    const metrics = redaction === undefined ? 'span_metrics' : 'agent_metrics'
    const sidecar = await startEntry(values.entry, {
      receivers: { otlp: { protocols: { http: { endpoint: any } } } },
      ...processors,
      connectors: { [metrics]: {} },
      exporters: { otlp_http: { endpoint: backend.url, compression: 'none' }, prometheus: { endpoint: any } },
      service: {
        http: { endpoint: any },
        telemetry: { metrics: { address: any } },
        pipelines: {
          traces: {
            receivers: ['otlp'],
            processors: Object.keys(processors.processors ?? {}),
            exporters: [metrics, 'otlp_http'],
          },
          metrics: { receivers: [metrics], exporters: ['prometheus'] },
        },
      },
    })
    return { name: redaction === undefined ? 'spanwarden' : 'spanwarden, its default rules', ...sidecar }
  }
}

function stock(name: string, patterns: readonly string[] | undefined): StartSide {
  return async () => {
    if (goCommand === undefined) throw new Error('the stock collector is built from Go modules, and there is no go')
    const port = await freePort()
    const processors =
      patterns === undefined
        ? {}
        : { processors: { redaction: { allow_all_keys: true, blocked_values: patterns, summary: 'silent' } } }
    const collector = await startStockCollector({
      receivers: { otlp: { protocols: { http: { endpoint: `127.0.0.1:${port}` } } } },
      ...processors,
      connectors: { span_metrics: {} },
      exporters: {
        otlp_http: { endpoint: backend.url, compression: 'none', sending_queue: { storage: 'file_storage' } },
        'otlp_http/metrics': { endpoint: backend.url, compression: 'none' },
      },
      extensions: { file_storage: { directory: mkdtempSync(join(state, 'stock-')), fsync: true } },
      service: {
        extensions: ['file_storage'],
        telemetry: { metrics: { level: 'none' } },
        pipelines: {
          traces: {
            receivers: ['otlp'],
            processors: Object.keys(processors.processors ?? {}),
            exporters: ['span_metrics', 'otlp_http'],
          },
          metrics: { receivers: ['span_metrics'], exporters: ['otlp_http/metrics'] },
        },
      },
    })
    return {
      name: `stock collector, ${name}`,
      pid: collector.pid,
      url: `http://127.0.0.1:${port}`,
      startMs: collector.startMs,
      startCpuMs: cpuUs(collector.pid) / 1000,
      stop: () => collector.stop(),
    }
  }
}

function bytesPerSpan(batches: readonly BenchBatch[]): number {
  const bytes = batches.reduce((sum, batch) => sum + batch.bytes.length, 0)
  return Math.round(bytes / batches.reduce((sum, batch) => sum + batch.spans, 0))
}
