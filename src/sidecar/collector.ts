import { mkdirSync } from 'node:fs'
import { PowerOfTwoPool } from './buffer-pool.ts'
import { buildCollector } from './build-collector.ts'
import type { CollectorEnvironment, CollectorParts } from './build-collector.ts'
import type { ComponentContext, Listens } from './component.ts'
import type { SidecarConfig } from './config.ts'
import { hostAndPort } from './config-types.ts'
import { ControlServer } from './control-server.ts'
import type { ComponentHealth, Health } from './control-server.ts'
import { OwnMetricsServer } from './own-metrics-server.ts'
import { OwnMetricsRegistry } from './own-metrics.ts'
import { addProcessMetrics } from './process-metrics.ts'
import { readSpool } from './receivers/otlp/read-spool.ts'
import { Services } from './services.ts'

interface Running {
  start?(): Promise<void> | void
  stop?(): Promise<unknown> | void
}

/** How often it is looked whether the queues are empty. */
const DRAIN_POLL_MS = 20

/** One sidecar: built from a checked configuration, started once, stopped once. */
export class Collector {
  readonly metrics = new OwnMetricsRegistry()
  readonly #config: SidecarConfig
  readonly #environment: CollectorEnvironment
  readonly #control: ControlServer
  readonly #ownMetricsServer: OwnMetricsServer | undefined
  readonly #services: Services
  readonly #parts: CollectorParts
  readonly #startedMs: number
  #status: Health['status'] = 'starting'
  #stopped: Promise<number> | undefined

