/*
 * By hand: npm run build, then node test/bench/soak.ts [--minutes 60] [--share 0.5] [--entry dist/cli.js]. Our sidecar at half of what it can take, for long: memory must not
 * grow, the event loop must not stand still, and all that was answered 200 must come, although the backend is away now and then. Exit code 1 when a bar is missed.
 */
import { existsSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { agentBatches } from './agent-corpus.ts'
import { startBackend } from './backend.ts'
import { closedLoad, openLoad } from './load.ts'
import type { BenchBatch } from './load.ts'
import { median } from './median.ts'
import { cpuUs, rssBytes } from './process-usage.ts'
import { startEntry } from './start-entry.ts'

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '60' },
    share: { type: 'string', default: '0.5' },
    entry: { type: 'string', default: 'dist/cli.js' },
  },
})
const MIB = 2 ** 20
const MINUTES = Number(values.minutes)
const SLICE_MS = 60_000
const CAPACITY_MS = 10_000
const AWAY_MS = 20_000
/** In how many slices the backend is away once. */
const AWAY_EVERY = 5
const STALL_MS_MAX = 200
/** From the second tenth of the run to its end: what comes before fills caches and pools. */
const GROWTH_MIB_PER_HOUR_MAX = 10
const PROBE_MS = 100
if (!existsSync(values.entry)) throw new Error(`there is no ${values.entry}: run npm run build, or name another entry`)

const batches: BenchBatch[] = agentBatches(200, 50).map((bytes) => ({ bytes, spans: 50 }))
const backend = await startBackend()
const any = '127.0.0.1:0'
const sidecar = await startEntry(values.entry, {
  receivers: { otlp: { protocols: { http: { endpoint: any } } } },
  processors: { redaction: {}, cost: {} },
  connectors: { agent_metrics: {} },
  exporters: {
    otlp_http: {
      endpoint: backend.url,
      compression: 'none',
      retry_on_failure: { initial_interval: '200ms', max_interval: '2s' },
    },
    prometheus: { endpoint: any },
  },
  service: {
    http: { endpoint: any },
    telemetry: { metrics: { address: any } },
    pipelines: {
      traces: { receivers: ['otlp'], processors: ['redaction', 'cost'], exporters: ['agent_metrics', 'otlp_http'] },
      metrics: { receivers: ['agent_metrics'], exporters: ['prometheus'] },
    },
  },
})
const probe = startProbe(`${sidecar.listening['control'] ?? ''}/livez`)
let sent = await closedLoad(sidecar.url, batches, CAPACITY_MS)
const rate = (sent / CAPACITY_MS) * 1000 * Number(values.share)
console.log(
  `capacity ${Math.round((sent / CAPACITY_MS) * 1000)} spans/s; ${Math.round(rate)} spans/s for ${MINUTES} minutes`,
)

interface Sample {
  readonly hours: number
  readonly rss: number
}
const samples: Sample[] = []
const startMs = performance.now()
const sampling = setInterval(
  () => samples.push({ hours: (performance.now() - startMs) / 3_600_000, rss: rssBytes(sidecar.pid) / MIB }),
  1000,
)
probe.reset()
for (let slice = 1; performance.now() - startMs < MINUTES * 60_000; slice++) {
  const before = cpuUs(sidecar.pid)
  const isAway = slice % AWAY_EVERY === 2
  if (isAway) {
    backend.pause()
    setTimeout(() => backend.resume(), AWAY_MS).unref()
  }
  const { spans, answeredMs, statuses } = await openLoad(sidecar.url, batches, rate, SLICE_MS, backend)
  sent += spans
  const p99 = answeredMs.toSorted((a, b) => a - b)[Math.floor(answeredMs.length * 0.99)] ?? Number.NaN
  const rss = median(samples.slice(-60).map((sample) => sample.rss))
  console.log(
    `${String(slice).padStart(3)} min ${isAway ? 'backend away ' : ''}${spans} spans, ${((cpuUs(sidecar.pid) - before) / spans).toFixed(0)} µs/span, RSS ${rss.toFixed(0)} MiB, answered p99 ${p99.toFixed(0)} ms, ` +
      `answers ${JSON.stringify(Object.fromEntries(statuses))}, /livez slowest ${probe.worstMs().toFixed(0)} ms, event loop ${await lag()}`,
  )
}
clearInterval(sampling)
probe.stop()
await backend.until(() => backend.spans >= sent)
const settled = samples.filter(({ hours }) => hours > MINUTES / 600)
const growth = slopeOf(settled)
const own = await ownMetrics()
console.log(own.filter((line) => /queue|refused|dropped|failed|damaged/.test(line) && !line.endsWith(' 0')).join('\n'))
const exitCode = await sidecar.stop()
backend.stop()
console.log(
  `sent ${sent} spans, ${backend.spans} came (${backend.spans - sent} twice); RSS ${growth.toFixed(1)} MiB/h (bar ${GROWTH_MIB_PER_HOUR_MAX}), most ${Math.max(...samples.map(({ rss }) => rss)).toFixed(0)} MiB; ` +
    `slowest /livez ${probe.worstOfAllMs().toFixed(0)} ms (bar for the event loop ${STALL_MS_MAX} ms); exit code ${exitCode}`,
)
process.exitCode = growth <= GROWTH_MIB_PER_HOUR_MAX && exitCode === 0 ? 0 : 1

/** MiB an hour, least squares. */
function slopeOf(points: readonly Sample[]): number {
  const mean = (of: (sample: Sample) => number): number =>
    points.reduce((sum, sample) => sum + of(sample), 0) / points.length
  const x = mean(({ hours }) => hours)
  const y = mean(({ rss }) => rss)
  const over = points.reduce((sum, { hours, rss }) => sum + (hours - x) * (rss - y), 0)
  return over / points.reduce((sum, { hours }) => sum + (hours - x) ** 2, 0)
}

/** Asks whether the sidecar lives, all the time: an answer takes as long as the event loop stands still. Ours may stand still as well, so this is an upper bound. */
function startProbe(url: string): { reset(): void; worstMs(): number; worstOfAllMs(): number; stop(): void } {
  let worst = 0
  let worstOfAll = 0
  let isUnderWay = false
  const timer = setInterval(() => {
    if (isUnderWay) return
    isUnderWay = true
    const before = performance.now()
    void fetch(url)
      .then((response) => response.text())
      .catch(() => {})
      .finally(() => {
        worst = Math.max(worst, performance.now() - before)
        worstOfAll = Math.max(worstOfAll, worst)
        isUnderWay = false
      })
  }, PROBE_MS)
  return {
    reset: () => void (worst = worstOfAll = 0),
    worstMs() {
      const result = worst
      worst = 0
      return result
    },
    worstOfAllMs: () => worstOfAll,
    stop: () => clearInterval(timer),
  }
}

/** What the sidecar says of itself. */
async function lag(): Promise<string> {
  const lines = (await ownMetrics()).filter((line) => /event_?loop/.test(line))
  return lines.length === 0 ? 'not told' : lines.map((line) => line.replace(/^\S*event_?loop_?/, '')).join(', ')
}

async function ownMetrics(): Promise<string[]> {
  const text = await (await fetch(sidecar.listening['own_metrics'] ?? '')).text()
  return text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
}
