import type { CollectorParts } from './collector-parts.ts'
import { discardParts } from './collector-parts.ts'
import type { CollectorServers } from './collector-servers.ts'
import type { Clock, Logger } from './component.ts'
import { faultOf } from './fault.ts'
import type { Part, Running } from './part.ts'
import { stopAll, withinTime } from './stop-all.ts'

export interface Generation {
  readonly parts: CollectorParts
  readonly servers: CollectorServers
}

export interface ReloadOptions {
  readonly before: Generation
  /** Built of another configuration, with the parts that are the same. */
  readonly after: Generation
  readonly clock: Pick<Clock, 'after'>
  readonly logger: Logger
  /** What connectors have emitted and is not with the exporters yet. */
  readonly emitting: ReadonlySet<Promise<void>>
  /** For all that leaves to be answered, and then for its queues to be sent. */
  readonly timeoutMs: number
}

/**
 * The way from one configuration to the next: `start`, which may fail and then leaves all as it was; `swap`, in which no batch passes; `retire`, while the new
 * one works. What listens is stopped before its successor listens in its place, all else after.
 */
export class Reload {
  readonly #options: ReloadOptions
  readonly #leaving: PartsByKind
  readonly #coming: PartsByKind
  readonly #started: Part<Running>[] = []
  readonly #stopped = new Map<Part<Running>, Promise<void>>()
  /** Resolve when no batch is in what was before. */
  readonly #quiet: Promise<unknown>[] = []

  constructor(options: ReloadOptions) {
    this.#options = options
    this.#leaving = difference(partsOf(options.before), partsOf(options.after))
    this.#coming = difference(partsOf(options.after), partsOf(options.before))
  }

  /** Starts what is new. Throws, with its name, when one can't start; then what was before runs, and listens, as before. */
  async start(): Promise<void> {
    const { before, after } = this.#options
    const { exporters, connectors, servers, extensions, receivers } = this.#coming
    try {
      for (const part of exporters) if (!listens(part)) await this.#startPart(part)
      // A connector that has a predecessor starts when that has stopped: it may go on from what it leaves.
      for (const part of connectors) if (!before.parts.connectors.has(part.id)) await this.#startPart(part)
      for (const part of extensions) if (!listens(part)) await this.#startPart(part)
      await after.parts.http.routes.ready()
      this.#stopListening()
      for (const part of exporters) if (listens(part)) await this.#startPart(part)
      for (const part of servers) await this.#startPart(part)
      for (const part of extensions) if (listens(part)) await this.#startPart(part)
      for (const part of receivers) await this.#startPart(part)
    } catch (error) {
      await this.#undo()
      throw error
    }
  }

  /** From here on batches go the new way. */
  swap(): Generation {
    const { before, after, logger } = this.#options
    for (const part of this.#coming.connectors) {
      const { slot } = after.parts.connectors.get(part.id) ?? {}
      const known = before.parts.connectors.get(part.id)
      if (slot === undefined || known === undefined) continue
      known.part.component.stop()
      slot.replace(part.component)
      try {
        part.component.start()
      } catch (error) {
        logger.error(
          { connector: part.id, ...faultOf(error) },
          'the connector could not start after a reload; restart the sidecar',
        )
      }
    }
    for (const { part, slot } of after.parts.exporters.values()) {
      const known = before.parts.exporters.get(part.id)
      if (known !== undefined && known.part !== part) this.#quiet.push(slot.replace(part.component))
    }
    for (const [key, { delivery, sending }] of after.parts.deliveries) {
      if (before.parts.deliveries.get(key)?.delivery !== delivery) delivery.start?.()
      else if (sending !== undefined) delivery.reconfigure?.(sending)
    }
    for (const [id, { router, pipelines }] of after.parts.routes)
      if (before.parts.routes.has(id)) this.#quiet.push(router.replace(pipelines))
    after.servers.control.component.serve(after.parts.http.routes)
    return after
  }

