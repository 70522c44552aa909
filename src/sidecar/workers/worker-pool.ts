import cluster from 'node:cluster'
import type { Worker } from 'node:cluster'
import { Duplex } from 'node:stream'
import type { Clock, Logger } from '../component.ts'
import type { HealthReason, QueueFigures } from '../health.ts'
import type { LogEntry } from '../log.ts'
import type { LabelledMetrics, OwnMetricsRegistry } from '../own-metrics.ts'
import { withinTime } from '../stop-all.ts'
import type { BatchFrame } from './frames.ts'
import { answerBatches } from './link-end.ts'
import { isReport, LINK_FD, WORKER_VARIABLE } from './messages.ts'
import type { Report, Request } from './messages.ts'

export interface WorkerPoolOptions {
  readonly count: number
  /** The program and its arguments; a worker knows by its environment that it is one. */
  readonly exec: string
  readonly args: readonly string[]
  readonly clock: Clock
  readonly logger: Logger
  readonly metrics: OwnMetricsRegistry
  /** A batch of a worker; rejects with RefusedError. */
  take(batch: BatchFrame): Promise<void>
  onLog(entry: LogEntry): void
}

const RESTART_MS_MIN = 1000
const RESTART_MS_MAX = 30_000
/** A worker that has run so long has not failed at its start. */
const STEADY_MS = 60_000
/** A scrape does not wait longer for a worker; the others are shown without it. */
const METRICS_TIMEOUT_MS = 1000
const RELOAD_TIMEOUT_MS = 60_000

interface Place {
  readonly number: number
  worker: Worker | undefined
  startedMs: number
  failures: number
  isReady: boolean
  listening: Readonly<Record<string, string>>
  reasons: readonly HealthReason[]
  queues: readonly QueueFigures[]
  cancelRestart: () => void
}

/**
 * The workers of a sidecar: processes that share its ports, each with pipelines and queues of its own. One that ends is started again, with growing waits, and sends
 * what waits in its queues. The first process accepts connections and gives them out in turn (node:cluster), so that a few long ones are spread evenly.
 */
export class WorkerPool {
  readonly #options: WorkerPoolOptions
  readonly #places: readonly Place[]
  readonly #asked = new Map<number, (report: Report | undefined) => void>()
  readonly #restarts
  #lastNumber = 0
  #hasStarted = false
  #isStopping = false
  #failed = 0

