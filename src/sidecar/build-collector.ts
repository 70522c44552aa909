import { isDeepStrictEqual } from 'node:util'
import type { FastifyInstance } from 'fastify'
import { RefusedError } from './component.ts'
import type {
  BufferPool,
  Clock,
  ComponentContext,
  Environment,
  Extension,
  Logger,
  Processor,
  Receiver,
  Signal,
} from './component.ts'
import { discardParts } from './collector-parts.ts'
import type { CollectorParts, ConnectorPart, DeliveryPart, ExporterPart } from './collector-parts.ts'
import type { ConfiguredExporter } from './config/check-components.ts'
import type { PipelineConfig } from './config/check-pipelines.ts'
import type { ServiceConfig } from './config/service-config.ts'
import type { SidecarConfig } from './config.ts'
import { ConnectorSlot } from './connector-slot.ts'
import type { SendingConfig } from './delivery.ts'
import { ExporterSlot } from './exporter-slot.ts'
import type { HealthReason, QueueFigures } from './health.ts'
import type { LogEntry } from './log.ts'
import { behindHolders } from './held-deliveries.ts'
import type { Target } from './held-deliveries.ts'
import { LocalDelivery } from './local-delivery.ts'
import { withLabels } from './own-metrics.ts'
import type { LabelledMetrics, OwnMetricsRegistry } from './own-metrics.ts'
import { Part } from './part.ts'
import type { Running } from './part.ts'
import { Pipeline } from './pipeline.ts'
import type { heldBatches, LeftQueue } from './queue/left-queues.ts'
import { openQueueStorage } from './queue/open-queue-storage.ts'
import { isDurable } from './queue/queue-config.ts'
import { SendingQueue } from './queue/sending-queue.ts'
import { Router } from './router.ts'
import type { Services } from './services.ts'

/** What a sidecar needs of the world around it. */
export interface CollectorEnvironment {
  readonly clock: Clock
  readonly logger: Logger & { child(fields: object): Logger }
  random(): number
  readonly stateFolder: string
  readonly env: Environment
  readonly program: { readonly name: string; readonly version: string }
  /** Where the own metrics are kept, when somebody else adds to them. */
  readonly metrics?: OwnMetricsRegistry
  /** The configuration as its files say now, for a reload. Throws ConfigError. */
  readConfig?(): SidecarConfig | Promise<SidecarConfig>
  /** After a reload. */
  configChanged?(config: SidecarConfig): void
  recentLog?(): readonly LogEntry[]
  /** What this process does of a configuration, where there are several processes. */
  partOf?(config: SidecarConfig): SidecarConfig
  /** In the first of several processes: the others. */
  readonly workers?: OtherProcesses
  /** In a worker: what stands behind the processors of a pipeline in the first process. Nothing of its own listens then. */
  readonly handOn?: (pipeline: string) => Target
}

export interface OtherProcesses {
  /** Whether each of them has listened once. */
  hasStarted(): boolean
  metrics(): Promise<readonly LabelledMetrics[]>
  reasons(): readonly HealthReason[]
  /** What waits in each of them, as each said last; what one that has ended left on disk goes on waiting there. */
  queues(): readonly QueueFigures[]
  listening(): Readonly<Record<string, string>>
  /** Reads the configuration again. Rejects when they go on with the one before. */
  reload(): Promise<void>
}

export interface BuildContext {
  context(id: string): ComponentContext
  /** Routes for the control server, without those of extensions. */
  newHttp(config: ServiceConfig['http']): FastifyInstance
  /** For extensions. */
  readySinceMs(): number | undefined
  readonly services: Services
  readonly buffers: BufferPool
  readonly metrics: OwnMetricsRegistry
  readonly logger: Logger
  /** Of what runs now. */
  routerOf(id: string): Router | undefined
  /** The same of `CollectorParts.behind`. */
  behindNow(key: string): readonly Target[] | undefined
  /** In a worker: what stands behind the processors of a pipeline in the first process. */
  readonly handOn?: ((pipeline: string) => Target) | undefined
  /** Queues on disk that no worker of this sidecar uses. */
  leftQueues(): readonly LeftQueue[]
  /** What processors of an earlier process held for their pipelines. */
  heldBatches(): ReturnType<typeof heldBatches>
  /** What connectors have emitted and is not with the exporters yet. */
  readonly emitting: Set<Promise<void>>
}

