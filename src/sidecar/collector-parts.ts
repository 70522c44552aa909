import type { FastifyInstance } from 'fastify'
import type { Connector, Exporter, Extension, Processor, Receiver } from './component.ts'
import type { ConnectorSlot } from './connector-slot.ts'
import type { Delivery, SendingConfig } from './delivery.ts'
import type { ExporterSlot } from './exporter-slot.ts'
import type { Target } from './held-deliveries.ts'
import type { Part } from './part.ts'
import type { Pipeline } from './pipeline.ts'
import type { Router } from './router.ts'

/** All components of one configuration. Those of a later one are partly the same. */
export interface CollectorParts {
  readonly receivers: ReadonlyMap<string, Part<Receiver>>
  /** By pipeline and id: each pipeline has its own. */
  readonly processors: ReadonlyMap<string, Part<Processor>>
  /** Those that others feed come after these: stopped in this order, each still reaches the next. */
  readonly connectors: ReadonlyMap<string, ConnectorPart>
  readonly exporters: ReadonlyMap<string, ExporterPart>
  readonly extensions: ReadonlyMap<string, Part<Extension>>
  /** Routes of the extensions on the control server, and what they were made of. */
  readonly http: { readonly routes: FastifyInstance; readonly source: unknown }
  /** By signal and exporter. */
  readonly deliveries: ReadonlyMap<string, DeliveryPart>
  /** By pipeline and processor: where one that holds batches hands them on to. */
  readonly behind: ReadonlyMap<string, readonly Target[]>
  /** By receiver or connector; with the pipelines that each has once these parts run. */
  readonly routes: ReadonlyMap<string, { readonly router: Router; readonly pipelines: readonly Pipeline[] }>
}
export interface ConnectorPart {
  readonly part: Part<Connector>
  readonly slot: ConnectorSlot
}
export interface ExporterPart {
  readonly part: Part<Exporter>
  readonly slot: ExporterSlot
}
export interface DeliveryPart {
  readonly delivery: Delivery
  /** None for a local exporter. */
  readonly sending: SendingConfig | undefined
  forget(): void
}

/** Gives up parts that never ran, but for those of `before`. Queues on disk stay as they are. */
export async function discardParts(parts: Omit<CollectorParts, 'http'>, before?: CollectorParts): Promise<void> {
  const { deliveries, exporters, processors } = parts
  for (const [key, { delivery, forget }] of deliveries) {
    if (before?.deliveries.get(key)?.delivery === delivery) continue
    await delivery.drain(0)
    forget()
  }
  for (const { part } of exporters.values()) if (before?.exporters.get(part.id)?.part !== part) part.forget()
  for (const [key, part] of processors) {
    if (before?.processors.get(key) === part) continue
    await part.component.stop?.()
    part.forget()
  }
  for (const [id, part] of parts.receivers) if (before?.receivers.get(id) !== part) part.forget()
  for (const [id, { part }] of parts.connectors) if (before?.connectors.get(id)?.part !== part) part.forget()
}
