import type { FastifyInstance } from 'fastify'
import { RefusedError } from './component.ts'
import type {
  BufferPool,
  Clock,
  ComponentContext,
  Connector,
  Environment,
  Exporter,
  Extension,
  Logger,
  Receiver,
  Signal,
} from './component.ts'
import type { ConfiguredExporter } from './config/check-components.ts'
import type { PipelineConfig } from './config/check-pipelines.ts'
import type { SidecarConfig } from './config.ts'
import type { Delivery } from './delivery.ts'
import { LocalDelivery } from './local-delivery.ts'
import type { OwnMetricsRegistry } from './own-metrics.ts'
import { Pipeline } from './pipeline.ts'
import { openQueueStorage } from './queue/open-queue-storage.ts'
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
}

export interface CollectorParts {
  readonly receivers: ReadonlyMap<string, Receiver>
  readonly processorIds: readonly string[]
  /** Those that others feed come after these: stopped in this order, each still reaches the next. */
  readonly connectors: ReadonlyMap<string, Connector>
  readonly exporters: ReadonlyMap<string, Exporter>
  readonly extensions: ReadonlyMap<string, Extension>
  readonly deliveries: readonly Delivery[]
  /** Resolves when all that connectors have emitted so far is with the exporters. */
  emitted(): Promise<void>
}

export interface BuildContext {
  context(id: string): ComponentContext
  readonly http: FastifyInstance
  readonly services: Services
  readonly buffers: BufferPool
  readonly metrics: OwnMetricsRegistry
  readonly logger: Logger
}

/** Makes the components that the pipelines name, and connects them. */
export function buildCollector(config: SidecarConfig, build: BuildContext): CollectorParts {
  const { pipelines } = config
  const used = (key: 'receivers' | 'processors' | 'exporters'): Set<string> =>
    new Set(pipelines.flatMap((pipeline) => pipeline[key]))
  const exporters = new Map<string, Exporter>()
  const deliveries = new Map<string, Delivery>()
  for (const configured of config.exporters.values()) {
    if (used('exporters').has(configured.id)) buildExporter(configured, pipelines, exporters, deliveries, build)
  }

  const routers = new Map<string, Router>()
  const emitting = new Set<Promise<void>>()
  const connectors = new Map<string, Connector>()
  for (const id of connectorsInOrder(config)) {
    const configured = config.connectors.get(id)
    if (configured === undefined) continue
    const emit = emitterOf(id, routers, emitting, build)
    connectors.set(id, configured.definition.create(configured.config, { ...build.context(id), emit }))
  }

  const built = pipelines.map((pipeline) => buildPipeline(pipeline, config, connectors, deliveries, build))
  const receivers = new Map<string, Receiver>()
  for (const id of used('receivers')) {
    const targets = built.filter((_, i) => pipelines[i]?.receivers.includes(id))
    const kind = connectors.has(id) ? 'connector' : 'receiver'
    const router = new Router(id, targets, build.metrics, kind)
    routers.set(id, router)
    const configured = config.receivers.get(id)
    if (configured === undefined) continue
    const receiver = configured.definition.create(configured.config, {
      ...build.context(id),
      buffers: build.buffers,
      signals: router.signals,
      checkAdmission: (signal) => router.checkAdmission(signal),
      service: build.services.get.bind(build.services),
      consume: (signal, bytes, transport) => router.route(signal, bytes, { transport }),
    })
    receivers.set(id, receiver)
  }

  const extensions = new Map<string, Extension>()
  for (const id of config.extensionOrder) {
    const configured = config.extensions.get(id)
    if (configured === undefined) continue
    const context = { ...build.context(id), http: build.http, service: build.services.get.bind(build.services) }
    extensions.set(id, configured.definition.create(configured.config, context))
  }
  return {
    receivers,
    processorIds: [...used('processors')],
    connectors,
    exporters,
    extensions,
    deliveries: [...deliveries.values()],
    emitted: async () => {
      await Promise.all(emitting)
    },
  }
}

const deliveryKey = (id: string, signal: Signal): string => `${signal} ${id}`

function buildExporter(
  { id, definition, config, sending }: ConfiguredExporter,
  pipelines: readonly PipelineConfig[],
  exporters: Map<string, Exporter>,
  deliveries: Map<string, Delivery>,
  build: BuildContext,
): void {
  const context = build.context(id)
  const exporter = definition.create(config, { ...context, service: build.services.get.bind(build.services) })
  exporters.set(id, exporter)
  for (const signal of new Set(pipelines.filter((p) => p.exporters.includes(id)).map((p) => p.signal))) {
    deliveries.set(
      deliveryKey(id, signal),
      sending === undefined
        ? new LocalDelivery(exporter, signal, context)
        : new SendingQueue({
            signal,
            exporter,
            ...sending,
            context,
            storage: openQueueStorage(sending.queue, signal, context),
          }),
    )
  }
}

function buildPipeline(
  { id, signal, processors, exporters }: PipelineConfig,
  config: SidecarConfig,
  connectors: ReadonlyMap<string, Connector>,
  deliveries: ReadonlyMap<string, Delivery>,
  { context, buffers, metrics, logger }: BuildContext,
): Pipeline {
  return new Pipeline({
    id,
    signal,
    processors: processors.flatMap((name) => {
      const configured = config.processors.get(name)
      if (configured === undefined) return []
      return [{ id: name, component: configured.definition.create(configured.config, context(name)) }]
    }),
    connectors: exporters.flatMap((name) => {
      const component = connectors.get(name)
      return component === undefined ? [] : [{ id: name, component }]
    }),
    deliveries: exporters.flatMap((name) => deliveries.get(deliveryKey(name, signal)) ?? []),
    buffers,
    metrics,
    logger,
  })
}

/** Batches that a connector made and nobody waits for: what the pipelines refuse is lost, counted and logged. */
function emitterOf(
  id: string,
  routers: ReadonlyMap<string, Router>,
  emitting: Set<Promise<void>>,
  build: BuildContext,
) {
  const { logger } = build.context(id)
  return (signal: Signal, bytes: Buffer): void => {
    const router = routers.get(id)
    if (router === undefined) return
    const routed = router.route(signal, bytes).catch((error: unknown) => {
      const reason = error instanceof RefusedError ? error.reason : 'failed'
      logger.error({ signal, reason }, 'what the connector emitted was refused and is lost')
    })
    emitting.add(routed)
    void routed.then(() => emitting.delete(routed))
  }
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