/**
 * Makes the components that the pipelines name, and connects them. Of `before` it takes what is to be the same; nothing of that is changed, so that it can go on
 * when this throws, which it does when a component can't be made.
 */
export function buildCollector(config: SidecarConfig, build: BuildContext, before?: CollectorParts): CollectorParts {
  const builder = new Builder(config, build, before)
  try {
    return builder.build()
  } catch (error) {
    void discardParts(builder, before)
    throw error
  }
}

class Builder implements Omit<CollectorParts, 'http'> {
  readonly receivers = new Map<string, Part<Receiver>>()
  readonly processors = new Map<string, Part<Processor>>()
  readonly connectors = new Map<string, ConnectorPart>()
  readonly exporters = new Map<string, ExporterPart>()
  readonly extensions = new Map<string, Part<Extension>>()
  readonly deliveries = new Map<string, DeliveryPart>()
  readonly behind = new Map<string, readonly Target[]>()
  readonly routes = new Map<string, { readonly router: Router; readonly pipelines: readonly Pipeline[] }>()
  readonly #config: SidecarConfig
  readonly #build: BuildContext
  readonly #before: CollectorParts | undefined

  constructor(config: SidecarConfig, build: BuildContext, before: CollectorParts | undefined) {
    this.#config = config
    this.#build = build
    this.#before = before
  }

