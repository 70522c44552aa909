import { mkdirSync } from 'node:fs'
import { agentPulse } from '../alerts/agent-pulse.ts'
import { PowerOfTwoPool } from './buffer-pool.ts'
import { buildCollector } from './build-collector.ts'
import type { BuildContext, CollectorEnvironment } from './build-collector.ts'
import type { CollectorParts } from './collector-parts.ts'
import { CollectorServers } from './collector-servers.ts'
import type { ServersContext } from './collector-servers.ts'
import type { ComponentContext } from './component.ts'
import type { SidecarConfig } from './config.ts'
import { hostAndPort } from './config-types.ts'
import { controlRoutes } from './control-routes.ts'
import { dropGuardMarker } from './drop-guard-marker.ts'
import type { Health, QueueFigures } from './health.ts'
import { healthOf, queueFigures } from './health-of.ts'
import type { Lifecycle } from './health-of.ts'
import { HealthWatch } from './health-watch.ts'
import { addLoopLag } from './loop-lag.ts'
import { OwnMetricsRegistry, renderMetrics } from './own-metrics.ts'
import type { Running } from './part.ts'
import { addProcessMetrics } from './process-metrics.ts'
import { heldBatches, leftQueues } from './queue/left-queues.ts'
import type { LeftQueue } from './queue/left-queues.ts'
import { bodyTurns } from './receivers/otlp/body-turns.ts'
import { readSpool } from './receivers/otlp/read-spool.ts'
import { Reload } from './reload.ts'
import { Reloader } from './reloader.ts'
import type { Reloaded } from './reloader.ts'
import { Services } from './services.ts'
import { fromWorkers } from './workers/divide-config.ts'
import type { BatchFrame } from './workers/frames.ts'
import { stopAll } from './stop-all.ts'

/** How often it is looked whether the queues are empty. */
const DRAIN_POLL_MS = 20

/** One sidecar: built from a checked configuration, started once, stopped once; between the two it may get other configurations. */
export class Collector {
  readonly metrics: OwnMetricsRegistry
  readonly #environment: CollectorEnvironment
  readonly #build: BuildContext
  readonly #services: Services
  readonly #reloader: Reloader
  readonly #startedMs: number
  readonly #part: (config: SidecarConfig) => SidecarConfig
  readonly #stopLoopLag: () => void
  readonly #healthWatch: HealthWatch
  /** What an earlier configuration had and this one has not, on its way out. */
  readonly #retiring = new Set<Promise<void>>()
  #config: SidecarConfig
  #parts: CollectorParts
  #servers: CollectorServers
  #status: Lifecycle = 'starting'
  #readySinceMs = 0
  #stopped: Promise<number> | undefined