  constructor(options: WorkerPoolOptions) {
    this.#options = options
    this.#places = Array.from({ length: options.count }, (_, i) => ({
      number: i + 1,
      worker: undefined,
      startedMs: 0,
      failures: 0,
      isReady: false,
      listening: {},
      reasons: [],
      queues: [],
      cancelRestart: () => {},
    }))
    this.#restarts = options.metrics.counter('spanwarden_worker_restarts', 'Workers that ended and were started again.')
    for (const place of this.#places) {
      const labels = { worker: String(place.number) }
      options.metrics.gauge('spanwarden_worker_up', 'Whether the worker runs and listens.', labels, () =>
        place.isReady ? 1 : 0,
      )
    }
  }

  /** Resolves when all listen. Throws when one ends before. */
  async start(): Promise<void> {
    const { exec, args } = this.#options
    cluster.setupPrimary({
      exec,
      args: [...args],
      // What workers print is the log's.
      stdio: ['ignore', 'inherit', 'inherit', 'ipc', 'pipe'],
    })
    await Promise.all(this.#places.map((place) => this.#fork(place)))
    this.#hasStarted = true
  }

  hasStarted(): boolean {
    return this.#hasStarted
  }

  queues(): readonly QueueFigures[] {
    return this.#places.flatMap(({ queues }) => queues)
  }

  listening(): Readonly<Record<string, string>> {
    return Object.assign({}, ...this.#places.map(({ listening }) => listening))
  }

  reasons(): readonly HealthReason[] {
    return this.#places.flatMap(({ number, isReady, reasons }) => {
      const component = `worker ${number}`
      if (!isReady)
        return [{ code: 'worker_down', component, message: `${component} does not run; it is started again` }]
      return reasons.map((reason) => ({ ...reason, message: `${component}: ${reason.message}` }))
    })
  }

  /** Of each worker that answers in time. */
  async metrics(): Promise<readonly LabelledMetrics[]> {
    const all = await Promise.all(
      this.#places.map(async (place): Promise<LabelledMetrics[]> => {
        const report = await this.#ask(place, 'metrics', METRICS_TIMEOUT_MS)
        return report?.say === 'metrics' ? [{ metrics: report.metrics, labels: { worker: String(place.number) } }] : []
      }),
    )
    return all.flat()
  }

  /** One after the other. Throws when the first one can't; another one that can't is started anew. */
  async reload(): Promise<void> {
    for (const [i, place] of this.#places.entries()) {
      const report = await this.#ask(place, 'reload', RELOAD_TIMEOUT_MS)
      if (report?.say === 'reload' && report.reloaded.result !== 'failed') continue
      const problem =
        report?.say === 'reload' && report.reloaded.result === 'failed' ? report.reloaded.problem : 'no answer'
      if (i === 0) throw new Error(`worker ${place.number}: ${problem}`)
      place.worker?.process.kill('SIGTERM')
    }
  }

  /** Lets them send what they have, `timeoutMs` at most. Returns how many did not end well. */
  async stop(timeoutMs: number): Promise<number> {
    this.#isStopping = true
    const ends = this.#places.map(async ({ worker, cancelRestart }) => {
      cancelRestart()
      if (worker === undefined || worker.isDead()) return
      const ended = new Promise((resolve) => worker.once('exit', resolve))
      if (worker.isConnected()) worker.send({ ask: 'stop' } satisfies Request)
      await withinTime(ended, timeoutMs, this.#options.clock)
      if (worker.isDead()) return
      worker.process.kill('SIGKILL')
      await ended
    })
    await Promise.all(ends)
    return this.#failed
  }

  /** Resolves when it listens; rejects when it ends before. */
  #fork(place: Place): Promise<void> {
    const { clock, take } = this.#options
    const worker = cluster.fork({ [WORKER_VARIABLE]: String(place.number) })
    place.worker = worker
    place.startedMs = clock.monotonic()
    const link = worker.process.stdio[LINK_FD]
    if (link instanceof Duplex) answerBatches(link, take)
    return new Promise((resolve, reject) => {
      worker.on('message', (message: unknown) => {
        if (!isReport(message)) return
        if (message.say === 'ready') resolve()
        this.#heard(place, message)
      })
      worker.on('exit', (code, signal) => {
        reject(new Error(`worker ${place.number} could not start`))
        this.#ended(place, code, signal)
      })
      worker.on('error', () => {})
    })
  }

  #heard(place: Place, report: Report): void {
    if (report.say === 'ready') {
      place.isReady = true
      place.listening = report.listening
    } else if (report.say === 'health') {
      place.reasons = report.reasons
      place.queues = report.queues
    } else if (report.say === 'log') this.#options.onLog(report.entry)
    else this.#asked.get(report.number)?.(report)
  }

  #ended(place: Place, code: number | null, signal: string | null): void {
    const { clock, logger } = this.#options
    const wasReady = place.isReady
    place.isReady = false
    place.worker = undefined
    if (this.#isStopping) {
      if (code !== 0) this.#failed++
      return
    }
    // Before the first is ready, the start fails as a whole.
    if (!wasReady && place.failures === 0) return
    place.failures = clock.monotonic() - place.startedMs > STEADY_MS ? 1 : place.failures + 1
    const waitMs = Math.min(RESTART_MS_MAX, RESTART_MS_MIN * 2 ** (place.failures - 1))
    logger.error({ worker: place.number, code, signal, wait_ms: waitMs }, 'a worker has ended; it is started again')
    place.cancelRestart = clock.after(waitMs, () => {
      this.#restarts.add(1)
      this.#fork(place).catch(() => {})
    })
  }

  #ask(place: Place, ask: 'metrics' | 'reload', timeoutMs: number): Promise<Report | undefined> {
    const { worker, isReady } = place
    if (worker === undefined || !isReady || !worker.isConnected()) return Promise.resolve(undefined)
    const number = ++this.#lastNumber
    return new Promise((resolve) => {
      const settle = (report: Report | undefined): void => {
        cancel()
        worker.off('exit', ended)
        this.#asked.delete(number)
        resolve(report)
      }
      const ended = (): void => settle(undefined)
      const cancel = this.#options.clock.after(timeoutMs, ended)
      worker.once('exit', ended)
      this.#asked.set(number, settle)
      worker.send({ ask, number } satisfies Request)
    })
  }
}