  build(): CollectorParts {
    const config = this.#config
    const { pipelines } = config
    const isUsed = (key: 'receivers' | 'exporters', id: string): boolean => pipelines.some((p) => p[key].includes(id))
    for (const configured of config.exporters.values())
      if (isUsed('exporters', configured.id)) this.#addExporter(configured)
    for (const left of this.#build.leftQueues()) this.#adopt(left)
    // Later ones are being decided.
    if (this.#before === undefined) this.#sayForgotten()
    for (const id of connectorsInOrder(config)) this.#addConnector(id)
    const built = pipelines.map((pipeline) => this.#pipeline(pipeline))
    for (const id of new Set(pipelines.flatMap(({ receivers }) => receivers)))
      this.#addRoute(
        id,
        built.filter((_, i) => pipelines[i]?.receivers.includes(id)),
      )
    const http = this.#addExtensions()
    return Object.assign(this, { http })
  }

  #addExporter(configured: ConfiguredExporter): void {
    const { id, sending } = configured
    const slot = this.#exporterSlot(configured)
    const { pipelines } = this.#config
    for (const signal of new Set(pipelines.filter((p) => p.exporters.includes(id)).map((p) => p.signal)))
      this.#addDelivery(id, signal, sending, slot)
  }

  #exporterSlot({ id, definition, config }: ConfiguredExporter): ExporterSlot {
    const made = this.exporters.get(id)
    if (made !== undefined) return made.slot
    const { services } = this.#build
    const known = this.#before?.exporters.get(id)
    const part = this.#part(known?.part, id, [definition, config], (context) =>
      definition.create(config, { ...context, service: services.get.bind(services) }),
    )
    const slot = known?.slot ?? new ExporterSlot(part.component)
    this.exporters.set(id, { part, slot })
    return slot
  }

  /** A queue on disk that nothing feeds any more, or that a worker left which is not there any more: it is sent, and nothing is added. */
  #adopt({ exporterId, signal, stateFolder, directory, worker }: LeftQueue): void {
    const key = deliveryKey(exporterId, signal) + (worker === undefined ? '' : ` of worker ${worker}`)
    const configured = this.#config.exporters.get(exporterId)
    const { sending } = configured ?? {}
    const context = this.#build.context(exporterId)
    if (configured === undefined || sending === undefined || placeOf(sending) !== placeOnDisk(directory)) {
      const fields = { exporter: exporterId, signal, folder: directory ?? stateFolder }
      return context.logger.warn(
        fields,
        'a queue on disk has no exporter in the configuration that uses it: it stays as it is; spanwarden queue shows what is in it, and with the exporter back in the configuration it is sent',
      )
    }
    if (this.deliveries.has(key)) return
    const exporter = this.#exporterSlot(configured)
    const known = this.#before?.deliveries.get(key)
    if (known !== undefined) return void this.deliveries.set(key, { ...known, sending })
    const metrics = this.#build.metrics.scoped()
    const own = { ...context, stateFolder, metrics: worker === undefined ? metrics : withLabels(metrics, { worker }) }
    const storage = openQueueStorage(sending.queue, signal, own)
    const delivery = new SendingQueue({ signal, exporter, ...sending, context: own, storage })
    this.deliveries.set(key, { delivery, sending, forget: () => metrics.close() })
  }

  #sayForgotten(): void {
    for (const { processor, pipeline } of this.#build.heldBatches()) {
      if (this.#config.pipelines.some(({ id, processors }) => id === pipeline && processors.includes(processor)))
        continue
      const message =
        'spans that were held for a decision are on disk, and the pipeline has no such processor any more: they stay there'
      this.#build.logger.warn({ processor, pipeline }, message)
    }
  }

  /** The same queue before and after, where what waits in it can stay where it is. */
  #addDelivery(id: string, signal: Signal, sending: SendingConfig | undefined, slot: ExporterSlot): void {
    const key = deliveryKey(id, signal)
    const known = this.#before?.deliveries.get(key)
    if (known !== undefined && placeOf(known.sending) === placeOf(sending)) {
      this.deliveries.set(key, { ...known, sending })
      return
    }
    const metrics = this.#build.metrics.scoped()
    const context = { ...this.#build.context(id), metrics }
    const delivery =
      sending === undefined
        ? new LocalDelivery(slot, signal, context)
        : new SendingQueue({
            signal,
            exporter: slot,
            ...sending,
            context,
            storage: openQueueStorage(sending.queue, signal, context),
          })
    this.deliveries.set(key, { delivery, sending, forget: () => metrics.close() })
  }

  #addConnector(id: string): void {
    const configured = this.#config.connectors.get(id)
    if (configured === undefined) return
    const { definition, config } = configured
    const { services } = this.#build
    const known = this.#before?.connectors.get(id)
    const part = this.#part(known?.part, id, [definition, config], (context) =>
      definition.create(config, { ...context, service: services.get.bind(services), emit: this.#emitterOf(id) }),
    )
    this.connectors.set(id, { part, slot: known?.slot ?? new ConnectorSlot(part.component) })
  }

  #pipeline({ id, signal, processors, exporters, handsOn }: PipelineConfig): Pipeline {
    const { buffers, metrics, logger, context, handOn } = this.#build
    const named = processors.flatMap((name) => {
      const configured = this.#config.processors.get(name)
      if (configured === undefined) return []
      const { definition, config } = configured
      const key = `${id} ${name}`
      const part = this.#part(this.#before?.processors.get(key), name, [definition, config], (own) =>
        definition.create(config, own),
      )
      this.processors.set(key, part)
      return [{ id: name, component: part.component }]
    })
    const deliveries = exporters.flatMap((name) => this.deliveries.get(deliveryKey(name, signal))?.delivery ?? [])
    const { behind, targets } = behindHolders(
      named,
      deliveries,
      id,
      (processor) => this.#build.behindNow(`${id} ${processor}`),
      context(id),
    )
    for (const [processor, held] of behind) this.behind.set(`${id} ${processor}`, held)
    return new Pipeline({
      id,
      signal,
      processors: named,
      connectors: exporters.flatMap((name) => {
        const slot = this.connectors.get(name)?.slot
        return slot === undefined ? [] : [{ id: name, component: slot }]
      }),
      deliveries: handsOn === true && handOn !== undefined ? [...targets, handOn(id)] : targets,
      buffers,
      metrics,
      logger,
    })
  }

  #addRoute(id: string, pipelines: readonly Pipeline[]): void {
    const { buffers, metrics, services } = this.#build
    const kind = this.connectors.has(id) ? 'connector' : 'receiver'
    const router = this.#before?.routes.get(id)?.router ?? new Router(id, pipelines, metrics, kind)
    this.routes.set(id, { router, pipelines })
    const configured = this.#config.receivers.get(id)
    if (configured === undefined) return
    const { definition, config } = configured
    const signals = new Set(pipelines.map(({ signal }) => signal))
    const part = this.#part(this.#before?.receivers.get(id), id, [definition, config, signals], (context) =>
      definition.create(config, {
        ...context,
        buffers,
        signals,
        checkAdmission: (signal) => router.checkAdmission(signal),
        service: services.get.bind(services),
        consume: (signal, bytes, transport) => router.route(signal, bytes, { transport }),
      }),
    )
    this.receivers.set(id, part)
  }

  /** Routes of a server that runs can't be taken away one by one: with one changed extension, all are made anew. */
  #addExtensions(): CollectorParts['http'] {
    const { services, readySinceMs } = this.#build
    const { service } = this.#config
    const configured = this.#config.extensionOrder.flatMap((id) => this.#config.extensions.get(id) ?? [])
    const source = ({ definition, config }: (typeof configured)[number]): unknown => [definition, config, service.http]
    const known = [...(this.#before?.extensions.values() ?? [])]
    const isSame =
      this.#before !== undefined &&
      isDeepStrictEqual(this.#before.http.source, service.http) &&
      known.length === configured.length &&
      configured.every((one, i) => known[i]?.id === one.id && known[i].isMadeOf(source(one)))
    const http =
      isSame && this.#before !== undefined
        ? this.#before.http
        : { routes: this.#build.newHttp(service.http), source: service.http }
    for (const [i, one] of configured.entries()) {
      const { id, definition, config } = one
      const part = this.#part(isSame ? known[i] : undefined, id, source(one), (context) =>
        definition.create(config, {
          ...context,
          http: http.routes,
          readySinceMs,
          service: services.get.bind(services),
        }),
      )
      this.extensions.set(id, part)
    }
    return http
  }

  #part<T extends Running>(
    known: Part<T> | undefined,
    id: string,
    source: unknown,
    create: (context: ComponentContext) => T,
  ): Part<T> {
    if (known?.isMadeOf(source) === true) return known
    const { context, metrics } = this.#build
    return new Part(id, source, metrics.scoped(), (own) => create({ ...context(id), metrics: own }))
  }

  /** Batches that a connector made and nobody waits for: what the pipelines refuse is lost, counted and logged. */
  #emitterOf(id: string) {
    const { emitting, context, routerOf } = this.#build
    const { logger } = context(id)
    return (signal: Signal, bytes: Buffer): void => {
      const router = routerOf(id) ?? this.routes.get(id)?.router
      if (router === undefined) return
      const routed = router.route(signal, bytes).catch((error: unknown) => {
        const reason = error instanceof RefusedError ? error.reason : 'failed'
        logger.error({ signal, reason }, 'what the connector emitted was refused and is lost')
      })
      emitting.add(routed)
      void routed.then(() => emitting.delete(routed))
    }
  }
}

const deliveryKey = (id: string, signal: Signal): string => `${signal} ${id}`

const placeOnDisk = (directory: string | undefined): string => JSON.stringify([true, directory])

/** Where batches wait: a queue whose place stays the same stays, whatever else of it changes. */
function placeOf(sending: SendingConfig | undefined): string {
  if (sending === undefined) return 'local'
  const { queue } = sending
  if (!queue.enabled) return 'nowhere'
  return isDurable(queue) ? placeOnDisk(queue.fileStorage?.directory) : 'memory'
}

/** The used connectors, each before those that it feeds. */
function connectorsInOrder({ connectors, pipelines }: SidecarConfig): string[] {
  const order: string[] = []
  const visit = (id: string): void => {
    if (order.includes(id)) return
    for (const { receivers, exporters } of pipelines) {
      if (!receivers.includes(id)) continue
      for (const next of exporters) if (connectors.has(next)) visit(next)
    }
    order.push(id)
  }
  for (const id of connectors.keys()) if (pipelines.some(({ exporters }) => exporters.includes(id))) visit(id)
  return order.reverse()
}