  /** Throws when a component can't be made of its configuration. */
  constructor(config: SidecarConfig, environment: CollectorEnvironment) {
    this.#config = config
    this.#environment = environment
    this.#startedMs = environment.clock.monotonic()
    const { http, telemetry } = config.service
    mkdirSync(environment.stateFolder, { recursive: true, mode: 0o700 })
    addProcessMetrics(this.metrics)
    this.#control = new ControlServer({ ...hostAndPort(http.endpoint), health: () => this.health() })
    if (telemetry.metrics.level !== 'none') {
      this.#ownMetricsServer = new OwnMetricsServer(this.metrics, hostAndPort(telemetry.metrics.address))
    }
    const context = (id: string): ComponentContext => ({
      id,
      clock: environment.clock,
      logger: environment.logger.child({ component: id }),
      metrics: this.metrics,
      random: environment.random,
      stateFolder: environment.stateFolder,
      env: environment.env,
      program: environment.program,
    })
    this.#services = new Services(context)
    this.#parts = buildCollector(config, {
      context,
      http: this.#control.http,
      services: this.#services,
      buffers: new PowerOfTwoPool(),
      metrics: this.metrics,
      logger: environment.logger,
    })
  }

  /** Starts from the end of the pipelines to their beginning. When one can't start, stops the others and throws, with its name. */
  async start(): Promise<void> {
    const { exporters, connectors, extensions, receivers } = this.#parts
    const order: [string, Running | undefined][] = [
      ...exporters,
      ...connectors,
      ['service.telemetry.metrics.address', this.#ownMetricsServer],
      ['service.http.endpoint', this.#control],
      ...extensions,
      ...receivers,
    ]
    for (const [name, part] of order) {
      try {
        await part?.start?.()
      } catch (error) {
        await this.stop().catch(() => {})
        throw new Error(`${name}: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
      }
    }
    for (const delivery of this.#parts.deliveries) delivery.start?.()
    this.#status = 'ok'
  }

  /** In place of `start`: sends what waits on disk and takes nothing in, until all is sent or `timeoutMs` have passed; then stops. Returns the items that are left. */
  async drainQueues(timeoutMs: number): Promise<number> {
    const { clock } = this.#environment
    const { exporters, deliveries } = this.#parts
    for (const exporter of exporters.values()) await exporter.start?.()
    for (const delivery of deliveries) delivery.start?.()
    const held = (): number => deliveries.reduce((sum, { itemsHeld }) => sum + itemsHeld, 0)
    const deadlineMs = clock.monotonic() + timeoutMs
    while (held() > 0 && clock.monotonic() < deadlineMs)
      await new Promise<void>((resolve) => {
        clock.after(DRAIN_POLL_MS, resolve)
      })
    await this.stop()
    return held()
  }

  /** What agents on this host leave in the spool of the state folder is taken in. */
  get readsSpool(): boolean {
    return this.#services.get(readSpool).id !== undefined
  }

  /** Protocol to URL of all that listens. */
  listening(): Readonly<Record<string, string>> {
    const { exporters, extensions, receivers } = this.#parts
    const parts: (Listens | undefined)[] = [
      ...receivers.values(),
      this.#control,
      ...exporters.values(),
      ...extensions.values(),
      this.#ownMetricsServer,
    ]
    return Object.assign({}, ...parts.map((part) => part?.listening?.() ?? {}))
  }

  /**
   * Stops from the beginning of the pipelines to their end: receivers take nothing new, connectors emit what they hold, queues are sent,
   * all within `service.shutdown_timeout`. Returns the number of items that were lost.
   */
  stop(): Promise<number> {
    this.#stopped ??= this.#stop()
    return this.#stopped
  }

  health(): Health {
    const { program, clock } = this.#environment
    const components = this.#componentHealth()
    const degraded = this.#status === 'ok' && components.some(({ status }) => status === 'degraded')
    return {
      program: program.name,
      version: program.version,
      status: degraded ? 'degraded' : this.#status,
      pid: process.pid,
      uptime_s: Math.round((clock.monotonic() - this.#startedMs) / 1000),
      listening: this.listening(),
      components,
    }
  }

  async #stop(): Promise<number> {
    const { clock, logger } = this.#environment
    const { exporters, connectors, extensions, receivers, deliveries, emitted } = this.#parts
    this.#status = 'draining'
    const deadlineMs = clock.monotonic() + this.#config.service.shutdown_timeout
    const leftMs = (): number => Math.max(0, deadlineMs - clock.monotonic())
    const within = (parts: Iterable<Running>): Promise<void> => this.#stopAll(parts, leftMs)

    // A client that takes its time to send must not use up the time for what is here already.
    await this.#stopAll(receivers.values(), () => leftMs() / 2)
    for (const connector of connectors.values()) {
      await within([connector])
      await emitted()
    }
    const lost = await Promise.all(deliveries.map((delivery) => delivery.drain(leftMs())))
    await within(exporters.values())
    await within(extensions.values())
    await within([this.#control, ...(this.#ownMetricsServer === undefined ? [] : [this.#ownMetricsServer])])
    this.#services.close()
    this.#status = 'stopped'
    const lostItems = lost.reduce((sum, items) => sum + items, 0)
    if (lostItems > 0) logger.error({ items: lostItems }, 'stopped before everything was sent')
    return lostItems
  }

  async #stopAll(parts: Iterable<Running>, leftMs: () => number): Promise<void> {
    const { clock, logger } = this.#environment
    const stops = [...parts].map(async (part) => {
      try {
        await part.stop?.()
      } catch (error) {
        logger.warn({ error: error instanceof Error ? error.name : typeof error }, 'a component could not be stopped')
      }
    })
    let cancel = (): void => {}
    const late = new Promise<void>((resolve) => {
      cancel = clock.after(leftMs(), resolve)
    })
    await Promise.race([Promise.all(stops), late])
    cancel()
  }

  #componentHealth(): ComponentHealth[] {
    const { receivers, connectors, extensions, exporters } = this.#parts
    const ok = (kind: string, ids: Iterable<string>): ComponentHealth[] =>
      [...ids].map((id) => ({ id, kind, status: 'ok' }))
    return [
      ...ok('receiver', receivers.keys()),
      ...ok('processor', this.#parts.processorIds),
      ...ok('connector', connectors.keys()),
      ...[...exporters.keys()].map((id) => this.#exporterHealth(id)),
      ...ok('extension', extensions.keys()),
    ]
  }

  #exporterHealth(id: string): ComponentHealth {
    const deliveries = this.#parts.deliveries.filter(({ exporterId }) => exporterId === id)
    const queuedItems = deliveries.reduce((sum, { itemsHeld }) => sum + itemsHeld, 0)
    const health = { id, kind: 'exporter', queued_items: queuedItems }
    return deliveries.some(({ isFull }) => isFull === true)
      ? { ...health, status: 'degraded', reason: 'its queue is full' }
      : { ...health, status: 'ok' }
  }
}