  /** Throws when a component can't be made of its configuration. */
  constructor(config: SidecarConfig, environment: CollectorEnvironment) {
    this.#config = config
    this.#environment = environment
    this.metrics = environment.metrics ?? new OwnMetricsRegistry()
    const { clock, logger } = environment
    this.#startedMs = clock.monotonic()
    makeStateFolder(environment)
    addProcessMetrics(this.metrics)
    this.#stopLoopLag = addLoopLag(this.metrics)
    const context = (id: string): ComponentContext => ({
      ...environment,
      id,
      logger: logger.child({ component: id }),
      metrics: this.metrics,
    })
    this.#services = new Services(context)
    this.#reloader = new Reloader({
      running: config,
      read: () => environment.readConfig?.() ?? this.#config,
      apply: (next) => this.#apply(next),
      clock,
      logger,
      metrics: this.metrics,
    })
    this.#healthWatch = new HealthWatch({
      clock,
      stateFolder: environment.stateFolder,
      pulse: this.#services.get(agentPulse),
      config: () => this.#config.service.health,
      queues: () => [...this.#parts.deliveries.values()].map(({ delivery }) => delivery),
      states: () => this.#healthNow().reasons,
    })
    this.#part = (whole) => environment.partOf?.(whole) ?? whole
    const isWorker = environment.handOn !== undefined
    this.#servers = new CollectorServers(config.service, this.#serversContext)
    this.#build = {
      context,
      handOn: environment.handOn,
      leftQueues: () => (isWorker ? [] : queuesWithout(environment, this.#config)),
      heldBatches: () => (isWorker ? [] : heldBatches(environment.stateFolder)),
      newHttp: ({ endpoint, allowed_hosts }) =>
        controlRoutes({
          host: hostAndPort(endpoint).host,
          allowedHosts: allowed_hosts,
          health: () => this.health(),
          agents: () => this.#healthWatch.agents(),
          forgetAgent: (agent) => this.#healthWatch.forget(agent),
          recentLog: () => environment.recentLog?.() ?? [],
          reload: () => this.reload('request'),
        }),
      readySinceMs: () => (this.#lifecycle === 'ok' ? this.#readySinceMs : undefined),
      routerOf: (id) => this.#parts.routes.get(id)?.router,
      behindNow: (key) => this.#parts.behind.get(key),
      services: this.#services,
      buffers: new PowerOfTwoPool({ clock }),
      metrics: this.metrics,
      logger,
      emitting: new Set(),
    }
    this.#parts = buildCollector(this.#part(config), this.#build)
  }

  /** Starts from the end of the pipelines to their beginning. When one can't start, stops the others and throws, with its name. */
  async start(): Promise<void> {
    const { exporters, connectors, extensions, receivers, deliveries, http } = this.#parts
    await http.routes.ready()
    this.#servers.control.component.serve(http.routes)
    const order = [
      ...[...exporters.values(), ...connectors.values()].map(({ part }) => part),
      ...this.#servers.parts,
      ...extensions.values(),
      ...receivers.values(),
    ]
    for (const { id, component } of order) {
      try {
        await component.start?.()
      } catch (error) {
        await this.stop().catch(() => {})
        throw new Error(`${id}: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
      }
    }
    for (const { delivery } of deliveries.values()) delivery.start?.()
    if (this.#build.handOn === undefined) dropGuardMarker(this.#config, this.#environment.stateFolder)
    this.#readySinceMs = this.#environment.clock.now()
    this.#status = 'ok'
    this.#healthWatch.start()
  }

  /** Reads the configuration again and runs it; when it is no good, the one before goes on and the result says why. Never rejects. */
  reload(cause: string): Promise<Reloaded> {
    return this.#reloader.reload(cause)
  }

  /** In place of `start`: sends what waits on disk and takes nothing in, until all is sent or `timeoutMs` have passed; then stops. Returns the items that are left. */
  async drainQueues(timeoutMs: number): Promise<number> {
    const { clock } = this.#environment
    const { exporters, deliveries } = this.#parts
    for (const { part } of exporters.values()) await part.component.start?.()
    for (const { delivery } of deliveries.values()) delivery.start?.()
    const held = (): number => [...deliveries.values()].reduce((sum, { delivery }) => sum + delivery.itemsHeld, 0)
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
    const parts = [
      ...receivers.values(),
      this.#servers.control,
      ...[...exporters.values()].map(({ part }) => part),
      ...extensions.values(),
      ...this.#servers.parts,
    ]
    const urls: Record<string, string> = { ...this.#environment.workers?.listening() }
    for (const part of parts)
      for (const [name, url] of Object.entries(part.component.listening?.() ?? {}))
        urls[name in urls && 'id' in part ? `${name} (${part.id})` : name] = url
    return urls
  }

  /** A batch of a worker, behind the processors that it has of the pipeline. Rejects with RefusedError. */
  async take({ pipeline, bytes }: Pick<BatchFrame, 'pipeline' | 'bytes'>): Promise<void> {
    const router = this.#parts.routes.get(fromWorkers(pipeline))?.router
    const [signal] = router?.signals ?? []
    const turn = this.#services.get(bodyTurns).next(bytes.length)
    if (turn !== undefined) await turn
    // After a reload a worker may still have batches of a pipeline that nobody waits for here.
    if (router !== undefined && signal !== undefined) await router.route(signal, bytes)
  }

  get #serversContext(): ServersContext {
    const { workers, handOn } = this.#environment
    return {
      metrics: this.metrics,
      render: async () => renderMetrics([{ metrics: this.metrics.snapshot() }, ...((await workers?.metrics()) ?? [])]),
      isListening: handOn === undefined,
    }
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
    return this.#healthWatch.judge(this.#healthNow())
  }

  /** What waits before each exporter of this process. */
  queues(): QueueFigures[] {
    return queueFigures(this.#parts)
  }

  /** Nothing can be sent to a sidecar with workers before they listen. */
  get #lifecycle(): Lifecycle {
    return this.#status === 'ok' && this.#environment.workers?.hasStarted() === false ? 'starting' : this.#status
  }

  #healthNow(): Health {
    const { program, clock } = this.#environment
    const about = {
      program: program.name,
      version: program.version,
      status: this.#lifecycle,
      pid: process.pid,
      uptime_s: Math.round((clock.monotonic() - this.#startedMs) / 1000),
      listening: this.listening(),
      config: this.#reloader.health(),
    }
    const { workers } = this.#environment
    return healthOf(this.#parts, about, workers && { reasons: workers.reasons(), queues: workers.queues() })
  }

  async #apply(config: SidecarConfig): Promise<void> {
    if (this.#lifecycle !== 'ok') throw new Error(`the sidecar is ${this.#lifecycle}`)
    const before = this.#config
    for (const key of ['state_folder', 'workers'] as const)
      if (config.service[key] !== before.service[key])
        throw new Error(`service.${key} can only change with a restart of the sidecar`)
    await this.#replace(config)
    try {
      await this.#environment.workers?.reload()
    } catch (error) {
      await this.#replace(before)
      throw error
    }
  }

  async #replace(config: SidecarConfig): Promise<void> {
    // A queue that is on its way out may be in the folder that is wanted again.
    await Promise.all(this.#retiring)
    const reload = new Reload({
      before: { parts: this.#parts, servers: this.#servers },
      after: {
        parts: buildCollector(this.#part(config), this.#build, this.#parts),
        servers: new CollectorServers(config.service, this.#serversContext, this.#servers),
      },
      clock: this.#environment.clock,
      logger: this.#environment.logger,
      emitting: this.#build.emitting,
      timeoutMs: config.service.shutdown_timeout,
    })
    await reload.start()
    const { parts, servers } = reload.swap()
    this.#config = config
    this.#parts = parts
    this.#servers = servers
    if (this.#build.handOn === undefined) dropGuardMarker(config, this.#environment.stateFolder)
    this.#environment.configChanged?.(config)
    const retired = reload.retire()
    this.#retiring.add(retired)
    void retired.then(() => this.#retiring.delete(retired))
  }

  async #stop(): Promise<number> {
    const { clock, logger } = this.#environment
    this.#status = 'draining'
    this.#healthWatch.stop()
    const deadlineMs = clock.monotonic() + this.#config.service.shutdown_timeout
    const leftMs = (): number => Math.max(0, deadlineMs - clock.monotonic())
    const within = (running: Iterable<Running>): Promise<void> => stopAll(running, leftMs(), { clock, logger })
    const { exporters, connectors, extensions, receivers, processors, deliveries, http } = this.#parts

    // A client that takes its time to send must not use up the time for what is here already.
    await stopAll(componentsOf(receivers.values()), leftMs() / 2, { clock, logger })
    for (const { part } of connectors.values()) {
      await within([part.component])
      await Promise.all(this.#build.emitting)
    }
    await within(componentsOf(processors.values()).map((processor) => ({ stop: () => processor.drain?.() })))
    const lost = await Promise.all([...deliveries.values()].map(({ delivery }) => delivery.drain(leftMs())))
    await within([...exporters.values()].map(({ part }) => part.component))
    await within(componentsOf(processors.values()))
    await within(componentsOf(extensions.values()))
    await within([...componentsOf<Running>(this.#servers.parts), { stop: () => http.routes.close() }])
    await within([{ stop: () => Promise.all(this.#retiring) }])
    this.#services.close()
    this.#stopLoopLag()
    this.#status = 'stopped'
    const lostItems = lost.reduce((sum, items) => sum + items, 0)
    if (lostItems > 0) logger.error({ items: lostItems }, 'stopped before everything was sent')
    return lostItems
  }
}

/** On a disk that can't be written to, what can do without starts, and what can't says so. */
function makeStateFolder({ stateFolder, logger }: CollectorEnvironment): void {
  try {
    mkdirSync(stateFolder, { recursive: true, mode: 0o700 })
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'error'
    logger.error({ folder: stateFolder, code }, 'the state folder can not be made')
  }
}

/** Those that no running worker has. */
const queuesWithout = (
  { stateFolder, workers }: CollectorEnvironment,
  { service, exporters }: SidecarConfig,
): readonly LeftQueue[] =>
  leftQueues(stateFolder, directoriesOf(exporters)).filter(
    ({ worker }) => worker === undefined || workers === undefined || Number(worker) > service.workers,
  )

const directoriesOf = (exporters: SidecarConfig['exporters']): string[] =>
  [...exporters.values()].flatMap(({ sending }) => sending?.queue.fileStorage?.directory ?? [])

const componentsOf = <T extends Running>(parts: Iterable<{ readonly component: T }>): T[] =>
  [...parts].map(({ component }) => component)