  /** Lets go of what is not needed any more, when the last batch is through: queues are sent, or stay on disk. Never rejects. */
  async retire(): Promise<void> {
    const { before, after, clock, logger, emitting, timeoutMs } = this.#options
    const { receivers, connectors, exporters, extensions, servers, processors } = this.#leaving
    this.#stopListening()
    await withinTime(Promise.all(this.#stopped.values()), timeoutMs, clock)
    const routers = [...before.parts.routes].filter(([id]) => !after.parts.routes.has(id))
    const idle = [...this.#quiet, ...routers.map(([, { router }]) => router.idle())]
    await withinTime(Promise.all(idle), timeoutMs, clock)
    for (const part of connectors) {
      if (!after.parts.connectors.has(part.id)) await stopAll([part.component], timeoutMs, { clock, logger })
      await Promise.all(emitting)
    }
    // What a processor of the same place holds is taken over by its successor.
    const gone = [...before.parts.processors].filter(([key]) => !after.parts.processors.has(key))
    const drains = gone.map(([, { component }]) => ({ stop: () => component.drain?.() }))
    await stopAll(drains, timeoutMs, { clock, logger })
    const queues = [...before.parts.deliveries].filter(
      ([key, { delivery }]) => after.parts.deliveries.get(key)?.delivery !== delivery,
    )
    await Promise.all(queues.map(([, { delivery }]) => delivery.drain(timeoutMs)))
    for (const [, { forget }] of queues) forget()
    const late = [...exporters, ...processors, ...extensions, ...servers].filter((part) => !this.#stopped.has(part))
    await stopAll(
      late.map(({ component }) => component),
      timeoutMs,
      { clock, logger },
    )
    if (before.parts.http !== after.parts.http) await before.parts.http.routes.close()
    for (const part of [...receivers, ...connectors, ...exporters, ...extensions, ...servers, ...processors])
      part.forget()
  }

  async #startPart(part: Part<Running>): Promise<void> {
    this.#started.push(part)
    try {
      await part.component.start?.()
    } catch (error) {
      throw new Error(`${part.id}: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
    }
  }

  /** All at once, so that a port is free in the same moment in which its successor takes it; what is under way is answered meanwhile. */
  #stopListening(): void {
    const { clock, logger, timeoutMs } = this.#options
    const { receivers, exporters, extensions, servers } = this.#leaving
    for (const part of [...receivers, ...[...exporters, ...extensions].filter(listens), ...servers])
      if (!this.#stopped.has(part)) this.#stopped.set(part, stopAll([part.component], timeoutMs, { clock, logger }))
  }

  async #undo(): Promise<void> {
    const { before, after, clock, logger, timeoutMs } = this.#options
    await stopAll(
      this.#started.map(({ component }) => component),
      timeoutMs,
      { clock, logger },
    )
    for (const part of this.#stopped.keys()) {
      try {
        const component = part.renew()
        const exporter = before.parts.exporters.get(part.id)
        if (exporter?.part === part) void exporter.slot.replace(exporter.part.component)
        await component.start?.()
      } catch (error) {
        logger.error(
          { component: part.id, ...faultOf(error) },
          'it could not be started again after a reload that failed; restart the sidecar',
        )
      }
    }
    before.servers.control.component.serve(before.parts.http.routes)
    if (before.parts.http !== after.parts.http) await after.parts.http.routes.close()
    await discardParts(after.parts, before.parts)
  }
}

type PartsByKind = ReturnType<typeof partsOf>

const listens = ({ component }: Part<Running>): boolean => component.listening !== undefined

const partsOf = ({ parts, servers }: Generation) => ({
  receivers: [...parts.receivers.values()],
  processors: [...parts.processors.values()],
  connectors: [...parts.connectors.values()].map(({ part }) => part),
  exporters: [...parts.exporters.values()].map(({ part }) => part),
  extensions: [...parts.extensions.values()],
  servers: servers.parts,
})

function difference(all: ReturnType<typeof partsOf>, others: ReturnType<typeof partsOf>) {
  const without = <T extends Running>(parts: readonly Part<T>[], known: readonly Part<T>[]) =>
    parts.filter((part) => !known.includes(part))
  return {
    receivers: without(all.receivers, others.receivers),
    processors: without(all.processors, others.processors),
    connectors: without(all.connectors, others.connectors),
    exporters: without(all.exporters, others.exporters),
    extensions: without(all.extensions, others.extensions),
    servers: all.servers.filter((part) => !others.servers.includes(part)),
  }
}
